"""The environment of the steps, whatever makes their pods."""

from pipeline.placement.data import S3
from pipeline.placement.profile import Profile


def plain(profile: Profile) -> dict[str, str]:
    """Variables with a value that is no secret."""
    s3 = profile.s3
    ours = {
        "BIOTUNE_RUNS": profile.runs.rstrip("/"),
        "AWS_ENDPOINT_URL": s3 and s3.endpoint,
        "AWS_REGION": s3 and s3.region,
    }
    given = {**profile.env, **ours}
    return {name: value for name, value in given.items() if value or name in profile.env}


def s3_keys(s3: S3) -> dict[str, str]:
    """The variables with the keys for S3, by what the Secret calls them."""
    keys = s3.keys
    variables = {keys.access_key: "AWS_ACCESS_KEY_ID", keys.secret_key: "AWS_SECRET_ACCESS_KEY"}
    if keys.session_token:
        variables[keys.session_token] = "AWS_SESSION_TOKEN"
    return variables
