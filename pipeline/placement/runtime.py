"""What KFP takes at run time, by the names of the pipeline's parameters.

One parameter for each thing that the profile says: what stands under `all` has its key's bare
name, what stands under a step has the step's name before it.
"""

import inspect
from functools import reduce
from typing import Any

from pipeline.placement.profile import Profile
from pipeline.placement.section import Keys
from pipeline.steps import STEPS

# By the parameter: where below the step its value stands.
PER_STEP: dict[str, Keys] = {
    "cpu": ("cpu",),
    "memory": ("memory",),
    "node_selector": ("node_selector",),
    "tolerations": ("tolerations",),
    "node_affinity": ("affinity", "nodeAffinity"),
}


def parameters(profile: Profile) -> list[inspect.Parameter]:
    """The parameters that a pipeline placed by this profile takes; its values are their defaults.

    The names are those that `place` looks for. A profile without `runtime_parameters` has none, and
    with several nodes what their TrainJob holds too is fixed: that is made when compiling.
    """
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    open_ = open_names(profile) if profile.runtime_parameters else set()
    named = {name: value for name, value in values(profile).items() if name in open_}
    return [
        inspect.Parameter(name, kind, annotation=type(value), default=value)
        for name, value in named.items()
    ]


def values(profile: Profile) -> dict[str, Any]:
    """The profile's values by the names of the parameters, in the types that KFP takes."""
    content = written(profile)
    found = {name: reduce(_below, keys, content) for name, keys in paths(profile).items()}
    # KFP wants the number of GPUs as text, and has no use for an empty list or a count of 0.
    return {name: str(v) if isinstance(v, int) else v for name, v in found.items() if v}


def written(profile: Profile) -> dict[str, Any]:
    """The profile as its file could be."""
    content = profile.model_dump(by_alias=True, exclude_unset=True)
    return {**content, "gpu": profile.gpu.model_dump()}


def paths(profile: Profile) -> dict[str, Keys]:
    """Where in the profile each parameter's value stands, whether or not it says anything there."""
    found: dict[str, Keys] = {}
    if profile.gpu.count or profile.steps.evaluate.gpu:
        found["gpu_resource"] = ("gpu", "resource")
    found[gpu_name("finetune")] = ("gpu", "count")
    found[gpu_name("evaluate")] = ("steps", "evaluate", "gpu")
    for source in ("all", *STEPS):
        for key, below in PER_STEP.items():
            found[step_name(source, key)] = ("steps", source, *below)
    found.update({claim_name(name): ("volumes", name, "claim") for name in profile.volumes})
    found["s3_secret"] = ("s3", "secret")
    found.update({secret_name(name): ("secrets", name, "secret") for name in profile.secrets})
    pulls = range(len(profile.images.pull_secrets))
    found.update({pull_name(index): ("images", "pull_secrets", index) for index in pulls})
    return found


def open_names(profile: Profile) -> set[str]:
    """The parameters that a run may have otherwise, as no TrainJob holds them."""
    found = paths(profile)
    if profile.nodes == 1:
        return set(found)
    return {name for name, keys in found.items() if not _of_train_job(profile, keys)}


def _of_train_job(profile: Profile, keys: Keys) -> bool:
    if keys[0] != "steps":
        return True
    _, source, key, *_ = keys
    return source == "finetune" or profile.steps.origin("finetune", key) == source


def _below(content: Any, key: str | int) -> Any:
    if isinstance(content, dict):
        return content.get(key)
    return content[key] if isinstance(content, list) else None


def name_for(profile: Profile, step: str, key: str) -> str:
    """The parameter for a key of a step: its own, or that for all."""
    own = step_name(step, key)
    said = profile.steps.origin(step, PER_STEP[key][0])
    return own if said == step else step_name("all", key)


def gpu_name(step: str) -> str:
    """The parameter for a step's number of GPUs."""
    return "gpu_count" if step == "finetune" else f"{step.replace('-', '_')}_gpu_count"


def step_name(source: str, key: str) -> str:
    """The parameter for a key of a step, or of `all`."""
    return key if source == "all" else f"{source.replace('-', '_')}_{key}"


def claim_name(volume: str) -> str:
    """The parameter for the claim of a volume."""
    return f"{volume}_claim"


def secret_name(variable: str) -> str:
    """The parameter for the Secret that a variable comes from."""
    return f"secret_{variable.lower()}"


def pull_name(index: int) -> str:
    """The parameter for a Secret of the registry."""
    return "pull_secret" if index == 0 else f"pull_secret_{index + 1}"
