"""Which windows of which recordings there will be: known before a sample is read."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from components.convert import reasons
from components.convert.classes import rules_of
from components.convert.labelling import Rules, labelled, nearest
from components.convert.labels import Labels, is_bad
from components.convert.wishes import Wishes
from components.failures import Findings, InputError, noting
from components.hdf5.columns import LONGEST
from components.recordings import (
    Annotation,
    BrokenRecording,
    Prepared,
    Recording,
    Settings,
    Source,
    open_source,
)

log = logging.getLogger("biotune")

_MOST_LINES = 20


@dataclass
class Planned:
    """One recording of a conversion.

    Attributes:
        named: whether the labels know of it; what they leave out is no background.
        starts, labels: (N,) first samples and (N,) or (N, L) labels of its windows.
        dropped: windows left out, by reason.
    """

    recording: Recording
    prepared: Prepared
    subject: str
    spans: list[Annotation]
    named: bool
    starts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    dropped: Counter = field(default_factory=Counter)


@dataclass(frozen=True)
class Plan:
    """All recordings of a conversion.

    Attributes:
        settings: with channels, unit and sampling rate as they came out.
        window: in samples.
        broken: the message about each recording that can't be read.
    """

    recordings: list[Planned]
    settings: Settings
    window: int
    classes: tuple[str, ...]
    broken: dict[str, str]


def planned(sources: Sequence[Source], wishes: Wishes) -> Plan:
    """Opens every recording and finds its windows.

    Raises:
        Findings: what is wrong with recordings, a line each.
        InputError: nothing is labelled.
    """
    labels, broken, findings = Labels(wishes, sources), {}, []
    opened = []
    for source in sources:
        with noting(findings):
            try:
                recording = open_source(source, wishes.settings)
            except BrokenRecording as error:
                if not wishes.skip_broken:
                    raise
                log.warning("%s; left out", error)
                broken[source.name] = str(error)
                continue
            opened.append(_opened(recording, labels, wishes))
    if findings := list(dict.fromkeys(findings)):
        more = len(findings) - _MOST_LINES
        tail = [f"and {more} more recordings"] if more > 0 else []
        raise Findings([*findings[:_MOST_LINES], *tail])
    if not opened:
        raise InputError("no recording could be read; nothing is left to convert")
    labels.tell_strangers({one.subject for one in opened})
    settings = _common(opened, wishes.settings)
    names, rules = rules_of([one.spans for one in opened], opened[0].recording.name, wishes)
    for one in opened:
        _find_windows(one, rules, wishes)
    _require_windows(opened, wishes)
    return Plan(opened, settings, opened[0].prepared.window, names, broken)


def _opened(recording: Recording, labels: Labels, wishes: Wishes) -> Planned:
    prepared = Prepared(recording, wishes.settings)
    subject = labels.subject(recording)
    if not subject:
        raise InputError(
            f"{recording.path}: does not say who was recorded; say it by --subject, a regular "
            "expression that finds it in the path, or in a column subject of the labels' table"
        )
    for name in (subject, recording.name):
        if len(name) > LONGEST:
            raise InputError(
                f"{recording.path}: {name[:40]}... has {len(name)} characters, and a dataset's "
                f"names {LONGEST} at most; shorten it"
            )
    spans, named = labels.spans(recording, subject), labels.named(recording, subject)
    return Planned(recording, prepared, subject, spans, named)


def _common(opened: Sequence[Planned], settings: Settings) -> Settings:
    """The settings that would give the same windows of any further recording.

    Raises:
        Findings: recordings that differ from the first.
    """
    first, findings = opened[0], []
    told: tuple[tuple[str, Callable[[Prepared], object], str], ...] = (
        ("sampled at {} Hz", lambda p: f"{p.sampling_rate:g}", "ask for one rate by --resample"),
        ("in {}", lambda p: p.unit, "ask for one unit by --unit"),
        ("of {}", lambda p: ", ".join(p.channels), "name the ones you want by --channels"),
    )
    for text, value, fix in told:
        here = value(first.prepared)
        for other in opened[1:]:
            if (there := value(other.prepared)) != here:
                findings.append(
                    f"{other.recording.path}: is {text.format(there)}, but "
                    f"{first.recording.path} is {text.format(here)}; {fix}"
                )
                break  # one example says it
    if findings:
        raise Findings(findings)
    common = first.prepared
    return replace(
        settings, channels=common.channels, unit=common.unit, sampling_rate=common.sampling_rate
    )


def _find_windows(one: Planned, rules: Rules, wishes: Wishes) -> None:
    prepared = one.prepared
    if prepared.samples < prepared.window:
        one.dropped[reasons.SHORT] += 1
        return
    if prepared.bad and not wishes.keep_bad:
        one.dropped[reasons.BAD_CHANNEL] += 1
        return
    starts = _aligned(one) if wishes.align else prepared.starts()
    if instants := sum(s.duration <= 0 and s.text in rules.numbers for s in one.spans):
        one.dropped[reasons.INSTANT] += instants
    rules = rules if one.named else replace(rules, background=None)
    bad = [note for note in one.recording.annotations if is_bad(note.text)]
    labels, why = labelled(one.spans, bad, starts, prepared.window, prepared.sampling_rate, rules)
    for reason in np.unique(why[why != reasons.KEPT]).tolist():
        one.dropped[reasons.WINDOW[reason]] += int((why == reason).sum())
    one.starts, one.labels = starts[why == reasons.KEPT], labels[why == reasons.KEPT]


def _aligned(one: Planned) -> np.ndarray:
    """First samples of windows that begin at the onsets of labels and follow a stride apart."""
    prepared, found = one.prepared, []
    for span in one.spans:
        first = max(0.0, nearest(span.onset, prepared.sampling_rate))
        end = nearest(span.onset + span.duration, prepared.sampling_rate)
        if (last := min(end, prepared.samples) - prepared.window) >= first:
            found.append(np.arange(int(first), int(last) + 1, prepared.stride))
        elif span.duration > 0:
            one.dropped[reasons.SHORT_LABEL] += 1
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _require_windows(opened: Sequence[Planned], wishes: Wishes) -> None:
    if any(len(one.starts) for one in opened):
        return
    total = sum((one.dropped for one in opened), Counter())
    told = "; ".join(f"{reason}: {number:,}" for reason, number in total.most_common())
    hint = "; give labels a length by --span" if total[reasons.INSTANT] else ""
    raise InputError(f"no window is left ({told}){hint}")
