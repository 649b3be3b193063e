"""What people get wrong, each made on purpose from a run that would go through.

No torch here: the cases run in a process that must not need it.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest

from components.__main__ import main
from components.config import compose, shipped_manifest

HOME = Path(__file__).parents[2]
DEMO, PACKS = HOME / "pipeline" / "demo", HOME / "tests" / "data" / "packs"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 713556\n"
PAGE = "<!DOCTYPE html>\n<html><body>Sign in to download</body></html>\n"


@dataclass
class Scene:
    """The demo's run in the working folder, to be spoilt.

    Attributes:
        patch: for the environment.
        s3: a bucket that holds the demo below `demo/`; None for a case without one.
    """

    patch: pytest.MonkeyPatch
    s3: object = None
    checkpoint: str = "last.ckpt"
    dataset: str = "data"
    overrides: list[str] = field(default_factory=list)

    def give(self, *overrides: str, **places: str) -> None:
        self.overrides += overrides
        for name, value in places.items():
            setattr(self, name, value)

    @contextmanager
    def split(self, name: str) -> Iterator[h5py.File]:
        with h5py.File(f"data/{name}.h5", "a") as file:
            yield file

    def change(self, key: str, new: Callable[[np.ndarray], object], *names: str) -> None:
        """Replaces an array in the named splits, or in all."""
        for name in names or ("train", "val", "test"):
            with self.split(name) as file:
                value = new(file[key][()])
                del file[key]
                file[key] = value

    def attribute(self, key: str, value: object, *names: str) -> None:
        for name in names or ("train", "val", "test"):
            with self.split(name) as file:
                file.attrs[key] = value

    def model(self, name: str) -> None:
        """Another model, and a checkpoint that fits it: its names and shapes above zeros."""
        self.give(f"model={name}")
        manifest = shipped_manifest(compose(["experiment=demo", *self.overrides]))
        header, end = {}, 0
        for entry in manifest["entries"]:
            start, end = end, end + 4 * int(np.prod(entry["shape"]))
            place = {"dtype": "F32", "shape": entry["shape"], "data_offsets": [start, end]}
            header[entry["name"]] = place
        text = json.dumps(header).encode()
        with open("zeros.safetensors", "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            file.truncate(8 + len(text) + end)
        self.checkpoint = "zeros.safetensors"


@dataclass(frozen=True)
class Case:
    """One thing that is wrong.

    Attributes:
        wrong: in words, for the table in the documentation.
        spoil: makes it so.
        s3: whether that takes an S3 server.
        code: the exit code.
    """

    wrong: str
    spoil: Callable[[Scene], object]
    s3: bool = False
    code: int = 2


def run(case: Case, patch: pytest.MonkeyPatch, folder: Path, s3: object = None) -> int:
    """Runs preflight on a case in `folder`; gives the exit code."""
    patch.chdir(folder)
    shutil.copytree(DEMO, "data", ignore=shutil.ignore_patterns("*.ckpt", "*.md", "LICENSE*"))
    shutil.copy(DEMO / "pretrained.ckpt", "last.ckpt")
    scene = Scene(patch, s3)
    case.spoil(scene)
    places = ["--checkpoint", scene.checkpoint, "--dataset", scene.dataset]
    try:
        return main(["preflight", *places, "experiment=demo", *scene.overrides])
    except SystemExit as end:
        return end.code


def write(path: str, content: str | bytes) -> Callable[[Scene], object]:
    """A file with this content in place of another."""
    raw = content.encode() if isinstance(content, str) else content
    return lambda scene: Path(path).write_bytes(raw)


def cut(path: str) -> Callable[[Scene], object]:
    """A download that broke off."""
    return lambda scene: Path(path).write_bytes(Path(path).read_bytes()[:300_000])


def give(*overrides: str, **places: str) -> Callable[[Scene], None]:
    """Other arguments."""
    return lambda scene: scene.give(*overrides, **places)
