"""What a CRD's schema leaves to rules, and to what the server knows of every object's metadata."""

import re
from collections.abc import Callable
from typing import Any

IMMUTABLE = "self == oldSelf"
URI = "^[A-Za-z][A-Za-z0-9+.-]*://.+$"
POLICIES = ("torch", "mpi", "jax", "xgboost", "flux")
MANAGERS = ("trainer.kubeflow.org/trainjob-controller", "kueue.x-k8s.io/multikueue")
# Rules in CEL, as they are written, and the same in Python.
RULES: dict[str, Callable[[Any], bool]] = {
    "self >= 1": lambda value: value >= 1,
    f"self == '' || self.matches('{URI}')": lambda value: not value or bool(re.search(URI, value)),
    f"self in ['{MANAGERS[0]}', '{MANAGERS[1]}']": lambda value: value in MANAGERS,
    "has(self.lastUpdatedTime)": lambda value: "lastUpdatedTime" in value,
    "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')": lambda value: bool(
        re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", value["metadata"].get("name", ""))
    ),
    "size(self.metadata.name) <= 63": lambda value: len(value["metadata"].get("name", "")) <= 63,
    "!self.exists(c, c == 'node')": lambda value: "node" not in value,
    "[has(self.torch), has(self.mpi), has(self.jax), has(self.xgboost),has(self.flux)].filter(x, "
    "x).size() <= 1": lambda value: sum(policy in value for policy in POLICIES) <= 1,
    "self.templates.all(t, !has(t.metadata.namespace) || size(t.metadata.namespace) == 0)": (
        lambda value: not any(t.get("metadata", {}).get("namespace") for t in value["templates"])
    ),
    "!(has(self.startupPolicy) && self.startupPolicy.startupPolicyOrder == 'InOrder' && "
    "self.replicatedJobs.exists(x, has(x.dependsOn)))": lambda value: (
        not (
            value.get("startupPolicy", {}).get("startupPolicyOrder") == "InOrder"
            and any("dependsOn" in job for job in value.get("replicatedJobs", ()))
        )
    ),
}
_LABEL = r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)"
_DOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_KEYS = {"pattern": rf"^({_DOMAIN}/)?{_LABEL}\Z"}
_NAME = {"type": "string", "pattern": rf"^{_DOMAIN}\Z", "maxLength": 253}
_LABELS = {"type": "string", "pattern": rf"^{_LABEL}?\Z"}
METADATA = {  # the server's own description of an object's metadata, which no CRD repeats
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": _NAME,
        "labels": {"type": "object", "propertyNames": _KEYS, "additionalProperties": _LABELS},
        "annotations": {
            "type": "object",
            "propertyNames": _KEYS,
            "additionalProperties": {"type": "string"},
        },
        "ownerReferences": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["apiVersion", "kind", "name", "uid"],
                "additionalProperties": False,
                "properties": {
                    **{key: {"type": "string"} for key in ("apiVersion", "kind", "name", "uid")},
                    **{key: {"type": "boolean"} for key in ("controller", "blockOwnerDeletion")},
                },
            },
        },
        "finalizers": {"type": "array", "items": {"type": "string"}},
        **{key: {"type": "string"} for key in ("namespace", "uid", "resourceVersion")},
        "generation": {"type": "integer"},
        "creationTimestamp": {"type": "string", "format": "date-time"},
        "deletionTimestamp": {"type": "string", "format": "date-time"},
        "deletionGracePeriodSeconds": {"type": "integer"},
        "managedFields": {"type": "array"},
    },
}
