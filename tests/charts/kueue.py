"""The part of Kueue's objects that the chart writes, since Kubernetes has no schema of them."""


def _closed(required=(), **properties):
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


TEXT = {"type": "string", "minLength": 1}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
METADATA = _closed(["name", "labels"], name=TEXT, namespace=TEXT, labels=LABELS)
RESOURCE = _closed(["name", "nominalQuota"], name=TEXT, nominalQuota=TEXT)
FLAVOR = _closed(
    ["name", "resources"],
    name=TEXT,
    resources={"type": "array", "minItems": 1, "maxItems": 16, "items": RESOURCE},
)
GROUP = _closed(
    ["coveredResources", "flavors"],
    coveredResources={"type": "array", "minItems": 1, "maxItems": 16, "items": TEXT},
    flavors={"type": "array", "minItems": 1, "maxItems": 16, "items": FLAVOR},
)
TOLERATION = _closed(
    key=TEXT,
    operator={"enum": ["Exists", "Equal"]},
    value={"type": "string"},
    effect={"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
    tolerationSeconds={"type": "integer"},
)


def _kind(spec, *required):
    return _closed(
        ["apiVersion", "kind", "metadata", *required],
        apiVersion={"enum": ["kueue.x-k8s.io/v1beta1", "kueue.x-k8s.io/v1beta2"]},
        kind=TEXT,
        metadata=METADATA,
        spec=spec,
    )


SCHEMAS = {
    "LocalQueue": _kind(_closed(["clusterQueue"], clusterQueue=TEXT), "spec"),
    "ClusterQueue": _kind(
        _closed(
            ["namespaceSelector", "resourceGroups"],
            namespaceSelector=_closed(matchLabels=LABELS),
            resourceGroups={"type": "array", "minItems": 1, "maxItems": 16, "items": GROUP},
        ),
        "spec",
    ),
    "ResourceFlavor": _kind(
        _closed(nodeLabels=LABELS, tolerations={"type": "array", "items": TOLERATION})
    ),
}
