"""The placement profile: one YAML file a cluster, that says where and how the steps run there.

`load` reads and checks it, `images`, `parameters` and `inputs` are what it means for a pipeline,
`overrides` what it means for the configuration, and `place` puts a task in its place. Nothing here
needs KFP but `place`.
"""

from collections.abc import Mapping
from typing import Any

from pipeline import steps
from pipeline.placement.json_schema import schema
from pipeline.placement.launched import inputs, launches
from pipeline.placement.overriding import override
from pipeline.placement.profile import Profile
from pipeline.placement.reading import load
from pipeline.placement.runtime import parameters
from pipeline.placement.sharing import overrides

__all__ = [
    "Profile",
    "images",
    "inputs",
    "launches",
    "load",
    "override",
    "overrides",
    "parameters",
    "place",
    "schema",
]


def images(profile: Profile) -> dict[str, str]:
    """The image of each step."""
    named = steps.images(profile.images.registry, profile.images.tag or "")
    own = profile.images.steps
    if "load-checkpoint" in own:
        named.update(dict.fromkeys(steps.LIGHT, own["load-checkpoint"]))
    return {**named, **own}


def place(task: Any, step: str, profile: Profile, parameters: Mapping[str, Any]) -> None:
    """Puts a task of a pipeline in its place.

    Args:
        task: the KFP task, as its component made it.
        step: the step that it is, one of `pipeline.steps.STEPS`.
        profile: the cluster's placement.
        parameters: the pipeline's parameters by name; what the profile says holds for those that
            are not there.
    """
    from pipeline.placement import apply

    apply.place(task, step, profile, parameters)
