"""Whether a new model takes the champion's place, and why."""

from dataclasses import dataclass
from decimal import Decimal

from components.failures import Failure
from components.promote.entrant import Entrant
from components.registry.champions import Champion
from components.registry.scores import Scores

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
    if champion is not None and champion.model == entrant.model:
        return _same(entrant, champion, metric, attempt)
    if new is None:
        why = f"{metric} of the new model is undefined ({entrant.scores.reason(metric)})"
        old = None if champion is None else _scores(entrant, champion).value(metric)
        return Verdict(False, why, None, old)
    if champion is None:
        return Verdict(
            True, f"there was no champion to compare with; {metric} is {new:.4f}", new, None
        )
    theirs = _scores(entrant, champion)
    old = theirs.value(metric)
    if old is None:
        why = (
            f"{metric} of the champion is undefined ({theirs.reason(metric)}), so nothing shows "
            "that the new model is better; set another promotion.metric"
        )
        return Verdict(False, why, new, None)
    promoted, reason = _compare(new, old, metric, margin)
    return Verdict(promoted, reason, new, old)


def _same(entrant: Entrant, champion: Champion, metric: str, attempt: str) -> Verdict:
    """The new model's files are the champion's: a retry after the change, or the same result."""
    new = entrant.scores.value(metric)
    if attempt and champion.attempt == attempt:
        return Verdict(
            True, "an earlier try of this step has made it the champion", new, None, done=True
        )
    return Verdict(False, "the champion is this very model, file by file", new, new)


def _scores(entrant: Entrant, champion: Champion) -> Scores:
    """The champion's numbers on the new model's terms, measured now or recorded then."""
    rival = entrant.rival
    if rival is not None and rival.model == champion.model:
        return rival.scores
    if champion.scores is not None and champion.scores.comparable(entrant.scores):
        return champion.scores
    tested = f"champion {rival.model[:12]}" if rival else "no champion"
    raise Failure(
        f"champion.json: names {champion.model[:12]} by now, but the new model was tested beside "
        f"{tested}, and the recorded numbers are of another test; run again"
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
