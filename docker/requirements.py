"""Writes the requirements of pyproject.toml for pip, into the folder that holds it.

`base.txt` is what every step needs, `train.txt` what finetune and evaluate need on top.
"""

import sys
import tomllib
from pathlib import Path

folder = Path(sys.argv[1])
project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
for name, lines in {
    "base": project["dependencies"],
    "train": project["optional-dependencies"]["train"],
}.items():
    (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
