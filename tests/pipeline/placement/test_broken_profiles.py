"""Every mistake in a profile is told in one line: the file, the key, the value, the fix."""

import pytest

from components.failures import Findings, InputError
from pipeline.placement import load

QUANTITY = "must be a Kubernetes quantity without fraction, as in 32Gi"
CPUS = "must be CPUs or thousandths of one, as in 2, 1.5 or 500m"
TIME = "must be a whole number with a unit (s m h d w), as in 30s or 24h"
NAME = "must be a name of Kubernetes: small letters, digits, - and ., as in biotune-s3"
LABEL_KEY = "must be a label's key, as in example.com/gpu-class"
IMAGE = "must be an image, as in registry.example.com/me/tuner:3"
REGISTRY = (
    "must be a host and a path without scheme, tag or last slash, "
    "as in registry.example.com/biotune"
)
SECRET = (
    "looks like a secret, and a profile holds none; put it into a Secret of the namespace and "
    "name that under secrets (S3's keys: s3.secret)"
)
CLAIM = "must be a claim's name: small letters, digits and -, at most 63"
ADMIN = "KFP can't set it; docs/placement.md says what an admin does instead"
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


def mounting(*volumes):
    named = (f"v{i}: {{claim: {claim}, path: {path}}}" for i, (claim, path) in enumerate(volumes))
    return f"volumes: {{{', '.join(named)}}}"


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
    steps("retries: 3"): "steps.all.retries=3: must be a mapping",
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
    "gpu: 2": "gpu=2: must be a mapping",
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
    # images
    "images: {tag: 1.10}": 'images.tag=1.10: must be text: quote it, as in "1.10"',
    'images: {tag: "a b"}': "images.tag=a b: must be an image's tag, as in 0.1.0",
    "images: {registry: https://registry.example.com/x}": (
        f"images.registry=https://registry.example.com/x: {REGISTRY}"
    ),
    "images: {registry: registry.example.com/x/}": (
        f"images.registry=registry.example.com/x/: {REGISTRY}"
    ),
    "images: {steps: {finetune: 'Me/Tuner:3'}}": f"images.steps.finetune=Me/Tuner:3: {IMAGE}",
    "images: {steps: {tune: me/tuner:3}}": (
        "images.steps.tune: must be 'preflight', 'load-checkpoint', 'finetune', 'evaluate', "
        "'promote', 'summarize' or 'report-failures'"
    ),
    "images: {pull_policy: Sometimes}": (
        "images.pull_policy=Sometimes: must be 'Always', 'IfNotPresent' or 'Never'"
    ),
    "images: {pull_secrets: [A_b]}": f"images.pull_secrets[0]=A_b: {NAME}",
    "images: {pull_secrets: [a, a]}": ("images.pull_secrets[1]=a: is there already; name it once"),
    # volumes
    mounting(("a.b", "/data")): f"volumes.v0.claim=a.b: {CLAIM}",
    mounting(("a", "data")): (
        "volumes.v0.path=data: must be an absolute path without colon and blank"
    ),
    mounting(("a", "/data/")): (
        "volumes.v0.path=/data/: must be an absolute path without //, .. and a last slash, as in "
        "/data"
    ),
    mounting(("a", "/tmp/x")): (
        "volumes.v0.path=/tmp/x: must not lie in /tmp, which is taken; mount at /data, say"
    ),
    mounting(("a", "/kfp-launcher")): (
        "volumes.v0.path=/kfp-launcher: must not lie in /kfp-launcher, which is taken; mount at "
        "/data, say"
    ),
    mounting(("a", "/data"), ("b", "/data/cache")): (
        "volumes.v1.path=/data/cache: must not be, hold or lie in the path of v0, /data"
    ),
    mounting(("a", "/data"), ("a", "/cache")): (
        "volumes.v1.claim=a: is mounted as v0; mount it once"
    ),
    mounting(("biotune-shm", "/data")): (
        "volumes.v0.claim=biotune-shm: is the name of a volume of biotune's own"
    ),
    "volumes: {data: {claim: a, path: /data, read_only: true}}": (
        "volumes.data.read_only: is no key: KFP mounts claims for writing; make the claim itself "
        "ReadOnlyMany"
    ),
    "volumes: {my-data: {claim: a, path: /data}}": (
        "volumes.my-data: must be small letters, digits and _, as in data"
    ),
    "volumes: {data: {path: /data}}": "volumes.data.claim: must be given",
    # S3 and secrets
    "s3: {endpoint: s3.example.com}": (
        "s3.endpoint=s3.example.com: must begin with http:// or https://, as https://s3.example.com"
    ),
    "s3: {endpoint: 'https://key:hush@s3.example.com'}": (
        "s3.endpoint=https://***@s3.example.com: holds credentials, and a profile holds none; "
        "take them out"
    ),
    "s3: {endpoint: 'https://s3.example.com/bucket'}": (
        "s3.endpoint=https://s3.example.com/bucket: must be scheme, host and port alone, as in "
        "https://s3.example.com:9000"
    ),
    "s3: {secret: My_Secret}": f"s3.secret=My_Secret: {NAME}",
    "s3: {secret_key: hush}": "s3.secret_key: is no key here; did you mean secret?",
    "s3: {keys: {access_key: id}}": (
        "s3.secret: must be given with keys, which are of that Secret"
    ),
    "env: {WANDB_API_KEY: hush}": f"env.WANDB_API_KEY: {SECRET}",
    "env: {proxy: 'http://me:hush@proxy.example.com'}": (
        "env.proxy: holds credentials, and a profile holds none; take them out"
    ),
    "env: {DEBUG: on}": 'env.DEBUG: must be text: quote it, as in "on"',
    "env: {1A: x}": (
        "env.1A: must be the name of an environment variable: letters, digits and _, as in "
        "OMP_NUM_THREADS"
    ),
    "env: {BIOTUNE_RUN: x}": "env.BIOTUNE_RUN: is set by biotune; take another name",
    "env: {AWS_REGION: x}": "env.AWS_REGION: must not be set here; set s3.region",
    "{env: {A: x}, secrets: {A: {secret: s, key: k}}}": (
        "secrets.A: is in env too; keep one of them"
    ),
    "{s3: {secret: s}, secrets: {AWS_SESSION_TOKEN: {secret: s, key: k}}}": (
        "secrets.AWS_SESSION_TOKEN: comes from s3.secret; keep one of them"
    ),
    # the rest
    "service_account: Bio": f"service_account=Bio: {NAME}",
    "kueue: {queue: a b}": (
        "kueue.queue=a b: must be the name of a LocalQueue of at most 63 characters"
    ),
    "security: {user: 0, non_root: true}": (
        "security.user=0: is root, which non_root refuses; change one of them"
    ),
    "security: {non_root: 1}": "security.non_root=1: must be true or false",
    "security: {readOnlyRootFilesystem: true}": (
        f"security.readOnlyRootFilesystem: is no key: {ADMIN}"
    ),
    "runs: https://example.com/runs": (
        "runs=https://example.com/runs: must be a prefix, as in s3://bucket/biotune/runs, or a "
        "path on a volume of the profile"
    ),
    "runs: /data/runs": "runs=/data/runs: must lie on one of the volumes, to outlast the pod",
    "runs: [s3://bucket]": "runs: must be text",
    "parallelism: -1": "parallelism=-1: must be at least 0",
    "stepz: {}": "stepz: is no key here; did you mean steps?",
    "steps: {finetuning: {}}": "steps.finetuning: is no key here; did you mean finetune?",
    steps("memry: 4Gi"): "steps.all.memry: is no key here; did you mean memory?",
    "steps: {all: {cpu: 1, cpu: 2}}": "steps.all.cpu: is there twice; keep one",
    "{env: {}, env: {}}": "env: is there twice; keep one",
    "env: {1: x}": (
        "env.1: must be the name of an environment variable: letters, digits and _, as in "
        "OMP_NUM_THREADS"
    ),
    'env: {A: "a\\0b"}': "env.A: must not hold a null character",
}


