"""Lists with filter, order and pages."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from tests.kfp_server.contract import snake
from tests.kfp_server.state import JSON, Refused

_COMPARED = {
    "EQUALS": lambda a, b: a == b,
    "NOT_EQUALS": lambda a, b: a != b,
    "GREATER_THAN": lambda a, b: a > b,
    "GREATER_THAN_EQUALS": lambda a, b: a >= b,
    "LESS_THAN": lambda a, b: a < b,
    "LESS_THAN_EQUALS": lambda a, b: a <= b,
    "IN": lambda a, b: a in b,
    "IS_SUBSTRING": lambda a, b: b in a,
}
_KEYS = ("display_name", "name", "created_at", "state", "storage_state", "status", "finished_at")


def page(field: str, things: Iterable[JSON], query: dict[str, str]) -> JSON:
    """One page of a list, under the field that the description names for it."""
    found = [thing for thing in things if _wanted(thing, query.get("filter", ""))]
    key, _, direction = (query.get("sort_by") or "created_at").partition(" ")
    if key not in _KEYS:
        raise Refused(400, f"Invalid input error: Invalid sorting field: {key!r}")
    found.sort(key=lambda thing: thing.get(key, ""), reverse=direction == "desc")
    start, asked = _start(query)
    size = min(200, int(query.get("page_size") or 0) or 20)
    if asked and asked != _settings(query):
        raise Refused(400, "Invalid input error: page token does not match the request")
    answer: JSON = {"total_size": len(found)}
    if found[start : start + size]:  # protobuf leaves out an empty list
        answer[field] = found[start : start + size]
    if start + size < len(found):
        token = json.dumps([start + size, _settings(query)])
        answer["next_page_token"] = base64.b64encode(token.encode()).decode()
    return answer


def _settings(query: dict[str, str]) -> list[str]:
    return [query.get("filter", ""), query.get("sort_by", "")]


def _start(query: dict[str, str]) -> tuple[int, list[str] | None]:
    if not query.get("page_token"):
        return 0, None
    try:
        return tuple(json.loads(base64.b64decode(query["page_token"])))
    except ValueError:
        raise Refused(400, "Invalid input error: invalid page token") from None


def _wanted(thing: JSON, text: str) -> bool:
    if not text:
        return True
    return all(_holds(thing, p) for p in snake(json.loads(text)).get("predicates", []))


def _holds(thing: JSON, predicate: JSON) -> bool:
    key = "display_name" if predicate["key"] == "name" else predicate["key"]
    if key not in _KEYS:
        raise Refused(400, f"Invalid input error: Invalid filter key: {key!r}")
    return _COMPARED[predicate["operation"]](thing.get(key, ""), _value(predicate))


def _value(predicate: JSON) -> Any:
    [name] = [name for name in predicate if "_value" in name]
    value = predicate[name]
    return value["values"] if name.endswith("_values") else value
