"""The steps of a run on the terminal: a table that changes, or a line for each change."""

import sys
from types import TracebackType

from pipeline.cluster.progress import NOT_STARTED, Progress

_COLORS = {"SUCCEEDED": "green", "FAILED": "red", "CANCELED": "yellow", "RUNNING": "cyan"}


class Lines:
    """Writes a line to stderr whenever a step's state changes."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""

    def show(self, progress: Progress) -> None:
        """Tells what has changed."""
        width = max((len(step.name) for step in progress.steps), default=0)
        for step in progress.steps:
            if step.state not in (NOT_STARTED, self._before.get(step.name)):
                self.say(f"{step.name:{width}}  {step.state}")
            self._before[step.name] = step.state

    def say(self, line: str) -> None:
        """Tells something else."""
        print(line, file=sys.stderr, flush=True)


class Table:
    """Shows every step with its state, in place."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)

    def __enter__(self) -> "Table":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, progress: Progress) -> None:
        """Shows the steps as they are."""
        from rich.table import Table as Grid

        grid = Grid.grid(padding=(0, 2))
        for step in progress.steps:
            state = "" if step.state == NOT_STARTED else step.state
            grid.add_row(step.name, f"[{_COLORS.get(state, 'default')}]{state}[/]")
        self._live.update(grid, refresh=True)

    def say(self, line: str) -> None:
        """Tells something else, above the steps."""
        self._console.print(line, markup=False, soft_wrap=True)


def display() -> Lines | Table:
    """What suits where stderr goes to."""
    return Table() if sys.stderr.isatty() else Lines()
