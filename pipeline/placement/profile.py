"""The profile: where on one cluster the steps run. All keys are optional."""

from pathlib import PurePosixPath

from pydantic import Field, model_validator

from pipeline.placement.data import S3, SecretRef, Volume
from pipeline.placement.names import Name, VolumeName
from pipeline.placement.nodes import TrainJob
from pipeline.placement.per_step import Steps
from pipeline.placement.places import Runs
from pipeline.placement.section import Clash, Section
from pipeline.placement.variables import PlainText, PlainVariable, SecretVariable
from pipeline.placement.workload import Gpu, Images, Kueue, Security

SHM, TMP = "biotune-shm", "biotune-tmp"


class Profile(Section):
    """Everything that differs from cluster to cluster."""

    images: Images = Field(default_factory=Images, description="where the images are")
    gpu: Gpu = Field(default_factory=Gpu, description="what finetune trains on")
    steps: Steps = Field(default_factory=Steps, description="what each step asks for")
    nodes: int = Field(
        1, ge=1, le=1000, description="nodes of finetune; above 1 they train as one TrainJob"
    )
    train_job: TrainJob = Field(
        default_factory=TrainJob, description="how several nodes train; of Kubeflow Trainer"
    )
    volumes: dict[VolumeName, Volume] = Field(
        default_factory=dict, description="claims by a name of your choice, in every step"
    )
    s3: S3 | None = Field(None, description="where the steps find S3")
    service_account: Name | None = Field(None, description="who the pods are to the cluster")
    kueue: Kueue | None = Field(None, description="where the pods queue")
    security: Security | None = Field(None, description="who the steps run as")
    runs: Runs = Field(
        "", description="durable prefix for failure records; without one, nothing gathers them"
    )
    parallelism: int = Field(0, ge=0, le=1000, description="seeds or folds at once; 0 for all")
    env: dict[PlainVariable, PlainText] = Field(
        default_factory=dict, description="environment variables of every step"
    )
    secrets: dict[SecretVariable, SecretRef] = Field(
        default_factory=dict, description="environment variables out of Secrets"
    )
    runtime_parameters: bool = Field(
        True, description="false fixes everything when compiling, for backends before 2.5"
    )

    @model_validator(mode="after")
    def _together(self):
        problems = [*self._volumes(), *self._variables(), *self._nodes()]
        paths = [volume.path for volume in self.volumes.values()]
        if self.runs.startswith("/") and not any(_inside(self.runs, path) for path in paths):
            problems.append((["runs"], "must lie on one of the volumes, to outlast the pod"))
        if problems:
            raise Clash(problems)
        return self

    def _volumes(self):
        seen: dict[str, Volume] = {}
        for name, volume in self.volumes.items():
            if volume.claim in (SHM, TMP):
                yield ["volumes", name, "claim"], "is the name of a volume of biotune's own"
            for other, before in seen.items():
                if volume.claim == before.claim:
                    yield ["volumes", name, "claim"], f"is mounted as {other}; mount it once"
                if _inside(volume.path, before.path) or _inside(before.path, volume.path):
                    yield (
                        ["volumes", name, "path"],
                        f"must not be, hold or lie in the path of {other}, {before.path}",
                    )
            seen[name] = volume

    def _variables(self):
        keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
        of_s3 = keys if self.s3 and self.s3.secret else set()
        for name in self.secrets:
            if name in self.env:
                yield ["secrets", name], "is in env too; keep one of them"
            if name in of_s3:
                yield ["secrets", name], "comes from s3.secret; keep one of them"

    def _nodes(self):
        if self.nodes == 1:
            return
        if not self.runs:
            yield (
                ["nodes"],
                "needs runs, as nodes share nothing else; set runs: s3://bucket/biotune/runs",
            )
        for section in ("env", "secrets"):
            for name in getattr(self, section):
                if name.startswith("PET_"):
                    yield [section, name], "is set by Kubeflow Trainer; take another name"


def _inside(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)
