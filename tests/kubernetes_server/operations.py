"""The part of the Kubernetes API that a training on several nodes may use, and nothing more."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kubernetes_server.state import JSON, Refused, State, found

NAMESPACE = "emg"
_TRAINER = f"/apis/trainer.kubeflow.org/v1alpha1/namespaces/{NAMESPACE}/trainjobs"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_WORKFLOWS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/workflows"
_NAME = r"(?P<name>[a-z0-9][-a-z0-9.]*)"
# Verb and resource as a Role names them, and the parameters that may stand in the URL.
_ROUTES = {
    ("POST", _TRAINER): ("create", "trainjobs", {"fieldValidation"}),
    ("GET", _TRAINER): ("list", "trainjobs", {"labelSelector"}),
    ("GET", f"{_TRAINER}/{_NAME}"): ("get", "trainjobs", set()),
    ("PATCH", f"{_TRAINER}/{_NAME}"): ("patch", "trainjobs", set()),
    ("DELETE", f"{_TRAINER}/{_NAME}"): ("delete", "trainjobs", set()),
    ("GET", _PODS): ("list", "pods", {"labelSelector"}),
    ("GET", f"{_PODS}/{_NAME}"): ("get", "pods", set()),
    ("GET", f"{_PODS}/{_NAME}/log"): (
        "get",
        "pods/log",
        {"container", "timestamps", "tailLines", "limitBytes", "sinceSeconds"},
    ),
    ("GET", f"{_WORKFLOWS}/{_NAME}"): ("get", "workflows", set()),
}
_DELETE_OPTIONS = {"apiVersion", "kind", "propagationPolicy", "preconditions"}


def route(method: str, path: str) -> tuple[str, str, set[str], str] | None:
    """Verb, resource, allowed parameters and name of a request; None where there is no such."""
    for (its, pattern), (verb, resource, allowed) in _ROUTES.items():
        match = its == method and re.fullmatch(pattern, path)
        if match:
            return verb, resource, allowed, match.groupdict().get("name", "")
    return None


def answer(
    state: State, verb: str, resource: str, name: str, query: dict[str, str], body: Any
) -> JSON | str:
    """Does what is asked for.

    Raises:
        Refused: with the Status to send.
    """
    does: dict[tuple[str, str], Callable[[], JSON | str]] = {
        ("create", "trainjobs"): lambda: state.create(body),
        ("list", "trainjobs"): lambda: _list(state.jobs, query, "TrainJobList"),
        ("get", "trainjobs"): lambda: state.job(name),
        ("patch", "trainjobs"): lambda: state.patch(name, body),
        ("delete", "trainjobs"): lambda: state.delete(name, _options(body)),
        ("list", "pods"): lambda: _list(state.pods, query, "PodList"),
        ("get", "pods"): lambda: found(state.pods, name, "pods"),
        ("get", "pods/log"): lambda: _log(state, name, query),
        ("get", "workflows"): lambda: found(state.workflows, name, "workflows.argoproj.io"),
    }
    return does[verb, resource]()


def _list(things: dict[str, JSON], query: dict[str, str], kind: str) -> JSON:
    wanted = dict(pair.split("=") for pair in query.get("labelSelector", "").split(",") if pair)
    labelled = ((thing, thing["metadata"].get("labels", {})) for thing in things.values())
    items = [thing for thing, labels in labelled if wanted.items() <= labels.items()]
    return {"kind": kind, "apiVersion": "v1", "metadata": {}, "items": items}


def _options(body: Any) -> JSON:
    if unknown := set(body or {}) - _DELETE_OPTIONS:
        raise Refused(400, "BadRequest", f"DeleteOptions: unknown field {unknown}")
    return body or {}


def _log(state: State, name: str, query: dict[str, str]) -> str:
    pod = found(state.pods, name, "pods")
    container = query.get("container", "")
    if container not in [each["name"] for each in pod["spec"]["containers"]]:
        raise Refused(400, "BadRequest", f"container {container} is not valid for pod {name}")
    if pod["status"]["phase"] == "Pending":
        message = f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating'
        raise Refused(400, "BadRequest", message)
    lines = state.logs.get(name, [])
    if since := query.get("sinceSeconds"):
        first = (datetime.now(UTC) - timedelta(seconds=int(since))).isoformat()
        lines = [(stamp, said) for stamp, said in lines if stamp >= first[:26]]
    return "".join(f"{stamp} {said}\n" for stamp, said in lines[-int(query["tailLines"]) :])
