"""What the server reads out of a submitted package: its parameters, its steps, its trigger."""

import graphlib
from typing import Any

from tests.kfp_server.state import JSON, Refused

_KINDS: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "BOOLEAN": (bool,),
    "NUMBER_INTEGER": (int,),
    "NUMBER_DOUBLE": (int, float),
    "LIST": (list,),
    "STRUCT": (dict,),
}


def check(asked: JSON) -> None:
    """Refuses a run whose parameters are not those of its package, as the real server does."""
    if not asked.get("pipeline_spec"):
        raise Refused(400, "Invalid input error: a pipeline spec or version is required")
    root = _spec(asked).get("root", {})
    known = root.get("inputDefinitions", {}).get("parameters", {})
    given = asked.get("runtime_config", {}).get("parameters", {})
    for name, definition in known.items():
        if name in given:
            _check_type(name, given[name], definition.get("parameterType", ""))
        elif "defaultValue" not in definition and not definition.get("isOptional"):
            raise Refused(400, f"Invalid input error: parameter {name} is not provided")
    for name in given:
        if name not in known:
            raise Refused(400, f"Invalid input error: parameter {name} is not in the pipeline")


def check_trigger(asked: JSON) -> None:
    """Refuses the settings of a recurring run that the real server refuses."""
    if not 1 <= int(asked.get("max_concurrency", "0")) <= 10:
        raise Refused(400, "Invalid input error: max_concurrency must be from 1 to 10")
    trigger = asked.get("trigger", {})
    cron = trigger.get("cron_schedule", {}).get("cron")
    interval = trigger.get("periodic_schedule", {}).get("interval_second")
    if (cron is None) == (interval is None):
        raise Refused(400, "Invalid input error: exactly one trigger is required")
    # Five fields are taken, too, with the seconds as the first: that is the trap.
    if cron is not None and not cron.startswith("@") and len(cron.split()) not in (5, 6):
        raise Refused(400, f"Invalid input error: invalid cron schedule {cron!r}")
    if interval is not None and int(interval) < 1:
        raise Refused(400, f"Invalid input error: invalid interval {interval}")


def steps(run: JSON) -> list[str]:
    """The names of the steps of a run that have a container, in an order in which they can run."""
    spec = _spec(run)
    return _steps(spec.get("root", {}), spec.get("components", {}))


def _spec(asked: JSON) -> JSON:
    return asked["pipeline_spec"].get("pipeline_spec", asked["pipeline_spec"])


def _steps(component: JSON, components: dict[str, JSON]) -> list[str]:
    tasks = component.get("dag", {}).get("tasks", {})
    order = graphlib.TopologicalSorter(
        {name: task.get("dependentTasks", []) for name, task in tasks.items()}
    )
    found: list[str] = []
    for name in order.static_order():
        inner = components.get(tasks[name].get("componentRef", {}).get("name", ""), {})
        found += _steps(inner, components) if "dag" in inner else [name]
    return found


def _check_type(name: str, value: Any, kind: str) -> None:
    expected = _KINDS.get(kind, (object,))
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        if object in expected:
            return
        raise Refused(400, f"Invalid input error: input parameter {name} requires type {kind}")
