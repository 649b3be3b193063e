"""The official description of the API, to hold each request and each answer against."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

SWAGGER = Path(__file__).parents[1] / "data" / "kfp_api_v2beta1.swagger.json"
FORMATS = FormatChecker(())


@dataclass(frozen=True)
class Operation:
    """One method of one path, and the values of the path's variables."""

    name: str  # as in RunService_GetRun
    spec: dict[str, Any]
    variables: dict[str, str]


@FORMATS.checks("int64")
def _is_int64(value: Any) -> bool:
    """The type is string in the description; this is what stands in it."""
    return not isinstance(value, str) or re.fullmatch(r"-?\d{1,19}", value) is not None


@FORMATS.checks("date-time")
def _is_time(value: Any) -> bool:
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or re.fullmatch(pattern, value) is not None


def operation(method: str, path: str) -> Operation | None:
    """The operation that a request asks for; None where the API has no such one."""
    for pattern, name, spec in _operations():
        found = name == method and pattern.fullmatch(path)
        if found:
            return Operation(spec["operationId"], spec, found.groupdict())
    return None


def query_errors(operation: Operation, query: dict[str, str]) -> list[str]:
    """What is wrong with the parameters in a URL."""
    known = {p["name"]: p for p in operation.spec.get("parameters", []) if p["in"] == "query"}
    errors = [f"query: unknown parameter {name}" for name in query if name not in known]
    for name, value in query.items():
        kind = known.get(name, {}).get("type")
        if kind == "integer" and not re.fullmatch(r"-?\d+", value):
            errors.append(f"query: {name}={value} is no integer")
        if name == "filter" and value:
            errors += [f"filter: {error}" for error in filter_errors(value)]
    return errors


def body_errors(operation: Operation, body: Any) -> list[str]:
    """What is wrong with the body of a request."""
    schema = next((p for p in operation.spec.get("parameters", []) if p["in"] == "body"), None)
    if schema is None:
        return [] if body is None else ["body: none is expected"]
    return errors_of(body, schema["schema"], "body")


def answer_errors(operation: Operation, status: int, body: Any) -> list[str]:
    """What is wrong with an answer."""
    key = "200" if status == 200 else "default"
    return errors_of(body, operation.spec["responses"][key]["schema"], "answer")


def filter_errors(value: str) -> list[str]:
    """What is wrong with a filter, which the server reads by the rules of protobuf's JSON."""
    try:
        content = json.loads(value)
    except ValueError:
        return [f"{value!r} is no JSON"]
    return errors_of(snake(content), {"$ref": "#/definitions/v2beta1Filter"}, "filter")


def snake(value: Any) -> Any:
    """A filter with field names and operations as described: kfp sends `stringValue` and 1."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {re.sub(r"[A-Z]", lambda m: f"_{m[0].lower()}", k): snake(v) for k, v in value.items()}
    if isinstance(plain.get("operation"), int):
        names = description()["definitions"]["v2beta1PredicateOperation"]["enum"]
        numbered = dict(zip((0, 1, 2, 3, 5, 6, 7, 8, 9), names, strict=True))
        plain["operation"] = numbered.get(plain["operation"], plain["operation"])
    return plain


def errors_of(value: Any, schema: dict[str, Any], what: str) -> list[str]:
    """The violations of a schema of the description."""
    whole = {**schema, "definitions": description()["definitions"]}
    found = Draft202012Validator(whole, format_checker=FORMATS).iter_errors(value)
    return [f"{what}{error.json_path[1:]}: {error.message[:200]}" for error in found]


@cache
def description() -> dict[str, Any]:
    """The description, whose objects take no field that it does not name."""
    content = json.loads(SWAGGER.read_text())
    for schema in content["definitions"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return content


@cache
def _operations() -> list[tuple[re.Pattern[str], str, dict[str, Any]]]:
    """Pattern of the path, method and description of each operation."""
    return [
        (re.compile(_pattern(path)), method.upper(), spec)
        for path, methods in description()["paths"].items()
        for method, spec in methods.items()
    ]


def _pattern(path: str) -> str:
    """A regular expression for a path such as `/runs/{run_id}:terminate`."""
    parts = re.split(r"\{([\w.]+)\}", path)
    return "".join(
        f"(?P<{part.replace('.', '_')}>[^/:]+)" if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
