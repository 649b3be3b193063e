"""What each step asks of the cluster: its own, or what is said for all."""

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.placement.names import LabelKey, LabelValue
from pipeline.placement.scheduling import Affinity, Toleration
from pipeline.placement.section import Clash, Section
from pipeline.placement.values import Cpu, Duration, Memory, Timeout, seconds, size
from pipeline.steps import STEPS

StepName = Literal[STEPS]


class Retries(Section):
    """How often a failed step is tried again, and how long it waits."""

    count: int = Field(ge=0, le=100, description="tries after the first")
    delay: Duration = Field("30s", description="wait before the first of them")
    # Argo takes no fraction.
    factor: int = Field(2, ge=1, le=100, description="what each wait is longer than the last by")
    # Argo counts it from the first try's start, running time included, and ends what runs longer.
    limit: Timeout = Field(
        "1w", description="all tries together end this long after the first began"
    )

    @model_validator(mode="after")
    def _together(self):
        if seconds(self.delay) > seconds(self.limit):
            raise Clash([(["delay"], f"must not be above limit, {self.limit}")])
        return self


class Step(Section):
    """Resources, nodes and patience; what is not set is left to the cluster."""

    refused: ClassVar[dict[str, str]] = {
        "gpu": "evaluate alone takes it; the number for finetune is gpu.count",
        "gpus": "evaluate alone takes gpu; the number for finetune is gpu.count",
    }

    cpu: Cpu | None = Field(None, description="CPUs, both request and limit")
    memory: Memory | None = Field(None, description="memory, both request and limit")
    shm: Memory | None = Field(None, description="size of `/dev/shm`; it counts as memory")
    tmp: Memory | None = Field(None, description="size of an own volume (emptyDir) at `/tmp`")
    node_selector: dict[LabelKey, LabelValue] | None = Field(
        None, description="labels that the node must have"
    )
    tolerations: list[Toleration] | None = Field(
        None, description="taints that the pod puts up with, as in a pod's manifest"
    )
    affinity: Affinity | None = Field(
        None, description="`nodeAffinity` as in a pod's manifest; KFP has no pod affinity"
    )
    timeout: Timeout | None = Field(None, description="after which a try is killed")
    retries: Retries | None = Field(
        None, description="how a failed step is tried again; finetune twice unless said"
    )


class EvaluateStep(Step):
    """Testing takes a GPU only when told."""

    refused: ClassVar[dict[str, str]] = {"gpus": "the key is gpu"}

    gpu: int | None = Field(None, ge=0, description="GPUs of the resource `gpu.resource`")


def _step(description: str, type_: type[Step] = Step, **more: Any) -> Any:
    return Field(default_factory=type_, description=description, **more)


# A training goes on where it broke off, so that to try again is cheap.
UNLESS_SAID = {("finetune", "retries"): Retries(count=2, delay="1m")}


class Steps(Section):
    """A step's own keys go before those of `all`; a list or mapping replaces the other's whole."""

    all: Step = _step("what holds where a step has no key of its own")
    preflight: Step = _step("checks the inputs")
    load_checkpoint: Step = _step("takes the weights out", alias="load-checkpoint")
    finetune: Step = _step("trains")
    evaluate: EvaluateStep = _step("tests", EvaluateStep)
    promote: Step = _step("replaces the champion")
    summarize: Step = _step("sums up the seeds")
    report_failures: Step = _step("gathers failures", alias="report-failures")

    def own(self, step: str) -> Step:
        """What is said for just this step, or for `all`."""
        return getattr(self, step.replace("-", "_"))

    def origin(self, step: str, key: str) -> str | None:
        """Who says a key of a step: the step, `all`, or nobody."""
        for source in (step, "all"):
            if getattr(self.own(source), key, None) is not None:
                return source
        return None

    def value(self, step: str, key: str) -> Any:
        """A key of a step as it holds; None where nobody says it and nothing is meant then."""
        source = self.origin(step, key)
        return UNLESS_SAID.get((step, key)) if source is None else getattr(self.own(source), key)

    @model_validator(mode="after")
    def _shared_memory_fits(self):
        problems = {}
        for step in STEPS:
            shm, memory = self.value(step, "shm"), self.value(step, "memory")
            if shm and memory and size(shm) >= size(memory):
                where = (self.origin(step, "shm"), "shm")
                reason = f"must be below memory ({memory} for {step}), as it counts against it"
                problems.setdefault(where, reason)
        if problems:
            raise Clash(list(problems.items()))
        return self
