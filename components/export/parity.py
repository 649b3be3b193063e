"""Whether an exported model gives the numbers of the one that it was made of."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from components.encoder import Network
from components.failures import Failure
from components.objectives import Objective

TOLERANCE = 1e-5
BATCHES = (1, 2, 32, 7)  # sizes tried in turn
Runs = Callable[[np.ndarray], list[np.ndarray]]


def check(
    network: Network, objective: Objective, exported: Runs, windows: np.ndarray
) -> dict[str, Any]:
    """Holds probabilities and decisions of both against each other, in batches of several sizes.

    Args:
        windows: (N, C, T) float32 in the unit of the data.

    Returns:
        The largest differences, and how many decisions are others.

    Raises:
        Failure: a probability is further off than `TOLERANCE`, or no number.
    """
    furthest = {"probabilities": 0.0, "logits": 0.0}
    others = 0
    for batch in _batches(windows):
        probabilities, logits = (torch.from_numpy(output).double() for output in exported(batch))
        with torch.inference_mode():
            right = network(torch.from_numpy(batch)).float()
            wanted = objective.probabilities(right)
        for name, made, true in (
            ("probabilities", probabilities, wanted),
            ("logits", logits, right.double()),
        ):
            difference = float((made - true).abs().max())
            furthest[name] = float(np.maximum(furthest[name], difference))  # keeps NaN
        decided, expected = objective.predictions(probabilities), objective.predictions(wanted)
        others += int((decided != expected).reshape(len(batch), -1).any(1).sum())
    if not furthest["probabilities"] <= TOLERANCE:
        raise Failure(
            f"the exported model's probabilities are up to {furthest['probabilities']:.1e} off on "
            f"{len(windows)} windows, more than {TOLERANCE:.0e}; nothing is written"
        )
    return {"max_abs_difference": furthest, "other_decisions": others, "tolerance": TOLERANCE}


def _batches(windows: np.ndarray) -> Iterator[np.ndarray]:
    place, turn = 0, 0
    while place < len(windows):
        size = BATCHES[turn % len(BATCHES)]
        yield np.ascontiguousarray(windows[place : place + size])
        place, turn = place + size, turn + 1
