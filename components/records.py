"""What our own steps left in a file, held against its form once, when it is read again."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from components.failures import InputError

Number = float | None
_SAID = {
    "missing": "is missing",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
}
_LONGEST = 60


class Part(BaseModel):
    """An object with fields of these types; what else it holds is not looked at."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


def hold(form: type[Part], content: Any, file: str, fix: str) -> None:
    """Refuses content that has not this form, since whoever goes on with it would stumble.

    Args:
        content: of a JSON file.
        file: for the message.
        fix: what to do, for the message.

    Raises:
        InputError: it has another form; the first key where it differs is named.
    """
    try:
        form.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        said = _SAID.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        key = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in first["loc"])
        where = " ".join(f"{key.removeprefix('.')}:".split()) if key else "the content"
        value = "" if first["type"] == "missing" else f" ({first['input']!r:.{_LONGEST}})"
        raise InputError(f"{file}: {where} {said}{value}; {fix}") from error