def refused(tmp_path, content):
    file = tmp_path / "profile.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        load(file)
    assert "hush" not in str(caught.value)
    return str(caught.value).replace(str(file), "profile.yaml").splitlines()


@pytest.mark.parametrize(("content", "line"), BROKEN.items(), ids=BROKEN.values())
def test_a_mistake_is_one_line_with_the_key_the_value_and_the_fix(tmp_path, content, line):
    assert refused(tmp_path, content) == [f"profile.yaml: {line}"]


def test_all_mistakes_are_told_at_once(tmp_path):
    content = "gpu: {count: -1}\nimages: {tag: 1.10}\nkueue: {}\nsteps: {all: {a: 1, cpu: x}}\n"
    assert len(refused(tmp_path, content)) == 5


NO_PROFILE = {
    "a: [b": r"is no YAML at line 1: ",
    "a: 'b\n\nc": r"is no YAML at line 3: ",
    "a: b\n  c: d": r"is no YAML at line 2: mapping values are not allowed here",
    "a: 1\n---\nb: 2": r"is no YAML at line 2: but found another document",
    "a: &x [*x]\n*y : 1": r"is no YAML at line 2: found undefined alias",
    "runs: !!python/name:os.system ''": r"is no YAML at line 1: could not determine",
    "": "is empty; write keys like `runs: s3://...`, or {} for none",
    "# later\n": "is empty; write keys like `runs: s3://...`, or {} for none",
    "- a": "holds no mapping; write keys like `runs: s3://...`, or {} for none",
    "minimal": "holds no mapping; write keys like `runs: s3://...`, or {} for none",
    b"\xff\xfe\x00": "is no text in UTF-8; name a YAML file",
    b"a: \x00": "is no YAML",
    "? [a]\n: b": "is no YAML at line 1: found unhashable key",
    "runs: 2024-13-45": "is no YAML",
}


@pytest.mark.parametrize(("content", "line"), NO_PROFILE.items(), ids=repr)
def test_what_is_no_profile_at_all_is_one_line_too(tmp_path, content, line):
    (found,) = refused(tmp_path, content)
    assert found.startswith(f"profile.yaml: {line}")


def test_a_file_that_is_not_there_or_a_folder_is_told_with_its_path(tmp_path):
    for path, reason in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=reason) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: cannot be read (")
        assert not isinstance(caught.value, Findings)
