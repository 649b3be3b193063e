"""Finds the state dict in what a torch file holds."""

from typing import Any

from components.checkpoint.contents import printable, require_readable_names
from components.checkpoint.inert import Foreign
from components.checkpoint.tensors import Source
from components.checkpoint.views import View

PLACES = ("state_dict", "model_state_dict", "model")
_RESAVE = "save its weights alone: torch.save(model.state_dict(), 'weights.pt')"


def find_state_dict(content: Any, source: Source) -> dict[str, Any]:
    """The names and values of the state dict: of one of `PLACES`, or the content itself.

    Raises:
        InputError: there is none, or there are two.
        ValueError: a tensor has a name that can't be.
    """
    if type(content) is not dict:
        raise source.refusal(f"holds {_told(content)}, not a state dict; {_RESAVE}")
    places = [place for place in PLACES if _has_tensors(content.get(place))]
    if len(places) > 1:
        raise source.refusal(
            f"holds weights under {' and under '.join(places)}, and which of them are meant is "
            f"not told; {_RESAVE}"
        )
    found = content[places[0]] if places else content
    if not _has_tensors(found):
        raise source.refusal(f"{_lacking(content)}; {_RESAVE}")
    if not places:
        # what was saved beside the tensors is no part of the state dict
        found = {name: value for name, value in found.items() if _may_be_weight(value)}
    require_readable_names(found)
    return found


def _has_tensors(value: Any) -> bool:
    return type(value) is dict and any(type(item) is View for item in value.values())


def _may_be_weight(value: Any) -> bool:
    return type(value) in (View, Foreign)


def _told(value: Any) -> str:
    if type(value) is Foreign:
        return f"an object of {printable(value.name)}"
    return "a single tensor" if type(value) is View else f"a {type(value).__name__}"


def _lacking(content: dict) -> str:
    for place in PLACES:
        if type(content.get(place)) is Foreign:
            return f"holds under {place} {_told(content[place])}, not a state dict"
    keys = ", ".join(printable(str(key)) for key in list(content)[:5] if type(key) is str)
    return f"no tensor is in it, neither at the top nor under {', '.join(PLACES)} (keys: {keys})"
