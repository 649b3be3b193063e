"""What runs and as whom: images, GPUs, queue, user."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.placement.names import Image, Name, Queue, Registry, Resource, Tag
from pipeline.placement.per_step import StepName
from pipeline.placement.section import Clash, Section

_SETTABLE = "KFP can't set it; docs/placement.md says what an admin does instead"


class Images(Section):
    """Where the images are."""

    registry: Registry = Field("", description='stands before `biotune-<step>`; `""` for none')
    tag: Tag | None = Field(None, description="the images' tag; the package's version by default")
    pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="when a node pulls; unset, Kubernetes decides by the tag"
    )
    pull_secrets: list[Name] = Field(
        default_factory=list, description="Secrets that the registry asks for"
    )
    steps: dict[StepName, Image] = Field(
        default_factory=dict,
        description="an own image for a step; that of load-checkpoint serves the steps that "
        "have no image of their own too",
    )

    @model_validator(mode="after")
    def _once(self):
        again = [i for i, name in enumerate(self.pull_secrets) if name in self.pull_secrets[:i]]
        if again:
            raise Clash([(["pull_secrets", i], "is there already; name it once") for i in again])
        return self


class Gpu(Section):
    """What finetune trains on."""

    resource: Resource = Field("nvidia.com/gpu", description="as the device plugin names it")
    count: int = Field(1, ge=0, le=64, description="GPUs of finetune, on each node; 0 is a CPU run")


class Kueue(Section):
    """Where the pods queue."""

    queue: Queue = Field(description="the LocalQueue")


class Security(Section):
    """Who the steps run as."""

    refused: ClassVar[dict[str, str]] = dict.fromkeys(
        ("read_only", "read_only_root", "readOnlyRootFilesystem", "fsGroup", "fs_group"), _SETTABLE
    )

    user: int | None = Field(None, ge=0, le=2**31 - 1, description="user id; the images' is 1000")
    group: int | None = Field(None, ge=0, le=2**31 - 1, description="group id")
    non_root: bool | None = Field(None, description="whether the node refuses to start root")

    @model_validator(mode="after")
    def _together(self):
        if self.user == 0 and self.non_root:
            raise Clash([(["user"], "is root, which non_root refuses; change one of them")])
        return self
