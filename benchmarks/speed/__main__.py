"""Measures everything, or the groups that are named, and writes `benchmarks/RESULTS.md`.

    python -m benchmarks.speed                  all of it, as `make bench`
    python -m benchmarks.speed training data    two groups, printed alone
    python -m benchmarks.speed --quick          fewer rounds, to see that it runs; printed alone

Each group is a module beside this one with `rows(quick)`, and runs in a process of its own.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.speed.rows import Row

GROUPS = ["training", "evaluation", "data", "metrics", "scan", "checkpoint", "staging", "startup"]
RESULTS = Path(__file__).parents[1] / "RESULTS.md"
_MARK = "row: "


def main() -> None:
    """Runs the groups one after another and shows their table."""
    given = _arguments()
    if given.group:
        return _measure(given.group, given.quick)
    rows = [row for name in given.groups or GROUPS for row in _started(name, given.quick)]
    page = _page(rows)
    print(page)
    if not (given.groups or given.quick):
        RESULTS.write_text(page)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}")
    parser.add_argument(
        "--quick", action="store_true", help="few rounds; for trying, not for truth"
    )
    parser.add_argument("--group", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := set(given.groups) - set(GROUPS):
        parser.error(f"unknown groups: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    return given


def _measure(group: str, quick: bool) -> None:
    for row in importlib.import_module(f"benchmarks.speed.{group}").rows(quick):
        print(_MARK + json.dumps(row.plain()), flush=True)


def _started(group: str, quick: bool) -> list[Row]:
    command = [sys.executable, "-m", "benchmarks.speed", "--group", group]
    command += ["--quick"] if quick else []
    rows = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith(_MARK):
                row = Row(**json.loads(line.removeprefix(_MARK)))
                rows.append(row)
                print(f"{row.what}: {row.median:.3g} ({row.bar})", file=sys.stderr, flush=True)
    if process.returncode:
        raise SystemExit(f"{group}: ended with exit code {process.returncode}")
    return rows


def _page(rows: list[Row]) -> str:
    notes = [f"{n}. {row.note}" for n, row in enumerate((r for r in rows if r.note), 1)]
    lines = [
        "# Results of `make bench`",
        "",
        "Each row sets Biotune beside the best that the same machine can do, measured in turns in",
        "one run. Bold: the bar is missed. Spread: the least and the most of all rounds.",
        "",
        _machine(),
        "",
        "| what | bar | median | spread | rounds | ours | reference | |",
        "|---|---|---|---|---|---|---|---|",
        *_lines(rows),
        "",
        *notes,
    ]
    return "\n".join(lines).rstrip() + "\n"


def _lines(rows: list[Row]) -> list[str]:
    lines, number = [], 0
    for row in rows:
        number += bool(row.note)
        median = f"{row.median:.3g}" if row.met else f"**{row.median:.3g}**"
        spread = f"{min(row.values):.3g} to {max(row.values):.3g}"
        cells = [row.what, row.bar, median, spread, str(len(row.values)), row.ours, row.reference]
        lines.append(f"| {' | '.join([*cells, f'({number})' if row.note else ''])} |")
    return lines


def _machine() -> str:
    named = [x for x in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in x]
    cpu = named[0].partition(":")[2].strip() if named else platform.processor()
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "lightning", "h5py", "boto3")
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {cpu}, {gigabytes:.0f} GiB, "
        f"no GPU; Python {platform.python_version()}, {packages}."
    )


if __name__ == "__main__":
    main()
