"""Writes the requirements of pyproject.toml for pip, into the folder that holds it.

`base.txt` is what every step needs, `train.txt` what finetune and evaluate need on top, and
`predict.txt` what predict and export need on top of that.
"""

import sys
import tomllib
from pathlib import Path

folder = Path(sys.argv[1])
project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
for name, lines in {
    "base": project["dependencies"],
    "train": extras["train"],
    "predict": [line for extra in ("convert", "export", "predict") for line in extras[extra]],
}.items():
    (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
