"""The pods of a TrainJob: where they are, what they say, why they ended."""

import math
import time
from collections.abc import Mapping
from typing import Any

from components.kube.connection import Connection

JOBSET = "jobset.sigs.k8s.io/jobset-name"  # the label that holds a TrainJob's name
INDEX = "batch.kubernetes.io/job-completion-index"
NODE = "node"  # the container that trains
_LINES, _BYTES = 2000, 2**22  # of a log at once, at most
_OVERLAP = 5.0  # seconds
Pod = Mapping[str, Any]


class Pods:
    """Pods of the connection's namespace. Each method raises what `Connection.ask` does.

    Args:
        connection: to the cluster.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._path = f"/api/v1/namespaces/{connection.namespace}/pods"

    def get(self, name: str, *, within: float | None = None) -> Pod | None:
        """A pod; None if there is none."""
        return self._connection.ask(f"{self._path}/{name}", answers=(404,), within=within)

    def of(self, job: str) -> list[Pod]:
        """A TrainJob's pods by node, of each node the newest last. It is asked for once."""
        query = [("labelSelector", f"{JOBSET}={job}")]
        found = self._connection.ask(self._path, query, within=0)["items"]
        return sorted(found, key=lambda pod: (node(pod), pod["metadata"]["creationTimestamp"]))

    def log(self, pod: Pod, query: list[tuple[str, Any]]) -> str | None:
        """A pod's log; None while it has none. It is asked for once."""
        names = [container["name"] for container in pod["spec"]["containers"]]
        found = self._connection.ask(
            f"{self._path}/{pod['metadata']['name']}/log",
            [("container", NODE if NODE in names else names[0]), *query],
            answers=(400, 404),  # its container is not there yet, or the pod no longer
            within=0,
            raw=True,
        )
        return None if found is None else found.decode("utf-8", "replace")


class Lines:
    """A pod's log, from one look to the next. Where much is said between two, the last of it.

    Args:
        pods: where it is.
        pod: whose log it is.
    """

    def __init__(self, pods: Pods, pod: Pod) -> None:
        self._pods, self._pod = pods, pod
        self._last, self._read = "", -math.inf

    def new(self) -> list[str]:
        """The lines that have come since.

        The server counts in whole seconds from now, so a few lines come twice, and go by the time
        that the node gave them.
        """
        now = time.monotonic()
        query: list[tuple[str, Any]] = [("timestamps", "true"), ("tailLines", _LINES)]
        query.append(("limitBytes", _BYTES))
        if self._last:
            query.append(("sinceSeconds", math.ceil(now - self._read + _OVERLAP)))
        text = self._pods.log(self._pod, query)
        if text is None:
            return []
        split = [line.partition(" ") for line in text.splitlines()]
        stamped = [(stamp.removesuffix("Z"), said) for stamp, _, said in split]
        new = [(stamp, said) for stamp, said in stamped if stamp > self._last]
        self._read, self._last = now, max((stamp for stamp, _ in new), default=self._last)
        return [said for _, said in new]


def node(pod: Pod) -> int:
    """The number of the node that a pod is."""
    return int(pod["metadata"].get("labels", {}).get(INDEX, 0))
