"""Runs `biotune convert` and reads what it left."""

import json

from components import hdf5
from pipeline import cli


def convert(*argv):
    """The exit code of `biotune convert`."""
    try:
        return cli.main(["convert", *map(str, argv)])
    except SystemExit as end:
        return end.code


def refused(capsys, *argv):
    """The line that a refused conversion says, which leaves nothing behind."""
    capsys.readouterr()
    assert convert(*argv) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    return "\n".join(said).replace("error: ", "")


def summary(folder):
    return json.loads((folder / "convert.json").read_text())


def dropped(folder):
    return {drop["reason"]: drop["number"] for drop in summary(folder)["dropped"]}


def read(folder, split):
    path = folder / f"{split}.h5"
    return hdf5.read_header(path), hdf5.Windows(path)
