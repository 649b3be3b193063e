"""A training on several nodes: what Kubeflow Trainer is told beside what finetune asks for."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.placement.names import Name
from pipeline.placement.section import Clash, Section
from pipeline.placement.values import Timeout, seconds

_NOT_THERE = "a TrainJob can't set it; docs/placement.md says what to do instead"
LEAST_SILENCE = 120  # the task that follows says every half a minute that it is there


class Runtime(Section):
    """What Kubeflow Trainer makes the nodes of."""

    kind: Literal["ClusterTrainingRuntime", "TrainingRuntime"] = Field(
        "ClusterTrainingRuntime", description="the cluster's, or the namespace's own"
    )
    name: Name = Field(
        "torch-distributed",
        description="its name; it must be PyTorch's, with a job and a container `node`",
    )


class TrainJob(Section):
    """The job of Kubeflow Trainer that trains; used with `nodes` above 1."""

    refused: ClassVar[dict[str, str]] = dict.fromkeys(
        ("pull_policy", "image_pull_policy", "priority", "priority_class"), _NOT_THERE
    )

    runtime: Runtime = Field(default_factory=Runtime, description="what the nodes are made of")
    queue_timeout: Timeout = Field(
        "1w",
        description="how long it may wait for its nodes, apart from `steps.finetune.timeout`",
    )
    silence: Timeout = Field(
        "15m", description="nodes that hear nothing of the following task for so long end"
    )

    @model_validator(mode="after")
    def _patient(self):
        if seconds(self.silence) < LEAST_SILENCE:
            reason = "must be at least 2m: a task that is moved must be able to come back"
            raise Clash([(["silence"], reason)])
        return self
