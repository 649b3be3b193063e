"""The pipeline's tasks: each step's component in its image, put in its place."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from kfp import dsl

from components.evaluate.component import component as evaluate
from components.finetune.component import component as finetune
from components.load_checkpoint.component import component as load_checkpoint
from components.preflight.component import component as preflight
from components.promote.component import component as promote
from components.report_failures.component import component as report_failures
from components.summarize.component import component as summarize
from components.train_job.component import component as train_job
from pipeline import placement
from pipeline.placement import Profile

COMPONENTS = {
    "preflight": preflight,
    "load-checkpoint": load_checkpoint,
    "finetune": finetune,
    "evaluate": evaluate,
    "promote": promote,
    "summarize": summarize,
    "report-failures": report_failures,
}
# Preflight looks at objects that may have changed behind the same URIs. The fingerprints in its
# slices then differ, which is what the cache keys of these three go by. Promotion changes a
# registry, which is no output.
CACHED = ("load-checkpoint", "finetune", "evaluate")


class Tasks:
    """Makes tasks, each in its image and its place.

    Args:
        images: the image of each step.
        profile: where on a cluster the steps run; None places nothing.
        given: the pipeline's parameters by name.
    """

    def __init__(
        self, images: Mapping[str, str], profile: Profile | None, given: Mapping[str, Any]
    ) -> None:
        self.images, self.profile, self.given = images, profile, given
        self._component = cache(self._made)

    def __call__(self, step: str, **inputs: Any) -> dsl.PipelineTask:
        """A task of a step with these inputs."""
        more = placement.inputs(self.profile, step, self.images[step]) if self.profile else {}
        task = self._component(step)(**inputs, **more)
        task.set_caching_options(step in CACHED)
        if self.profile is not None:
            placement.place(task, step, self.profile, self.given)
        return task

    def _made(self, step: str) -> Any:
        if self.profile is None or not placement.launches(self.profile, step):
            return COMPONENTS[step](self.images[step])
        return train_job(self.images["load-checkpoint"])
