"""What has become of a run and of its steps, read from what the API answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from components.redaction import redacted
from pipeline.steps import STEPS

ENDED = ("SUCCEEDED", "FAILED", "CANCELED", "SKIPPED")
NOT_STARTED = "NOT STARTED"
_UNKNOWN = (None, "", "RUNTIME_STATE_UNSPECIFIED")


@dataclass(frozen=True)
class Step:
    """A step of a run.

    Attributes:
        name: as in the pipeline.
        state: a runtime state of KFP, or `NOT_STARTED`.
        error: what the API tells of its failure, in one line; often nothing.
    """

    name: str
    state: str
    error: str = ""


@dataclass(frozen=True)
class Progress:
    """A run at one moment; `steps` are in the order of the pipeline."""

    state: str
    steps: tuple[Step, ...] = ()
    error: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.state in ENDED

    def failed(self) -> Step | None:
        """The step that failed first in the pipeline's order; None where the run alone did."""
        return next((step for step in self.steps if step.state == "FAILED"), None)


def read(run: Any) -> Progress:
    """The progress of a run.

    The server lists the workflow's nodes: beside each step its driver and its pods, and a node for
    each group. A step in a group that was skipped is not listed at all.

    Args:
        run: a `V2beta1Run`.
    """
    details = run.run_details
    tasks = list(details.task_details or ()) if details else []
    state = "PENDING" if run.state in _UNKNOWN else run.state
    skipped = {task.display_name for task in tasks if task.state == "SKIPPED"}
    steps = []
    for name, shown, groups in _steps(run.pipeline_spec or {}):
        names = {name, shown}  # a server shows one or the other
        own = [task for task in tasks if task.display_name in names]
        driver = [task for task in tasks if task.display_name in {f"{n}-driver" for n in names}]
        step = _state(own, driver)
        if step == NOT_STARTED and (state == "SUCCEEDED" or skipped & set(groups)):
            step = "SKIPPED"
        steps.append(Step(name, step, _error([*own, *driver], tasks) if step == "FAILED" else ""))
    return Progress(state, tuple(steps), _told(run))


def _state(own: list[Any], driver: list[Any]) -> str:
    """The state of a step, which has several nodes where it is repeated."""
    states = {task.state for task in own} - set(_UNKNOWN)
    if any(task.state == "FAILED" for task in driver):
        states.add("FAILED")
    for state in ("FAILED", "CANCELED", "CANCELING", "RUNNING", "PAUSED", "PENDING", "SUCCEEDED"):
        if state in states:
            return state
    if "SKIPPED" in states:
        return "SKIPPED"
    return "PENDING" if own or driver else NOT_STARTED


def _steps(spec: dict[str, Any]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The steps of a pipeline: name, display name, and the groups that each is in."""
    spec = spec.get("pipeline_spec", spec)
    components = spec.get("components", {})
    if not spec.get("root"):
        yield from ((name, name, ()) for name in STEPS)
        return
    yield from sorted(_below(spec["root"], components, ()), key=lambda step: _place(step[0]))


def _below(
    component: dict[str, Any], components: dict[str, Any], groups: tuple[str, ...]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for name, task in component.get("dag", {}).get("tasks", {}).items():
        inner = components.get(task.get("componentRef", {}).get("name", ""), {})
        if "dag" in inner:
            yield from _below(inner, components, (*groups, name))
        else:
            yield name, task.get("taskInfo", {}).get("name", name), groups


def _place(name: str) -> tuple[int, int, str]:
    """Where a step stands; one that is repeated has a number after its name."""
    known = [i for i, step in enumerate(STEPS) if name == step or name.startswith(f"{step}-")]
    return (known[-1] if known else len(STEPS), len(name), name)


def _error(own: list[Any], tasks: list[Any]) -> str:
    """What the API tells of a failed step: at the step, or at its pods."""
    ids = {task.task_id for task in own}
    pods = {child.pod_name or child.task_id for task in own for child in task.child_tasks or ()}
    below = [task for task in tasks if task.parent_task_id in ids or task.task_id in pods]
    below += [task for task in tasks if task.pod_name and task.pod_name in pods]
    return next((told for task in [*own, *below] if (told := _told(task))), "")


def _told(thing: Any) -> str:
    """The error of a run or a task, now or in its history, in one line."""
    statuses: Iterable[Any] = (thing, *reversed(thing.state_history or ()))
    for status in statuses:
        if status.error and status.error.message:
            return redacted(" ".join(status.error.message.split()))
    return ""
