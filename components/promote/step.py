"""Promote: a new model against the champion, and the registry changed so that it is always whole.

The order of writes is what makes a kill harmless: a model's files, the record that marks them
whole, the champion, the attempt. Whatever is missing, the next try adds; nothing names what is not
whole.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components import registry as registries
from components.artifacts import DECISION, publish
from components.failures import Failure, InputError
from components.promote.entrant import Entrant, entrant
from components.promote.judging import Verdict, judge
from components.registry import attempts, champions, models, records
from components.registry.champions import Champion
from components.storage import Conflict, shown
from components.tracking import following

log = logging.getLogger("biotune")

PROMOTED, KEPT = attempts.DECISIONS
TRIES = 10


@dataclass(frozen=True)
class Decision:
    """What became of a new model: the content of `decision.json`.

    Attributes:
        decision: "promoted" or "kept" (the champion stays).
        reason: in words, with both numbers.
        metric: what decided.
        margin: what the gain must exceed.
        new: the new model's number, None if undefined.
        champion: the number of the champion that it was held against, None if undefined or absent.
        model: fingerprint of the new model.
        previous: fingerprint of the champion that it was held against, "" for none.
        attempt: fingerprint of the retraining, "" for one that is not recorded.
        registry: URI.
    """

    decision: str
    reason: str
    metric: str
    margin: float
    new: float | None
    champion: float | None
    model: str
    previous: str
    attempt: str
    registry: str

    @property
    def numbers(self) -> dict[str, float]:
        """The finite numbers, for Kubeflow's page."""
        given = {"new": self.new, "champion": self.champion}
        found = {f"{who}_{self.metric}": v for who, v in given.items() if v is not None}
        return {"promoted": float(self.decision == PROMOTED), "margin": self.margin, **found}


def run(
    model: Path, evaluation: Path, registry: str, output: Path, config: Mapping[str, Any]
) -> Decision:
    """Makes a model the champion of a registry if it is better than the present one.

    Args:
        model: a folder made by finetune.
        evaluation: a folder made by evaluate of that model, beside the champion if there is one.
        registry: URI of the registry.
        output: the folder to make: `decision.json`.
        config: the promote slice of the configuration, with `attempt` where preflight made it.

    Raises:
        InputError: the folders do not belong together, or the registry is spoilt.
        Failure: the champion changed meanwhile, and can't be compared with.
    """
    if not registry:
        raise InputError("--registry: is empty; give the URI of the models' registry")
    settings, attempt = config["promotion"], config.get("attempt") or {}
    name = attempt.get("fingerprint", "")
    new = entrant(Path(model), Path(evaluation))
    with publish(output) as folder:
        registries.require_writable(registry)
        verdict, previous = _settle(new, registry, settings["metric"], settings["margin"], name)
        decision = Decision(
            decision=PROMOTED if verdict.promoted else KEPT,
            reason=verdict.reason,
            metric=settings["metric"],
            margin=settings["margin"],
            new=verdict.new,
            champion=verdict.champion,
            model=new.model,
            previous=previous,
            attempt=name,
            registry=shown(registry),
        )
        _record(registry, decision, attempt)
        text = json.dumps(asdict(decision), indent=1, allow_nan=False)
        (folder / DECISION).write_text(text, encoding="utf-8")
    log.info("%s %s: %s", decision.decision, new.model[:12], decision.reason)
    following.after_promotion(config, Path(model), promoted=verdict.promoted, why=decision.reason)
    return decision


def _settle(
    new: Entrant, registry: str, metric: str, margin: float, attempt: str
) -> tuple[Verdict, str]:
    """Decides and acts, again if another run changes the champion meanwhile.

    Returns:
        The verdict, and the fingerprint of the champion before it.
    """
    for _ in range(TRIES):
        seat = champions.read(registry)
        champion = seat.champion
        verdict = judge(new, champion, metric, margin, attempt)
        if verdict.done:
            return verdict, champion.previous
        before = champion.model if champion else ""
        if not verdict.promoted:
            return verdict, before
        models.store(registry, new.folder, new.scores)
        try:
            crowned = Champion(new.model, new.scores, attempt, before, records.now())
            champions.replace(registry, crowned, seat)
        except Conflict:
            log.info("another run has changed the champion meanwhile; comparing again")
            continue
        return verdict, before
    raise Failure(f"{shown(registry)}: the champion changes all the time; run again")


def _record(registry: str, decision: Decision, attempt: Mapping[str, Any]) -> None:
    if not decision.attempt:
        log.info("no attempt is recorded: only preflight with a registry knows what went into it")
        return
    data = {**asdict(decision), "of": attempt.get("of")}
    if not attempts.record(registry, decision.attempt, data):
        log.info("attempt %s was recorded before; that record stays", decision.attempt[:12])
