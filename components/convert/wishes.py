"""What the user wants of a conversion, beside the windows' `Settings`."""

import re
from dataclasses import dataclass
from pathlib import Path

from components.failures import InputError
from components.recordings import Settings

ANNOTATIONS = "annotations"


@dataclass(frozen=True)
class Wishes:
    """What is wanted of a conversion.

    Attributes:
        settings: how windows are made.
        labels: `annotations`, or the path of a table.
        label_column: of the table.
        classes: names in the order of their numbers, each as `name` or `name=text|text`; all texts
            in their order where none is given.
        span: seconds from a label's onset that are taken instead of its own duration.
        background: the class of time that nobody labelled; None drops it.
        overlap: the share of a window that a label must cover.
        multi_label: labels (N, L): which classes cover a window.
        align: begin windows at the onsets of labels instead of the recording's.
        subject: a regular expression whose first group, found in a path, is the subject.
        split: three shares, or the path of a table with `subject` and `split`.
        stratify: make the classes' shares alike in all splits.
        skip_broken: go on without recordings that can't be read.
        keep_bad: keep recordings whose wanted channels are marked bad.
    """

    settings: Settings
    labels: str = ANNOTATIONS
    label_column: str = "label"
    classes: tuple[str, ...] = ()
    span: tuple[float, float] | None = None
    background: str | None = None
    overlap: float = 1.0
    multi_label: bool = False
    align: bool = False
    subject: str | None = None
    split: str = "0.7,0.15,0.15"
    stratify: bool = False
    seed: int = 0
    skip_broken: bool = False
    keep_bad: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.overlap <= 1:
            raise InputError(f"--overlap={self.overlap:g}: must be above 0 and at most 1")
        if self.span is not None and not self.span[0] < self.span[1]:
            raise InputError(
                f"--span={self.span[0]:g}s,{self.span[1]:g}s: must end after it begins"
            )
        if self.seed < 0:
            raise InputError(f"--seed={self.seed}: must not be negative")
        if self.align and self.background is not None:
            raise InputError(
                f"--background={self.background}: with --align windows begin at labels alone, and "
                "none lies where nobody labelled; leave out one of the two"
            )
        if self.subject is not None:
            _require_group(self.subject)

    def tables(self) -> list[Path]:
        """Files that are named here, and are no recordings."""
        named = [] if self.labels == ANNOTATIONS else [self.labels]
        named += [self.split] if self.ratios() is None else []
        return [Path(name).expanduser() for name in named]

    def ratios(self) -> tuple[float, ...] | None:
        """The shares of train, val and test; None where `split` is a table.

        Raises:
            InputError: they are not three, negative, or sum to something else than 1.
        """
        try:
            shares = tuple(float(word) for word in self.split.split(","))
        except ValueError:
            return None
        if (
            len(shares) != 3
            or not all(share >= 0 for share in shares)
            or abs(sum(shares) - 1) > 1e-6
        ):
            raise InputError(
                f"--split={self.split}: give the shares of train, val and test, which sum to 1, as "
                "in 0.7,0.15,0.15, or a table with the columns subject and split"
            )
        return shares


def _require_group(pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise InputError(f"--subject={pattern}: no regular expression ({error})") from None
    if groups != 1:
        raise InputError(f"--subject={pattern}: needs one group in brackets, as in 'sub-(\\w+)'")
