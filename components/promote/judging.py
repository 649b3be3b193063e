"""Whether a new model takes the champion's place, and why."""

from dataclasses import dataclass
from decimal import Decimal

from components.failures import Failure
from components.promote.entrant import Entrant
from components.registry.champions import Champion
from components.registry.scores import Scores

ALONE = "there was no champion to compare with"
FALLING = ("loss",)  # metrics whose lower end is the better one


@dataclass(frozen=True)
class Verdict:
    """A decision before it is carried out.

    Attributes:
        promoted: whether the new model becomes (or is already, by an earlier try) the champion.
        reason: in words, with both numbers.
        new: the new model's number, None where it is undefined.
        champion: the champion's number; None where it is undefined, or there is no champion.
        done: whether the registry says so already.
    """

    promoted: bool
    reason: str
    new: float | None
    champion: float | None
    done: bool = False


def judge(
    entrant: Entrant, champion: Champion | None, metric: str, margin: float, attempt: str
) -> Verdict:
    """Holds a new model against the present champion.

    Args:
        champion: as the registry names it now, which may be another one than was tested.
        metric: what decides, without a prefix.
        margin: by how much more than this the new one must be better.
        attempt: fingerprint of this retraining, "" if there is none.

    Raises:
        Failure: the champion changed during the run to one whose numbers can't be compared.
    """
    new = entrant.scores.value(metric)
    if champion is None:
        if new is None:
            return Verdict(False, _undefined(entrant.scores, metric, "the new model"), None, None)
        return Verdict(True, f"{ALONE}; {metric} is {new:.4f}", new, None)
    if champion.model == entrant.model:
        return _same(entrant, champion, metric, margin, attempt)
    theirs = _scores(entrant, champion)
    old = theirs.value(metric) if theirs else None
    if new is None:
        return Verdict(False, _undefined(entrant.scores, metric, "the new model"), None, old)
    if theirs is None:
        raise Failure(_changed(entrant, champion))
    if old is None:
        why = _undefined(theirs, metric, "the champion")
        return Verdict(False, f"{why}, so nothing shows that the new model is better", new, None)
    promoted, reason = _compare(new, old, metric, margin)
    return Verdict(promoted, reason, new, old)


def _same(
    entrant: Entrant, champion: Champion, metric: str, margin: float, attempt: str
) -> Verdict:
    """The new model's files are the champion's: a retry after the change, or the same result."""
    new, rival = entrant.scores.value(metric), entrant.rival
    if not attempt or champion.attempt != attempt:  # by hand neither has one, and nothing is known
        return Verdict(False, "the champion is this very model, file by file", new, new)
    old, reason = None, ALONE if not champion.previous else f"{metric} is {new}"
    if rival is not None and rival.model == champion.previous:
        old = rival.scores.value(metric)
        if new is not None and old is not None:
            reason = _compare(new, old, metric, margin)[1]
    return Verdict(True, f"{reason} (made the champion by an earlier try)", new, old, done=True)


def _scores(entrant: Entrant, champion: Champion) -> Scores | None:
    """The champion's numbers on the new model's terms, measured now or recorded then."""
    if entrant.rival is not None and entrant.rival.model == champion.model:
        return entrant.rival.scores
    if champion.scores is not None and champion.scores.comparable(entrant.scores):
        return champion.scores
    return None


def _changed(entrant: Entrant, champion: Champion) -> str:
    tested = f"champion {entrant.rival.model[:12]}" if entrant.rival else "no champion"
    return (
        f"champion.json: names {champion.model[:12]} by now, but the new model was tested beside "
        f"{tested}, and no numbers of this very test are recorded; run again, or evaluate "
        "beside that one (--champion)"
    )


def _undefined(scores: Scores, metric: str, whose: str) -> str:
    return (
        f"{metric} of {whose} is undefined ({scores.reason(metric)}); another promotion.metric "
        "may be known"
    )


def _compare(new: float, old: float, metric: str, margin: float) -> tuple[bool, str]:
    # In decimals: 0.8 - 0.7 is more than 0.1 in binary, and would pass a margin of 0.1.
    gain = Decimal(repr(new)) - Decimal(repr(old))
    if metric in FALLING:
        gain = -gain
    better = "lower" if metric in FALLING else "higher"
    numbers = f"{metric} {new:.4f} against the champion's {old:.4f}"
    if gain > Decimal(repr(margin)):
        return True, f"{numbers}: {better} by {gain:.4f}, more than the margin of {margin:g}"
    if gain > 0:
        return False, f"{numbers}: {better} by {gain:.4f}, within the margin of {margin:g}"
    return False, f"{numbers}: {'equal' if gain == 0 else f'not {better}'}"
