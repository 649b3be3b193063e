"""What is told of a TrainJob on its way: its state when it changes, and what node 0 says."""

import logging
from collections.abc import Sequence

from components.failures import Failure, first_line
from components.kube import Pods, state
from components.kube.pods import Lines, Pod, node
from components.kube.state import Job

log = logging.getLogger("biotune")

_ON_ITS_WAY = ("ContainerCreating", "PodInitializing")


class Telling:
    """Tells what is new at each look; that it can't be known is told once, and is no failure.

    Attributes:
        status: told last.
    """

    def __init__(self, pods: Pods) -> None:
        self._pods = pods
        self._lines: Lines | None = None
        self._of = ""
        self._unknown = ""
        self.status = ""

    def tell(self, job: Job) -> list[Pod]:
        """Tells what is new of a job; gives its pods, none where they can't be listed."""
        try:
            found = self._pods.of(job["metadata"]["name"])
        except Failure as failure:
            self._warn(failure)
            found = []
        first = next((pod for pod in reversed(found) if node(pod) == 0), None)
        if state.has_ended(job):  # what was said before comes before
            self._say(first)
        if (status := status_of(job, found)) != self.status:
            log.info("%s: %s", job["metadata"]["name"], status)
            self.status = status
        self._say(first)
        return found

    def _say(self, pod: Pod | None) -> None:
        if pod is None:
            return
        if pod["metadata"]["uid"] != self._of:  # it was started again
            self._lines, self._of = Lines(self._pods, pod), pod["metadata"]["uid"]
        try:
            for line in self._lines.new():
                log.info("%s", line)
        except Failure as failure:
            self._warn(failure)

    def _warn(self, failure: Failure) -> None:
        line = first_line(failure)
        if line != self._unknown:
            log.warning("what the nodes say can't be told: %s", line)
            self._unknown = line


def status_of(job: Job, pods: Sequence[Pod]) -> str:
    """A job's state in words."""
    nodes = job["spec"]["trainer"].get("numNodes", 1)
    for kind, told in ((state.COMPLETE, "done"), (state.FAILED, "failed")):
        if found := state.condition(job, kind):
            return f"{told}: {found['message']}" if found["message"] else told
    if state.is_at_work(job):
        return f"at work on {nodes} nodes"
    if job["spec"].get("suspend"):
        found = state.condition(job, state.SUSPENDED) or {}
        return f"waits in the queue for {nodes} nodes{_because(found.get('message', ''))}"
    running = sum(pod["status"].get("phase") == "Running" for pod in pods)
    why = next(filter(None, map(_waits_for, pods)), "")
    return f"waits for its nodes, {running} of {nodes} run{_because(why)}"


def _waits_for(pod: Pod) -> str:
    """Why a pod does not run, where that is not a matter of seconds."""
    for condition in pod["status"].get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return condition.get("message") or condition.get("reason", "")
    for container in pod["status"].get("containerStatuses", ()):
        waiting = container.get("state", {}).get("waiting", {})
        if (reason := waiting.get("reason", "")) and reason not in _ON_ITS_WAY:
            return f"{reason}{_because(waiting.get('message', ''))}"
    return ""


def _because(text: str) -> str:
    return f": {' '.join(text.split())}" if text else ""
