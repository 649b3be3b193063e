"""Slips in a TrainJob that a change of ours could make: where, and what stands there then."""

SPEC = ("spec", "runtimePatches", 0, "trainingRuntimeSpec", "template", "spec")
POD = (*SPEC, "replicatedJobs", 0, "template", "spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
BROKEN = {
    "no runtime": (("spec", "runtimeRef"), {}),
    "runtime by another key": (("spec", "runtimeRef", "group"), "trainer.kubeflow.org"),
    "nodes as text": (("spec", "trainer", "numNodes"), "3"),
    "no process": (("spec", "trainer", "numProcPerNode"), 0),
    "processes by themselves": (("spec", "trainer", "numProcPerNode"), "auto"),
    "no time": (("spec", "activeDeadlineSeconds"), 0),
    "time as text": (("spec", "activeDeadlineSeconds"), "24h"),
    "memory of another kind": (
        ("spec", "trainer", "resourcesPerNode", "limits", "memory"),
        "64 GB",
    ),
    "resources in the patch": ((*CONTAINER, "resources"), {"limits": {"cpu": 1}}),
    "a pull policy": ((*CONTAINER, "imagePullPolicy"), "Always"),
    "an image in the patch": ((*CONTAINER, "image"), "x"),
    "a command in one piece": (("spec", "trainer", "command"), "tini -g -- python3"),
    "a variable twice": (("spec", "trainer", "env", 0, "name"), "BIOTUNE_RUN"),
    "a number for a variable": (("spec", "trainer", "env", 0, "value"), 8),
    "a secret without its key": (
        ("spec", "trainer", "env", 0, "valueFrom"),
        {"secretKeyRef": {"name": "biotune-s3"}},
    ),
    "one volume at two places": ((*CONTAINER, "volumeMounts", 1, "name"), "biotune-data"),
    "a mount without a path": ((*CONTAINER, "volumeMounts", 0), {"name": "biotune-data"}),
    "a claim by its name alone": ((*POD, "volumes", 0, "persistentVolumeClaim"), "biotune-data"),
    "restarts in the pod": ((*POD, "restartPolicy"), "OnFailure"),
    "a class of priority": ((*POD, "priorityClassName"), "high"),
    "pull secrets by name": ((*POD, "imagePullSecrets"), ["registry-credentials"]),
    "a toleration of text": ((*POD, "tolerations", 1, "tolerationSeconds"), "60"),
    "no patience": ((*POD, "terminationGracePeriodSeconds"), -1),
    "a patch by nobody": (("spec", "runtimePatches", 0, "manager"), ""),
    "labels beside the metadata": (("spec", "labels"), {"a": "b"}),
    "the older form of a patch": (("spec", "podTemplateOverrides"), []),
    "a label with a blank": (("metadata", "labels", "kueue.x-k8s.io/queue-name"), "a b"),
    "a name with a dot": (("metadata", "name"), "biotune.1"),
    "a name too long": (("metadata", "name"), "b" * 64),
}
