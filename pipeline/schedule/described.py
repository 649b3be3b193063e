"""A file of schedules made ready for the cluster: checked, compiled, and told apart by digests."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.failures import Failure, Findings
from pipeline import package, placement
from pipeline.schedule.file import File
from pipeline.schedule.trigger import Trigger


@dataclass(frozen=True)
class Described:
    """A schedule as the cluster shall have it.

    Attributes:
        name: of the schedule.
        experiment: Kubeflow's, by name.
        trigger: when it fires.
        package: the compiled pipeline.
        arguments: the pipeline's parameters.
        service_account: that its runs use; "" for the namespace's.
        catchup: whether missed firings are made up for.
        concurrency: how many of its runs may be in flight at once.
        paused: whether it fires at all.
        digest: of everything above but `paused`, in hexadecimal.
    """

    name: str
    experiment: str
    trigger: Trigger
    package: Path
    arguments: Mapping[str, Any]
    service_account: str
    catchup: bool
    concurrency: int
    paused: bool
    digest: str


def describe(file: File, path: Path, folder: Path) -> list[Described]:
    """Checks and compiles what a file describes, without a cluster.

    Args:
        file: what `path` holds.
        path: names the file in errors; profiles are relative to where it lies.
        folder: takes the compiled packages, one for each shape of pipeline.

    Raises:
        Findings: everything that is wrong with any of the schedules, a line each.
    """
    arguments: dict[str, dict[str, Any]] = {}
    wrong: dict[str, list[str]] = {}  # names by what is wrong: they may share a wrong profile
    for name in file.schedules:
        try:
            arguments[name] = package.arguments(file.request(name, path.parent))
        except Failure as error:
            for line in str(error).splitlines():
                wrong.setdefault(line, []).append(f"schedules.{name}")
    if wrong:
        raise Findings([f"{path}: {', '.join(names)}: {line}" for line, names in wrong.items()])
    packages: dict[tuple, Path] = {}
    return [
        _described(file, name, path.parent, arguments[name], packages, folder)
        for name in file.schedules
    ]


def _described(
    file: File,
    name: str,
    beside: Path,
    arguments: Mapping[str, Any],
    packages: dict[tuple, Path],
    folder: Path,
) -> Described:
    schedule, request = file.schedules[name], file.request(name, beside)
    shape = (request.profile, request.seeds, bool(request.registry))
    if shape not in packages:  # to compile takes a second or more
        target = folder / f"{len(packages)}.yaml"
        package.write(target, profile=shape[0], seeds=shape[1], promotion=shape[2])
        packages[shape] = target
    profile = placement.load(request.profile) if request.profile else placement.Profile()
    matter = {
        "experiment": file.experiment,
        "service_account": profile.service_account or "",
        "catchup": schedule.catchup,
        "concurrency": schedule.concurrency,
    }
    trigger = schedule.trigger
    sums = {
        "package": hashlib.sha256(packages[shape].read_bytes()).hexdigest(),
        "arguments": arguments,
        "cron": trigger.cron,
        "every": trigger.every,
        "start": trigger.start and trigger.start.isoformat(),
        "end": trigger.end and trigger.end.isoformat(),
    }
    digest = hashlib.sha256(json.dumps(matter | sums, sort_keys=True).encode()).hexdigest()
    return Described(
        name=name,
        trigger=trigger,
        package=packages[shape],
        arguments=arguments,
        paused=schedule.paused,
        digest=digest,
        **matter,
    )
