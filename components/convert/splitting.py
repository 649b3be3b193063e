"""Who goes into which split; never a subject into two."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from components.convert.wishes import Wishes
from components.failures import Findings, InputError
from components.hdf5 import SPLITS
from components.recordings import rows

_TRIES = 2000


def split_of(counts: Mapping[str, np.ndarray], wishes: Wishes) -> dict[str, str]:
    """The split of each subject.

    Args:
        counts: (classes,) windows of each class, by subject.

    Raises:
        InputError: a table does not name a subject, or there are fewer subjects than splits.
    """
    ratios = wishes.ratios()
    if ratios is None:
        return _given(Path(wishes.split).expanduser(), counts)
    subjects = sorted(counts)
    sizes = _sizes(len(subjects), ratios, wishes.split)
    rng = np.random.default_rng(wishes.seed)
    owners = np.repeat(np.arange(len(SPLITS)), sizes)
    chosen = rng.permutation(owners)
    if wishes.stratify:
        chosen = _most_alike(np.stack([counts[s] for s in subjects]), owners, ratios, rng)
    return {subject: SPLITS[owner] for subject, owner in zip(subjects, chosen, strict=True)}


def _sizes(subjects: int, ratios: Sequence[float], told: str) -> list[int]:
    """Subjects of each split: as the shares say, and at least one where a share is not 0."""
    wanted = sum(ratio > 0 for ratio in ratios)
    if subjects < wanted:
        raise InputError(
            f"--split={told}: {wanted} splits need as many subjects, but there are {subjects}; a "
            "share of 0 leaves a split out"
        )
    sizes = [1 if ratio > 0 else 0 for ratio in ratios]
    for _ in range(subjects - wanted):
        lacking = [ratio * subjects - size for ratio, size in zip(ratios, sizes, strict=True)]
        sizes[int(np.argmax(lacking))] += 1
    return sizes


def _most_alike(
    counts: np.ndarray, owners: np.ndarray, ratios: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Of many random splits, the one whose shares of each class come closest to the ratios.

    Args:
        counts: (subjects, classes) windows.
        owners: (subjects,) split numbers in any order.
    """
    shares = counts / np.maximum(1, counts.sum(axis=0))
    best, least = owners, np.inf
    for _ in range(_TRIES):
        tried = rng.permutation(owners)
        held = np.stack([shares[tried == split].sum(axis=0) for split in range(len(ratios))])
        off = float(np.square(held - np.array(ratios)[:, None]).sum())
        if off < least:
            best, least = tried, off
    return best


def _given(path: Path, counts: Mapping[str, np.ndarray]) -> dict[str, str]:
    if not path.is_file():
        raise InputError(
            f"--split={path}: neither three shares, as in 0.7,0.15,0.15, nor a table that is there"
        )
    table, found, findings = rows(path), {}, []
    for number, row in enumerate(table, 2):
        subject, split = row.get("subject", row.get("participant_id", "")), row.get("split", "")
        subject = subject.removeprefix("sub-") if subject not in counts else subject
        if not subject or split not in SPLITS:
            findings.append(
                f"--split={path}: line {number} must name a subject and, as its split, one of "
                f"{', '.join(SPLITS)}"
            )
        elif found.setdefault(subject, split) != split:
            findings.append(f"--split={path}: {subject} is in {found[subject]} and in {split}")
    if unnamed := sorted(set(counts) - set(found)):
        some = ", ".join(unnamed[:10]) + (", ..." if len(unnamed) > 10 else "")
        findings.append(f"--split={path}: does not name {some} ({len(unnamed)} subjects)")
    if findings:
        raise Findings(findings[:20])
    return {subject: found[subject] for subject in counts}
