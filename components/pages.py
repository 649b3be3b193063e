"""HTML pages out of templates."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def rendered(
    template: Path, content: Mapping[str, Any], filters: Mapping[str, Callable] | None = None
) -> str:
    """The page that a template makes of its content, in which nothing is taken for HTML.

    Raises:
        jinja2.UndefinedError: the template names what the content has not.
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(template.name).render(**content)
