"""The profile as a JSON Schema of one piece, which a chart's values can hold."""

from typing import Any

from pipeline.placement.profile import Profile


def schema() -> dict[str, Any]:
    """The JSON Schema of a profile: without references, for use at any depth of another schema."""
    whole = Profile.model_json_schema()
    definitions = whole.pop("$defs")
    return _inlined(whole, definitions)


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        rest = {key: value for key, value in part.items() if key != "$ref"}
        target = definitions[part["$ref"].rpartition("/")[2]]
        # A description beside the reference says more than the section's own.
        return _inlined({**target, **rest}, definitions)
    inlined = {
        key: _inlined(value, definitions)
        for key, value in part.items()
        if not (key == "title" and isinstance(value, str))
    }
    if "patternProperties" in part:  # names are of the user's choice, but not any text
        inlined["additionalProperties"] = False
    return inlined
