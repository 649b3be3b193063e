"""What the server does for each operation of the API that it knows."""

import uuid
from collections.abc import Callable

from tests.kfp_server import listing, specs
from tests.kfp_server.contract import Operation
from tests.kfp_server.state import ENDED, JSON, Refused, State


def answer(operation: Operation, state: State, query: dict[str, str], body: JSON | None) -> JSON:
    """The answer to a request that the description allows.

    Raises:
        Refused: the server refuses it.
        KeyError: this stand-in does not know the operation.
    """
    act = _OPERATIONS[operation.name]
    return act(state, {**query, **operation.variables}, body or {})


def _healthz(state: State, query: dict[str, str], body: JSON) -> JSON:
    return {"multi_user": state.multi_user, "pipeline_store": "kubernetes"}


def _authorize(state: State, query: dict[str, str], body: JSON) -> JSON:
    state.allow(query.get("namespace", ""))
    return {}


def _create_experiment(state: State, query: dict[str, str], body: JSON) -> JSON:
    namespace = body.get("namespace", "")
    state.allow(namespace)
    if namespace and not state.multi_user:
        raise Refused(400, "Invalid input error: a namespace is for multi-user mode only")
    if not body.get("display_name"):
        raise Refused(400, "Invalid input error: Experiment name is empty")
    for other in state.experiments.values():
        if (other["display_name"], other.get("namespace", "")) == (body["display_name"], namespace):
            raise Refused(409, f"Already exist error: name {body['display_name']}")
    return state.add_experiment(body)


def _list(kind: str, field: str) -> Callable[[State, dict[str, str], JSON], JSON]:
    def act(state: State, query: dict[str, str], body: JSON) -> JSON:
        namespace, experiment = query.get("namespace", ""), query.get("experiment_id", "")
        if experiment:
            state.get("experiments", experiment)
        else:
            state.allow(namespace)
            if namespace and not state.multi_user:
                raise Refused(400, "Invalid input error: a namespace is for multi-user mode only")
        things = [
            thing
            for thing in getattr(state, kind).values()
            if (not experiment or thing["experiment_id"] == experiment)
            and (not namespace or state.namespace(thing) == namespace)
        ]
        return listing.page(field, things, query)

    return act


def _get(kind: str, key: str) -> Callable[[State, dict[str, str], JSON], JSON]:
    return lambda state, query, body: state.get(kind, query[key])


def _create_run(state: State, query: dict[str, str], body: JSON) -> JSON:
    experiment = state.experiment(body.get("experiment_id"))
    state.allow(state.namespace(experiment))
    if not body.get("display_name"):
        raise Refused(400, "Invalid input error: run name is empty")
    specs.check(body)
    return state.add_run({**body, "experiment_id": experiment["experiment_id"]})


def _terminate(state: State, query: dict[str, str], body: JSON) -> JSON:
    run = state.get("runs", query["run_id"])
    if run["state"] in ENDED:
        raise Refused(400, f"Bad request: run in state {run['state']} cannot be terminated")
    run["state"] = "CANCELING"
    return {}


def _delete_run(state: State, query: dict[str, str], body: JSON) -> JSON:
    state.get("runs", query["run_id"])
    del state.runs[query["run_id"]]
    return {}


def _create_recurring(state: State, query: dict[str, str], body: JSON) -> JSON:
    experiment = state.experiment(body.get("experiment_id"))
    state.allow(state.namespace(experiment))
    specs.check(body)
    specs.check_trigger(body)
    now = state.now()
    new = {
        "recurring_run_id": str(uuid.uuid4()),
        "created_at": now,
        "updated_at": now,
        **body,
        "experiment_id": experiment["experiment_id"],
        "status": "ENABLED" if body.get("mode") == "ENABLE" else "DISABLED",
    }
    if "namespace" in experiment:
        new["namespace"] = experiment["namespace"]
    state.recurring[new["recurring_run_id"]] = new
    return new


def _switch(mode: str) -> Callable[[State, dict[str, str], JSON], JSON]:
    def act(state: State, query: dict[str, str], body: JSON) -> JSON:
        found = state.get("recurring", query["recurring_run_id"])
        found.update(mode=mode, status=f"{mode}D", updated_at=state.now())
        return {}

    return act


def _delete_recurring(state: State, query: dict[str, str], body: JSON) -> JSON:
    key = query["recurring_run_id"]
    state.get("recurring", key)
    del state.recurring[key]
    if query.get("propagation_policy") != "ORPHAN":
        state.end_runs_of(key)
    return {}


_OPERATIONS: dict[str, Callable[[State, dict[str, str], JSON], JSON]] = {
    "HealthzService_GetHealthz": _healthz,
    "AuthService_Authorize": _authorize,
    "ExperimentService_CreateExperiment": _create_experiment,
    "ExperimentService_GetExperiment": _get("experiments", "experiment_id"),
    "ExperimentService_ListExperiments": _list("experiments", "experiments"),
    "RunService_CreateRun": _create_run,
    "RunService_GetRun": _get("runs", "run_id"),
    "RunService_ListRuns": _list("runs", "runs"),
    "RunService_TerminateRun": _terminate,
    "RunService_DeleteRun": _delete_run,
    "RecurringRunService_CreateRecurringRun": _create_recurring,
    "RecurringRunService_GetRecurringRun": _get("recurring", "recurring_run_id"),
    "RecurringRunService_ListRecurringRuns": _list("recurring", "recurringRuns"),
    "RecurringRunService_EnableRecurringRun": _switch("ENABLE"),
    "RecurringRunService_DisableRecurringRun": _switch("DISABLE"),
    "RecurringRunService_DeleteRecurringRun": _delete_recurring,
}
