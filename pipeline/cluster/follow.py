"""A started run as the command tells it: its URL, its steps, its end, and the exit code."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from components.console import INTERRUPTED
from components.failures import Failure, InputError, ServiceError
from components.redaction import redacted
from pipeline.cluster import wait as waiting
from pipeline.cluster.client import run_url
from pipeline.cluster.display import Lines, Table, display
from pipeline.cluster.progress import Progress
from pipeline.cluster.target import Target

if TYPE_CHECKING:
    import kfp


@dataclass(frozen=True)
class Run:
    """A run that was started."""

    id: str
    name: str
    target: Target

    @property
    def url(self) -> str:
        """Where a browser shows it."""
        return run_url(self.target, self.id)


def told(
    client: "kfp.Client", run: Run, *, wait: bool, timeout: float | None, as_json: bool
) -> int:
    """Tells of a run, to its end with `wait`.

    Returns:
        The exit code: 0, or 130 after Ctrl-C, which leaves the run alone.

    Raises:
        Failure: the run failed or was canceled, or cannot be followed any further.
    """
    if not as_json:
        print(run.url, flush=True)
    last = [Progress("PENDING")]
    try:
        return _followed(client, run, timeout, last) if wait else 0
    finally:
        if as_json:
            print(json.dumps(_as_json(run, last[-1])), flush=True)


def _followed(client: "kfp.Client", run: Run, timeout: float | None, last: list[Progress]) -> int:
    """Follows the run; the last of `last` is how far it has come."""
    with display() as shown:

        def show(progress: Progress) -> None:
            last.append(progress)
            shown.show(progress)

        try:
            ended = waiting.wait(client, run.id, show, lambda error: _away(shown, error), timeout)
        except KeyboardInterrupt:
            shown.say(f"interrupted; the run goes on: {run.url}")
            return INTERRUPTED
        except waiting.TimedOut as error:
            raise waiting.TimedOut(f"{run.name} {error}; it goes on: {run.url}") from None
        except (InputError, ServiceError) as error:
            raise type(error)(f"{error}; {run.name} may go on: {run.url}") from None
    if ended.state == "SUCCEEDED":
        return 0
    raise Failure(f"{_reason(run, ended)}; see {run.url}")


def _away(shown: Lines | Table, error: ServiceError) -> None:
    shown.say(redacted(f"{error}; the run is not touched by that, it is asked for again"))


def _reason(run: Run, ended: Progress) -> str:
    """Why a run did not succeed, in one line."""
    if ended.state in ("CANCELED", "SKIPPED"):
        return f"{run.name} was {ended.state.lower()}"
    step = ended.failed()
    if step is None:
        return f"{run.name} failed: {ended.error or 'no step did, and the server tells no reason'}"
    reason = step.error or ended.error or "the server tells no reason"
    return f"{run.name}: {step.name} failed: {reason}"


def _as_json(run: Run, progress: Progress) -> dict:
    steps = [
        {key: value for key, value in asdict(step).items() if value} for step in progress.steps
    ]
    return {
        "run_id": run.id,
        "name": run.name,
        "url": run.url,
        "state": progress.state,
        "steps": steps,
    }
