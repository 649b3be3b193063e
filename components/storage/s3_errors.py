"""What an S3 server or its client says, as one line: what, why, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from components.failures import Failure, InputError, ServiceError
from components.redaction import redacted
from components.storage.address import shown

_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE)"
_MISSING = "no such object; check bucket, key and AWS_ENDPOINT_URL"
_DENIED = (  # Amazon says so of a missing object, too, to those who may not list
    f"access denied, or no such object; check the name and the rights of the account behind {_KEYS}"
)
REPLACED = "the object is not the one that was checked before; run again from the start"
_REGION = "wrong region for this bucket; set AWS_REGION"
_EXPIRED = "the session token is refused or has expired; renew AWS_SESSION_TOKEN and its keys"
_REFUSALS = {
    "404": _MISSING,
    "NotFound": _MISSING,
    "NoSuchKey": _MISSING,
    "NoSuchBucket": "no such bucket; check its name and AWS_ENDPOINT_URL",
    "InvalidBucketName": "this is no valid bucket name",
    "403": _DENIED,
    "Forbidden": _DENIED,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "InvalidAccessKeyId": f"the access key is unknown to the server; check {_KEYS}",
    "SignatureDoesNotMatch": f"the secret key is wrong; check {_KEYS}",
    "ExpiredToken": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it",
    "412": REPLACED,
    "PreconditionFailed": REPLACED,
    "301": _REGION,
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "InvalidObjectState": "the object is archived; restore it first",
}
_BUSY = {"SlowDown", "Throttling", "ThrottlingException", "RequestTimeout", "TooManyRequests"}
_CREDENTIALS = (
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.RefreshWithMFAUnsupportedError,
    boto.MetadataRetrievalError,
    boto.InfiniteLoopConfigError,
    boto.UnknownCredentialError,
)
_ENDPOINT = (
    boto.EndpointProviderError,
    boto.InvalidHostLabelError,
    boto.InvalidEndpointConfigurationError,
    ResponseParserError,
)
_UNREACHABLE = (
    boto.ConnectionError,
    boto.HTTPClientError,
    boto.IncompleteReadError,
    boto.FlexibleChecksumError,
)
_EXPECTED = (boto.ClientError, boto.BotoCoreError, ResponseParserError)


@contextmanager
def as_failures(uri: str, also: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turns what boto raises into an `InputError` or a `ServiceError` that names `uri`."""
    try:
        yield
    except (*_EXPECTED, *_UNREACHABLE, *also) as error:
        raise failure(error, uri) from error


def failure(error: Exception, uri: str) -> Failure:
    """The failure to raise for an exception of boto."""
    if isinstance(error, boto.ClientError):
        kind, reason = _of_answer(error)
    else:
        kind, reason = _of_client(error)
    return kind(f"{shown(uri)}: {reason}")


def status(error: boto.ClientError) -> int:
    """The HTTP status, or 0."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code(error: boto.ClientError) -> str:
    """The S3 error code, such as "NoSuchBucket"."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def has_expired(error: boto.ClientError) -> bool:
    """Whether credentials that were good may be so no more."""
    return _REFUSALS.get(code(error)) == _EXPIRED


def _of_answer(error: boto.ClientError) -> tuple[type[Failure], str]:
    said, http = code(error), status(error)
    if said in _REFUSALS:
        return InputError, f"{_REFUSALS[said]} (S3: {said})"
    if said in _BUSY or http == 429 or http >= 500:
        reason = "the S3 server can't serve now; try again later, or check AWS_ENDPOINT_URL"
        return ServiceError, f"{reason} (S3: {said})"
    message = _without_secrets(str(error.response.get("Error", {}).get("Message", "")))
    return InputError, f"the S3 server refuses (S3: {said}, HTTP {http}: {message})"


def _of_client(error: Exception) -> tuple[type[Failure], str]:
    said = _without_secrets(str(error))
    match error:
        case boto.NoCredentialsError():
            return InputError, f"no S3 credentials are set; set {_KEYS}"
        case boto.PartialCredentialsError():
            return InputError, f"half of the S3 credentials is missing; set {_KEYS}"
        case boto.ProfileNotFound():
            return InputError, f"{said}; check AWS_PROFILE and ~/.aws/config"
        case boto.ConfigParseError() | boto.ConfigNotFound():
            return InputError, f"{said}; check AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"
        case boto.NoRegionError() | boto.InvalidRegionError():
            return InputError, f"no valid S3 region is set ({said}); set AWS_REGION"
        case boto.ParamValidationError():
            return InputError, "bucket or key is not valid; write s3://bucket/key"
        case boto.SSLError():
            return (
                InputError,
                f"{_server(error)} fails at TLS; check AWS_ENDPOINT_URL, AWS_CA_BUNDLE",
            )
        case boto.ProxyConnectionError():
            return ServiceError, "the proxy can't be reached; check HTTPS_PROXY and HTTP_PROXY"
    if isinstance(error, _CREDENTIALS):
        return InputError, f"S3 credentials can't be had ({said}); check AWS_PROFILE or log in"
    if isinstance(error, _UNREACHABLE):
        name = type(error).__name__
        return ServiceError, f"{_server(error)} can't be reached ({name}); check AWS_ENDPOINT_URL"
    if isinstance(error, _ENDPOINT) or "endpoint" in said.lower():
        return (
            InputError,
            f"this is no S3 server or no address of one ({said}); check AWS_ENDPOINT_URL",
        )
    if isinstance(error, ValueError):
        return InputError, f"an AWS setting is not valid ({said}); check the AWS_ variables"
    return Failure, f"the S3 client gave up ({type(error).__name__}: {said})"


def _server(error: Exception) -> str:
    url = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", "")))
    return f"the S3 server {url.scheme}://{url.netloc.rpartition('@')[2]}" if url.netloc else "S3"


def _without_secrets(text: str) -> str:
    return " ".join(redacted(text).split())[:300]
