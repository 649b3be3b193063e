"""What a check finds, and how it is shown."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from pipeline.inspection.layout import table, terminal

OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"
_STYLES = {OK: "green", WARN: "yellow", FAIL: "bold red", SKIP: "dim"}


@dataclass(frozen=True)
class Check:
    """What was found of one thing.

    Attributes:
        name: what was looked at.
        state: "ok"; "warn", works but not for everything; "fail", must be mended; or "skip", not
            here and not needed for most.
        detail: what was found, on one line.
        fix: what to do about it; "" if nothing.
    """

    name: str
    state: str
    detail: str
    fix: str = ""


def show(checks: Sequence[Check]) -> None:
    """Prints a table."""
    made = table(("check", "", "found"))
    for check in checks:
        found = check.detail + (f"\n-> {check.fix}" if check.fix else "")
        made.add_row(check.name, Text(check.state, style=_STYLES[check.state]), found)
    terminal().print(made)


def command(words: Sequence[str], seconds: float) -> tuple[int | None, str, str]:
    """Runs a program.

    Returns:
        Exit code (None if it is not there or takes too long), standard output, standard error.
    """
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
        )
    except FileNotFoundError:
        return None, "", "not installed"
    except subprocess.TimeoutExpired:
        return None, "", f"no answer within {seconds:g} s"
    except OSError as error:
        return None, "", error.strerror or str(error)
    return done.returncode, done.stdout.strip(), done.stderr.strip()
