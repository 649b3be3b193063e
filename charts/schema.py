"""Writes the schema of the placement profile into the one of the chart's values."""

import json
from pathlib import Path
from typing import Any

from pipeline.placement import schema

FILE = Path(__file__).parent / "biotune" / "values.schema.json"


def embedded(values: dict[str, Any]) -> dict[str, Any]:
    """The schema of the values with that of the profile as it is now."""
    described = {
        "description": "The placement profile; what the chart fills in is left out.",
        **{key: value for key, value in schema().items() if key not in ("title", "description")},
    }
    return {**values, "properties": {**values["properties"], "profile": described}}


if __name__ == "__main__":
    FILE.write_text(json.dumps(embedded(json.loads(FILE.read_text())), indent=1) + "\n")
