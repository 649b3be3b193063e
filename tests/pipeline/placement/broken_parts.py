"""Mistakes in all other parts of a profile: images, volumes, S3, secrets, and keys themselves."""

NAME = "must be a name of Kubernetes: small letters, digits, - and ., as in biotune-s3"
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


def steps(keys, step="all"):
    return f"steps: {{{step}: {{{keys}}}}}"


def mounting(*volumes):
    named = (f"v{i}: {{claim: {claim}, path: {path}}}" for i, (claim, path) in enumerate(volumes))
    return f"volumes: {{{', '.join(named)}}}"


BROKEN = {
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
    "s3: {secret: Hush/hush}": f"s3.secret: {NAME}",
    "s3: {secret: s, keys: {secret_key: hush/hush}}": (
        "s3.keys.secret_key: must be a key in the Secret: letters, digits, -, _ and ."
    ),
    "secrets: {MLFLOW_TRACKING_TOKEN: hush}": (
        "secrets.MLFLOW_TRACKING_TOKEN: must be a mapping of secret, key"
    ),
    "s3: {secret_key: hush}": "s3.secret_key: is no key here; did you mean secret?",
    "s3: {keys: {access_key: id}}": (
        "s3.secret: must be given with keys, which are of that Secret"
    ),
    "env: {WANDB_API_KEY: hush}": f"env.WANDB_API_KEY: {SECRET}",
    "env: {pgpassword: hush}": f"env.pgpassword: {SECRET}",
    "env: {proxy: 'http://me:hush@proxy.example.com'}": (
        "env.proxy: holds credentials, and a profile holds none; take them out"
    ),
    "env: {DEBUG: on}": "env.DEBUG: must be text: quote it",
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
        "kueue.queue=a b: must be a LocalQueue's name: small letters, digits, - and ., at most 63"
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
    # several nodes
    "nodes: 0": "nodes=0: must be at least 1",
    "nodes: two": "nodes=two: must be a whole number",
    "nodes: 4": (
        "nodes=4: needs runs, as nodes share nothing else; set runs: s3://bucket/biotune/runs"
    ),
    "{nodes: 2, runs: s3://bucket/runs, env: {PET_NNODES: '3'}}": (
        "env.PET_NNODES: is set by Kubeflow Trainer; take another name"
    ),
    "train_job: {nodes: 4}": (
        "train_job.nodes: is no key here; there are runtime, queue_timeout, silence"
    ),
    "train_job: {runtime: torch-distributed}": (
        "train_job.runtime=torch-distributed: must be a mapping of kind, name"
    ),
    "train_job: {runtime: {kind: Job}}": (
        "train_job.runtime.kind=Job: must be 'ClusterTrainingRuntime' or 'TrainingRuntime'"
    ),
    "train_job: {queue_timeout: 3}": (
        "train_job.queue_timeout=3: must be a whole number with a unit (s m h d w), as in 30s or "
        "24h"
    ),
    "train_job: {silence: 30s}": (
        "train_job.silence=30s: must be at least 2m: a task that is moved must be able to come back"
    ),
    "train_job: {pull_policy: Always}": (
        "train_job.pull_policy: is no key: a TrainJob can't set it; docs/placement.md says what to "
        "do instead"
    ),
    "stepz: {}": "stepz: is no key here; did you mean steps?",
    "steps: {finetuning: {}}": "steps.finetuning: is no key here; did you mean finetune?",
    steps("memry: 4Gi"): "steps.all.memry: is no key here; did you mean memory?",
    "steps: {all: {cpu: 1, cpu: 2}}": "steps.all.cpu: is there twice (lines 1 and 1); keep one",
    "{env: {}, env: {}}": "env: is there twice (lines 1 and 1); keep one",
    "env: {1: x}": (
        "env.1: must be the name of an environment variable: letters, digits and _, as in "
        "OMP_NUM_THREADS"
    ),
    'env: {A: "a\\0b"}': "env.A: must not hold a null character",
}
