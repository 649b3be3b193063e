"""Where the chart is, and the values that it is tried with."""

from pathlib import Path

HOME = Path(__file__).parents[2]
CHART = HOME / "charts" / "biotune"
VALUES = {file.stem: file for file in sorted((Path(__file__).parent / "values").glob("*.yaml"))}
