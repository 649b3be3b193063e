"""What a cluster with Kubeflow Trainer refuses: objects held strictly against its own CRDs.

Held to are types, formats, required keys, enums, patterns, bounds, the unique keys of lists, and
names and labels in metadata. A key that the schema does not have is an error, where a lenient
server would silently drop it. Of the rules in CEL those in `RULES` hold, which is all of them but
`self == oldSelf`: that one speaks of updates, and we make none. A rule that is neither is an error,
so that a newer CRD does not bring one unseen.

What only the webhooks of Trainer, JobSet and Kubernetes know is not here: above all whether a
runtime has the container that a patch names.
"""

import copy
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from tests.crd_rules import IMMUTABLE, METADATA, RULES

FOLDER = Path(__file__).parent / "data" / "crds"
FILES = {"TrainJob": "trainjobs.yaml", "TrainingRuntime": "trainingruntimes.yaml"}
GROUP, VERSION = "trainer.kubeflow.org", "v1alpha1"
FORMATS = FormatChecker(())


def errors(manifest: Any) -> list[str]:
    """What a server would refuse an object for, a line each with the path to it; [] for nothing."""
    kind = manifest.get("kind") if isinstance(manifest, dict) else None
    if kind not in FILES or manifest.get("apiVersion") != f"{GROUP}/{VERSION}":
        return [f"kind={kind}: must be one of {', '.join(FILES)} of {GROUP}/{VERSION}"]
    checker = _Checker(schema(kind), format_checker=FORMATS)
    found = sorted(checker.iter_errors(manifest), key=lambda error: list(map(str, error.path)))
    return [f"{_dotted(error.absolute_path)}: {error.message[-200:]}" for error in found]


def defaulted(manifest: dict[str, Any]) -> dict[str, Any]:
    """The object as a server keeps it: with the schema's defaults filled in."""
    filled = copy.deepcopy(manifest)
    _fill(schema(manifest["kind"]), filled)
    return filled


@cache
def schema(kind: str) -> dict[str, Any]:
    """The structural schema of a kind, closed: what it does not name may not be there."""
    text = (FOLDER / FILES[kind]).read_text(encoding="utf-8")
    crd = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    (version,) = (each for each in crd["spec"]["versions"] if each["name"] == VERSION)
    whole = _closed(version["schema"]["openAPIV3Schema"])
    whole["properties"]["metadata"] = METADATA
    return {**whole, "required": [*whole.get("required", ()), "metadata", "spec"]}


def _closed(part: dict[str, Any]) -> dict[str, Any]:
    part = dict(part)
    if "properties" in part:
        part["properties"] = {name: _closed(at) for name, at in part["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            part[key] = _closed(part[key])
    open_ = part.get("x-kubernetes-preserve-unknown-fields")
    if part.get("type") == "object" and not open_:
        part.setdefault("additionalProperties", False)
    if "pattern" in part:  # Python's $ lets a newline follow, the server's does not
        part["pattern"] = re.sub(r"\$$", r"\\Z", part["pattern"])
    return part


def _ruled(checker: Any, rules: list[dict[str, str]], value: Any, _: Any) -> Iterator[Any]:
    for rule in rules:
        written = " ".join(rule["rule"].split())
        if written == IMMUTABLE:
            continue
        try:
            held = RULES[written](value)
        except (TypeError, AttributeError, KeyError) as error:
            if written not in RULES:
                raise LookupError(f"no such rule is known here: {written}") from error
            continue  # of another type than the rule speaks of, which is told elsewhere
        if not held:
            yield ValidationError(rule.get("message", written))


def _unique(checker: Any, kind: str, value: Any, part: dict[str, Any]) -> Iterator[Any]:
    if not isinstance(value, list):
        return
    keys = part.get("x-kubernetes-list-map-keys", ())
    items = [item for item in value if isinstance(item, dict)] if kind == "map" else value
    seen = [tuple(item.get(key) for key in keys) if kind == "map" else item for item in items]
    if kind in ("map", "set") and len(seen) != len({repr(each) for each in seen}):
        yield ValidationError(f"holds one twice, by {', '.join(keys) or 'value'}")


_Checker = validators.extend(
    Draft202012Validator,
    {"x-kubernetes-validations": _ruled, "x-kubernetes-list-type": _unique},
)


@FORMATS.checks("date-time", ValueError)
def _is_time(value: Any) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("int32")
def _is_int32(value: Any) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@FORMATS.checks("int64")
def _is_int64(value: Any) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _fill(part: dict[str, Any], value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _fill(part.get("items", {}), item)
    if not isinstance(value, dict):
        return
    for name, below in part.get("properties", {}).items():
        if "default" in below and name not in value:
            value[name] = copy.deepcopy(below["default"])
        _fill(below, value.get(name))


def _dotted(path: Any) -> str:
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path).lstrip(".") or "."
