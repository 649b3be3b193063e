"""Where a training's states are kept, and the one that it goes on from, for each of its nodes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components import resume
from components.artifacts import BACKBONE
from components.finetune.peers import Peers

Plan = dict[str, Any]


@contextmanager
def planned(
    config: Mapping[str, Any],
    paths: Mapping[str, Path],
    fingerprints: Mapping[str, str],
    backbone: Path | None,
    processes: int,
    peers: Peers | None = None,
) -> Iterator[Plan | None]:
    """Holds the place of the states for the block.

    Of several nodes the first one holds it; the others hear from it, and fetch the state too.

    Args:
        config: the fine-tune slice of the configuration.
        paths, fingerprints: of each split.
        backbone: a folder made by load-checkpoint, or None from scratch.
        processes: how many train, on all nodes.

    Yields:
        `place`, `every` and `found` as plain data; None if no states are wanted.
    """
    settings = resume.settings(config.get("resume") or {})
    if settings is None or config["trainer"].get("fast_dev_run"):
        yield None
        return
    with TemporaryDirectory(prefix="biotune-resume-") as scratch:
        if peers and not peers.nodes.first:
            plan = peers.hear()
            found = resume.Place(**plan["place"]).first(Path(scratch)) if plan["found"] else None
            yield plan | {"found": asdict(found) if found else None}
            return
        prints = {s: fingerprints.get(s) or f"sha256:{resume.digest(p)}" for s, p in paths.items()}
        weights = backbone / BACKBONE if backbone else None
        facts = resume.facts(config, prints, weights, processes)
        with resume.open_place(settings, facts, Path(scratch)) as (place, found):
            plan = {"place": asdict(place), "every": settings.every}
            plan["found"] = asdict(found) if found else None
            if peers:
                peers.tell(plan)
            yield plan
