"""Mistakes in what steps ask for, with the line that tells each: sizes, times, GPUs, nodes."""

QUANTITY = "must be a Kubernetes quantity without fraction, as in 32Gi"
CPUS = "must be CPUs or thousandths of one, as in 2, 1.5 or 500m"
TIME = "must be a whole number with a unit (s m h d w), as in 30s or 24h"
LABEL_KEY = "must be a label's key, as in example.com/gpu-class"
NO_PODS = "KFP can't place a pod by other pods; use nodeAffinity, or taints and tolerations"
NODE = "nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [%s]}}"
NODE_KEYS = (
    "steps.all.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
    ".nodeSelectorTerms[0]"
)


def steps(keys, step="all"):
    return f"steps: {{{step}: {{{keys}}}}}"


def tolerating(keys):
    return steps(f"tolerations: [{{{keys}}}]")


def near(term):
    return steps(f"affinity: {{{NODE % term}}}")


BROKEN = {
    # quantities
    steps("memory: 12GG", "finetune"): f"steps.finetune.memory=12GG: {QUANTITY}",
    steps("memory: 1.5Gi"): f"steps.all.memory=1.5Gi: {QUANTITY}",
    steps("memory: 32GB"): f"steps.all.memory=32GB: {QUANTITY}",
    steps("memory: 400m"): f"steps.all.memory=400m: {QUANTITY}",
    steps("memory: 32 Gi"): f"steps.all.memory=32 Gi: {QUANTITY}",
    steps(
        "memory: 32"
    ): "steps.all.memory=32: must be at least 64Mi; 32 is bytes, did you mean 32Gi?",
    steps("cpu: two"): f"steps.all.cpu=two: {CPUS}",
    steps("cpu: -1"): f"steps.all.cpu=-1: {CPUS}",
    steps("cpu: 0"): "steps.all.cpu=0: must be above 0",
    steps("cpu: 0.0001"): f"steps.all.cpu=0.0001: {CPUS}",
    steps("cpu: yes"): 'steps.all.cpu=yes: must be text: quote it, as in "yes"',
    steps("shm: 8Gi, memory: 4Gi"): (
        "steps.all.shm=8Gi: must be below memory (4Gi for preflight), as it counts against it"
    ),
    "steps: {all: {memory: 4Gi}, finetune: {shm: 4096Mi}}": (
        "steps.finetune.shm=4096Mi: must be below memory (4Gi for finetune), as it counts "
        "against it"
    ),
    # durations and retries
    steps("timeout: 90"): f"steps.all.timeout=90: {TIME}",
    steps("timeout: 1:30"): f"steps.all.timeout=1:30: {TIME}",
    steps("timeout: 10ms"): f"steps.all.timeout=10ms: {TIME}",
    steps("timeout: 0s"): "steps.all.timeout=0s: must be above 0",
    steps("retries: {count: -1}"): "steps.all.retries.count=-1: must be at least 0",
    steps("retries: {count: 2.5}"): "steps.all.retries.count=2.5: must be a whole number",
    steps("retries: 3"): ("steps.all.retries=3: must be a mapping of count, delay, factor, limit"),
    steps("retries: {delay: 5s}"): "steps.all.retries.count: must be given",
    steps("retries: {count: 2, delay: 2h, limit: 1h}"): (
        "steps.all.retries.delay=2h: must not be above limit, 1h"
    ),
    steps("retries: {count: 2, factor: 0}"): "steps.all.retries.factor=0: must be at least 1",
    # GPUs
    "gpu: {count: two}": "gpu.count=two: must be a whole number",
    "gpu: {count: -1}": "gpu.count=-1: must be at least 0",
    "gpu: {count: 1.5}": "gpu.count=1.5: must be a whole number",
    "gpu: {resource: gpu}": (
        "gpu.resource=gpu: must be the device plugin's resource, as in nvidia.com/gpu"
    ),
    "gpu: 2": "gpu=2: must be a mapping of resource, count",
    steps("gpu: 1", "finetune"): (
        "steps.finetune.gpu: is no key: evaluate alone takes it; the number for finetune is "
        "gpu.count"
    ),
    # nodes
    steps("node_selector: {ssd: true}"): (
        'steps.all.node_selector.ssd=true: must be text: quote it, as in "true"'
    ),
    steps("node_selector: {a b: x}"): f"steps.all.node_selector.a b: {LABEL_KEY}",
    steps("node_selector: {zone: a/b}"): (
        "steps.all.node_selector.zone=a/b: must be a label's value: at most 63 letters, digits, "
        "-, _ and ., the first and last no sign"
    ),
    steps("node_selector: [gpu]"): "steps.all.node_selector: must be a mapping",
    tolerating("key: gpu, operator: Exists, value: a"): (
        "steps.all.tolerations[0].value=a: must be left out with operator Exists"
    ),
    tolerating("key: gpu, operator: In"): (
        "steps.all.tolerations[0].operator=In: must be 'Exists' or 'Equal'"
    ),
    tolerating("value: a"): (
        "steps.all.tolerations[0].key: must be given, unless operator is Exists (every taint)"
    ),
    tolerating("key: gpu, effect: Never"): (
        "steps.all.tolerations[0].effect=Never: must be 'NoSchedule', 'PreferNoSchedule' or "
        "'NoExecute'"
    ),
    tolerating("key: gpu, effect: NoSchedule, tolerationSeconds: 5"): (
        "steps.all.tolerations[0].tolerationSeconds=5: is for the effect NoExecute alone"
    ),
    tolerating("key: gpu, toleration_seconds: 5"): (
        "steps.all.tolerations[0].toleration_seconds: is no key here; "
        "did you mean tolerationSeconds?"
    ),
    steps("tolerations: {key: gpu}"): "steps.all.tolerations: must be a list",
    steps("affinity: {podAntiAffinity: {}}"): (
        f"steps.all.affinity.podAntiAffinity: is no key: {NO_PODS}"
    ),
    steps("affinity: {nodeAffinity: {required: {}}}"): (
        "steps.all.affinity.nodeAffinity.required: is no key here; there are "
        "requiredDuringSchedulingIgnoredDuringExecution, "
        "preferredDuringSchedulingIgnoredDuringExecution"
    ),
    near("{}"): (
        f"{NODE_KEYS}: must hold matchExpressions or matchFields: empty, it matches no node"
    ),
    near("{matchExpressions: [{key: a, operator: In}]}"): (
        f"{NODE_KEYS}.matchExpressions[0].values: must be given with operator In"
    ),
    near("{matchExpressions: [{key: a, operator: Exists, values: [b]}]}"): (
        f"{NODE_KEYS}.matchExpressions[0].values: must be left out with operator Exists"
    ),
    near("{matchExpressions: [{key: a, operator: Gt, values: [b]}]}"): (
        f'{NODE_KEYS}.matchExpressions[0].values: must be one whole number with Gt, as ["8"]'
    ),
}
