"""`docs/placement.md` holds what is so: its profiles load, and its table is the schema.

After a change of keys, write the table again with
`BIOTUNE_REWRITE=1 pytest tests/pipeline/placement/test_placement_page.py`, and read it.
"""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from pipeline import placement
from pipeline.placement.runtime import paths

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "placement.md"
PROFILES = sorted((DOCS / "profiles").glob("*.yaml"))
HEAD = "| Key | Meaning | Type, as in | Default | At run time |\n|---|---|---|---|---|\n"
# Kubernetes' own forms, which its own documentation explains.
WHOLE = {"tolerations", "nodeAffinity"}
ANY = {"volumes": "NAME", "secrets": "NAME", "env": "NAME", "node_selector": "LABEL"}
EVERYTHING = placement.load(DOCS / "profiles" / "everything.yaml")
WRITTEN = yaml.safe_load((DOCS / "profiles" / "everything.yaml").read_text())


def parts(part):
    """A part of the schema without the null that an unset key is."""
    options = [option for option in part.get("anyOf", [part]) if option.get("type") != "null"]
    return options, {**(options[0] if len(options) == 1 else {}), **part}


def leaves(part, keys=()):
    """Every key that takes a value, with its part of the schema."""
    options, said = parts(part)
    properties = said.get("properties")
    below = said.get("additionalProperties")
    if keys and keys[-1] in WHOLE:
        yield keys, options, said
    elif properties:
        for name, inner in properties.items():
            if keys == ("steps",):
                if name == "all":
                    yield from leaves(inner, (*keys, "STEP"))
                elif name == "evaluate":
                    gpu = parts(inner)[1]["properties"]["gpu"]
                    yield from leaves(gpu, (*keys, name, "gpu"))
            else:
                yield from leaves(inner, (*keys, name))
    elif keys == ("images", "steps"):
        yield (*keys, "STEP"), parts(below)[0] if below else options, said
    elif isinstance(below, dict) or "patternProperties" in said or keys[-1] in ANY:
        inner = below if isinstance(below, dict) else next(iter(said["patternProperties"].values()))
        inner_options, inner_said = parts(inner)
        name = ANY[keys[-1]]
        if inner_said.get("properties"):
            yield from leaves(inner, (*keys, name))
        else:
            yield (*keys, name), inner_options, {**inner_said, "description": said["description"]}
    else:
        yield keys, options, said


def example(keys, content=WRITTEN):
    """A value of the key in the profile that holds them all."""
    if not keys:
        return content
    if keys[0] in ("STEP", "NAME", "LABEL"):
        found = (example(keys[1:], inner) for inner in content.values())
        return next((value for value in found if value is not None), None)
    inner = content.get(keys[0]) if isinstance(content, dict) else None
    return None if inner is None else example(keys[1:], inner)


def parameter(keys):
    """The name of the run-time parameter, in the words of the page."""
    for name, path in paths(EVERYTHING).items():
        texts = [str(key) for key in path]
        if keys[:2] == ("steps", "STEP"):
            wanted = ["steps", "all", *(k for k in keys[2:] if k != "LABEL")]
            if texts == wanted:
                return f"`{name}`, `STEP_{name}`"
        elif keys[-1:] == ("pull_secrets",) and texts[:-1] == list(keys):
            return "`pull_secret`, `pull_secret_2`, ..."
        elif len(texts) == len(keys) and all(
            key in (text, "NAME") for key, text in zip(keys, texts, strict=True)
        ):
            return f"`{name.replace(texts[1], 'NAME') if 'NAME' in keys else name}`"
    return ""


def type_of(options, keys):
    choices = [choice for option in options for choice in option.get("enum", [])]
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    names = {"string": "text", "integer": "whole number", "array": "list", "object": "mapping"}
    kinds = [names.get(option.get("type"), option.get("type")) for option in options]
    kind = "true or false" if kinds == ["boolean"] else " or ".join(dict.fromkeys(kinds))
    value = example(keys)
    if isinstance(value, list | dict):
        return kind
    assert value is not None, f"everything.yaml leaves {'.'.join(keys)} out"
    return f"{kind}, `{json.dumps(value) if isinstance(value, bool) else value}`"


def row(keys, options, said):
    default = said.get("default")
    shown = "" if default in (None, "", {}, []) else f"`{json.dumps(default).strip(chr(34))}`"
    runtime = parameter(keys).replace("mlflow_tracking_token", "NAME")
    description = said.get("description", "")
    return (
        f"| `{'.'.join(keys)}` | {description} | {type_of(options, keys)} | {shown} | {runtime} |"
    )


def test_the_table_has_every_key_as_it_is():
    rows = [row(*leaf) for leaf in leaves(placement.schema())]
    if os.environ.get("BIOTUNE_REWRITE"):
        before = PAGE.read_text().partition(HEAD)[0]
        PAGE.write_text(before + HEAD + "".join(f"{line}\n" for line in rows))
    assert PAGE.read_text().partition(HEAD)[2].splitlines() == rows


def test_every_run_time_parameter_is_in_the_table():
    table = PAGE.read_text().partition(HEAD)[2]
    for parameter_ in placement.parameters(EVERYTHING):
        name = re.sub(r"^finetune_|^evaluate_(?!gpu)", "STEP_", parameter_.name)
        name = re.sub(r"^(data|cache)_claim$", "NAME_claim", name)
        assert f"`{name.replace('mlflow_tracking_token', 'NAME')}`" in table


def blocks():
    return re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_pages_example_is_a_profile(tmp_path):
    example_, policy = blocks()
    (tmp_path / "profile.yaml").write_text(example_)
    profile = placement.load(tmp_path / "profile.yaml")
    finetune = placement.images(profile)["finetune"]
    assert finetune.startswith("registry.example.com/biotune/biotune-finetune:")
    assert yaml.safe_load(policy)["kind"] == "ClusterPolicy"


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: file.stem)
def test_each_example_is_right_also_by_the_schema_that_a_chart_holds(file):
    placement.load(file)
    jsonschema.validate(yaml.safe_load(file.read_text()), placement.schema())


def test_the_schema_stands_alone_and_refuses_what_the_profile_refuses():
    schema = placement.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)
    for wrong in (
        {"gpu": {"count": -1}},
        {"stepz": {}},
        {"steps": {"all": {"memory": "12GG"}}},
        {"volumes": {"data": {"claim": "a", "path": "data"}}},
        {"volumes": {"my-data": {"claim": "a", "path": "/data"}}},
        {"images": {"tag": 1.1}},
        {"env": {"1A": "x"}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
