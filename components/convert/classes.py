"""Which classes there are, and which number the text of a label gets."""

from collections.abc import Sequence

from components.convert.labelling import Rules
from components.convert.wishes import ANNOTATIONS, Wishes
from components.failures import InputError
from components.recordings import Annotation

_MOST = 20
_MOST_CLASSES = 500


def rules_of(
    spans: Sequence[Sequence[Annotation]], example: str, wishes: Wishes
) -> tuple[tuple[str, ...], Rules]:
    """The names of the classes, and how spans become their numbers.

    Args:
        spans: of each recording.
        example: the name of a recording, for the message.

    Raises:
        InputError: there is no label at all, none of a class that was asked for, or far too many.
    """
    found = {span.text for some in spans for span in some}
    if not found:
        where = (
            f"none of {len(spans)} recordings has annotations; name a table by --labels"
            if wishes.labels == ANNOTATIONS
            else f"--labels={wishes.labels} labels none of the {len(spans)} recordings; the first "
            f"is called {example}"
        )
        raise InputError(f"no labels: {where}")
    if not wishes.classes and len(found) > _MOST_CLASSES:
        some = ", ".join(sorted(found)[:3])
        raise InputError(
            f"there are {len(found):,} different labels, such as {some}; name the classes that you "
            "want by --classes"
        )
    if wishes.classes:
        names, numbers = _numbered(wishes.classes)
    else:  # as the files have them, which may hold `=` and `|`
        names = tuple(sorted(found, key=_in_order))
        numbers = {text: number for number, text in enumerate(names)}
    for number, name in enumerate(names):
        used = {text for text, own in numbers.items() if own == number} & found
        if not used and name != wishes.background:
            some = ", ".join(sorted(found, key=_in_order)[:_MOST])
            raise InputError(f"--classes: nothing is labelled {name}; there are {some}")
    background = None
    if wishes.background is not None and wishes.multi_label:
        background = -1
    elif wishes.background is not None:
        names = names if wishes.background in names else (*names, wishes.background)
        background = names.index(wishes.background)
    return names, Rules(numbers, len(names), wishes.overlap, background, wishes.multi_label)


def _numbered(classes: Sequence[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    """The names of `name` and `name=text|text`, and the number of each text.

    Raises:
        InputError: a name or a text stands twice.
    """
    names, numbers = [], {}
    for number, given in enumerate(classes):
        name, _, texts = given.partition("=")
        names.append(name.strip())
        for text in (texts or name).split("|"):
            if numbers.setdefault(text.strip(), number) != number:
                raise InputError(f"--classes: {text.strip()} stands in two classes")
    if len(set(names)) < len(names) or "" in names:
        raise InputError(f"--classes={','.join(classes)}: every class needs a name of its own")
    return tuple(names), numbers


def _in_order(text: str) -> tuple[bool, float, str]:
    """Numbers by their value, before texts."""
    try:
        return False, float(text), text
    except ValueError:
        return True, 0.0, text
