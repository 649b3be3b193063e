"""Names in Kubernetes and of images, as the cluster would refuse them much later."""

import re

from pipeline.placement.values import text

_PART = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DOTTED = rf"{_PART}(\.{_PART})*"
_SHORT = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_HOST = r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]+)?"
_REPOSITORY = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_NAME = "must be a name of Kubernetes: small letters, digits, - and ., as in biotune-s3"
Name = text(_DOTTED, _NAME, longest=253)
Queue = text(
    _DOTTED, "must be a LocalQueue's name: small letters, digits, - and ., at most 63", longest=63
)
# KFP names the pod's volume after the claim, and a volume's name has no dots.
Claim = text(
    _PART,
    "must be a claim's name: small letters, digits and -, at most 63",
    longest=63,
)
VolumeName = text(r"[a-z][a-z0-9_]*", "must be small letters, digits and _, as in data")
LabelKey = text(
    rf"({_DOTTED}/)?{_SHORT}", "must be a label's key, as in example.com/gpu-class", longest=317
)
LabelValue = text(
    rf"({_SHORT})?",
    "must be a label's value: at most 63 letters, digits, -, _ and ., the first and last no sign",
)
SecretKey = text(
    r"[-._A-Za-z0-9]+", "must be a key in the Secret: letters, digits, -, _ and .", longest=253
)
Region = text(r"[A-Za-z0-9][-A-Za-z0-9]*", "must be a region's name, as in us-east-1")
Tag = text(_TAG, "must be an image's tag, as in 0.1.0")
Resource = text(
    rf"{_DOTTED}/{_SHORT}", "must be the device plugin's resource, as in nvidia.com/gpu"
)
_EXAMPLE = "as in registry.example.com/biotune"


def _no_scheme(value: str) -> None:
    if value.startswith("docker:") or re.match(r"https?:", value):
        raise ValueError(f"must not have a scheme, {_EXAMPLE}")


Registry = text(
    rf"|{_HOST}(/{_REPOSITORY})*",
    f"must be a host and a path without scheme, tag or last slash, {_EXAMPLE}",
    _no_scheme,
)
Image = text(
    rf"({_HOST}/)?{_REPOSITORY}(/{_REPOSITORY})*(:{_TAG})?(@sha256:[0-9a-f]{{64}})?",
    "must be an image, as in registry.example.com/me/tuner:3",
)
