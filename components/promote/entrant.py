"""The new model as promote sees it: its files, its scores, and whom it was tested beside."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.artifacts import CHAMPION
from components.failures import InputError, first_line
from components.registry import contents, records, scores
from components.registry.scores import Scores


@dataclass(frozen=True)
class Rival:
    """A champion that was tested beside the new model.

    Attributes:
        model: its fingerprint.
        scores: on the new model's test split, with its settings.
    """

    model: str
    scores: Scores


@dataclass(frozen=True)
class Entrant:
    """A new model.

    Attributes:
        folder: made by finetune.
        model: its fingerprint.
        scores: of evaluate.
        rival: None where it was tested alone.
    """

    folder: Path
    model: str
    scores: Scores
    rival: Rival | None


def entrant(folder: Path, evaluation: Path) -> Entrant:
    """Reads a tuned model's folder and that of its evaluation.

    Raises:
        InputError: one is not what it should be, or they do not belong together.
    """
    model = contents.fingerprint(contents.digests(folder))
    contents.config(folder / contents.CONFIG)
    own, details = scores.of(evaluation)
    if (tested := details["evaluated"].get("model")) != model:
        raise InputError(
            f"--evaluation={evaluation}: is of another model ({str(tested)[:12]}) than "
            f"--model={folder} ({model[:12]}); evaluate this one"
        )
    return Entrant(folder, model, own, _rival(evaluation, own))


def _rival(evaluation: Path, own: Scores) -> Rival | None:
    file = evaluation / CHAMPION
    if not file.exists():
        return None
    try:
        data: Any = json.loads(file.read_bytes())
        settings = {"test": own.test, "settings": own.settings}
        tested = scores.parse({"metrics": data["metrics"], **settings})
        return Rival(records.digest(data["model"]), tested)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{file}: is not what evaluate leaves ({first_line(error)}); evaluate again"
        ) from error
