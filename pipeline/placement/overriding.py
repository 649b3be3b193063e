"""Values for run-time parameters, held to the same rules as those in the profile."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from components.failures import Findings
from components.storage.address import shown
from pipeline.placement.problems import dotted, may_be_secret, problems
from pipeline.placement.profile import Profile
from pipeline.placement.runtime import parameters, paths, written
from pipeline.placement.section import Keys

_KINDS = {str: "text", list: "a list, as in [...]", dict: "a mapping, as in {key: value}"}


def override(profile: Profile, values: Mapping[str, Any]) -> dict[str, Any]:
    """Checks values for run-time parameters.

    Args:
        profile: the cluster's placement, whose parameters they are.
        values: by name, as a user gives them: the text of a list or mapping will do.

    Returns:
        The values as KFP takes them.

    Raises:
        Findings: a line for each name that is no parameter, and for each wrong value.
    """
    kinds = {parameter.name: parameter.annotation for parameter in parameters(profile)}
    places = paths(profile)
    findings = [_unknown(profile, name, kinds) for name in values if name not in kinds]
    taken = {}
    for name in [name for name in values if name in kinds]:
        value = _as(kinds[name], values[name])
        if value is None:
            named = _named(name, values[name], places[name])
            findings.append(f"{named}: must be {_KINDS[kinds[name]]}")
        else:
            taken[name] = value
    findings.extend(_wrong(profile, taken))
    if findings:
        raise Findings(sorted(findings))
    return taken


def _as(kind: type, value: Any) -> Any:
    """The value as the kind that the parameter has; None where it is none."""
    if kind is str:
        return str(value) if type(value) in (int, str) else None
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError:
            return None
    return value if isinstance(value, kind) else None


def _wrong(profile: Profile, taken: Mapping[str, Any]) -> Iterator[str]:
    """What the profile would be refused for, had it these values."""
    content, places = written(profile), paths(profile)
    for name, value in taken.items():
        count = name.endswith("gpu_count") and re.fullmatch("-?[0-9]+", value)
        _put(content, places[name], int(value) if count else value)
    try:
        Profile.model_validate(content)
    except ValidationError as error:
        for keys, reason, _ in problems(error, Profile):
            at = [name for name in taken if keys[: len(places[name])] == places[name]]
            if at:
                below = dotted(keys[len(places[at[0]]) :])
            else:  # it clashes with what the profile says, and that is where the clash is told
                at = [name for name in taken if places[name][:-1] == keys[:-1]] or list(taken)
                below = dotted(keys)
            for name in at:
                named = _named(name, taken[name], places[name])
                yield f"{named}: {below}{': ' if below else ''}{reason}"


def _put(content: Any, keys: Keys, value: Any) -> None:
    for key in keys[:-1]:
        content = content[key]
    content[keys[-1]] = value


def _unknown(profile: Profile, name: str, known: Mapping[str, type]) -> str:
    if profile.nodes > 1 and name in paths(profile):
        return f"{name}: is fixed when compiling where nodes={profile.nodes}; change the profile"
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"there are {', '.join(known)}" if known else "the profile leaves none open"
    if near:
        hint = f"did you mean {near[0]}?"
    return f"{name}: is no parameter of the pipeline; {hint}"


def _named(name: str, value: Any, place: Keys) -> str:
    return name if may_be_secret(place) else f"{name}={shown(str(value))[:80]}"
