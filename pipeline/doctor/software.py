"""Python, packages, and whether torch sees a GPU. Torch is imported in a process of its own."""

import importlib.metadata
import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pipeline.doctor.findings import FAIL, OK, SKIP, WARN, Check, command

_PROJECT = "biotune"
_QUERY = ("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
_TORCH = """
import json, torch, torchvision
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "gpus": names}))
"""


def python() -> Check:
    """The interpreter's version against the one that the project needs."""
    here = ".".join(map(str, sys.version_info[:3]))
    needed = _project()["requires-python"]
    if Version(here) in SpecifierSet(needed):
        return Check("Python", OK, f"{here} ({sys.executable})")
    return Check("Python", FAIL, f"{here}, needed is {needed}", "make a venv with Python 3.11")


def packages() -> list[Check]:
    """The packages that every command needs, and those that training needs besides."""
    project = _project()
    needed, train = project["dependencies"], project["optional-dependencies"]["train"]
    core = _installed("packages", needed, f"pip install {_PROJECT}")
    training = _installed("training packages", train, f"pip install '{_PROJECT}[train]'")
    if training.state == FAIL and not _version("torch"):
        detail = "torch is not installed: finetune and evaluate do not run on this machine"
        training = Check(training.name, WARN, detail, training.fix)
    return [core, training]


def gpu() -> list[Check]:
    """What the driver says, and what torch says."""
    code, seen, error = command(_QUERY, 20)
    driver = Check("GPU", OK, "; ".join(seen.splitlines()))
    if code is None and error == "not installed":
        driver = Check("GPU", SKIP, "no NVIDIA driver: training runs on the CPU")
    elif code != 0 or not seen:
        reason = (error or seen or "it lists no GPU").splitlines()[-1]
        driver = Check("GPU", WARN, f"nvidia-smi: {reason}", "install or restart NVIDIA's driver")
    if not _version("torch"):
        return [driver]
    return [driver, _torch(driver.state == OK)]


def _torch(has_gpu: bool) -> Check:
    code, told, error = command((sys.executable, "-P", "-c", _TORCH), 120)
    if code != 0:
        reason = (error or f"ended with exit code {code}").splitlines()[-1]
        fix = "install torch and torchvision of the same release"
        return Check("torch", FAIL, f"can't be imported: {reason}", fix)
    found = json.loads(told.splitlines()[-1])
    if found["gpus"]:
        return Check("torch", OK, f"{found['version']} sees {', '.join(found['gpus'])}")
    if has_gpu:
        detail = f"{found['version']} (CUDA {found['cuda']}) sees no GPU, though the driver does"
        return Check("torch", WARN, detail, "install a torch build for this driver's CUDA")
    return Check("torch", OK, f"{found['version']}, on the CPU")


def _installed(name: str, needed: Iterable[str], fix: str) -> Check:
    requirements = [Requirement(text) for text in needed]
    found = {r.name: _version(r.name) for r in requirements}
    wrong = [
        f"{r.name} {found[r.name] or 'missing'} (needed {r.specifier})"
        for r in requirements
        if not found[r.name] or not r.specifier.contains(found[r.name], prereleases=True)
    ]
    if wrong:
        return Check(name, FAIL, ", ".join(wrong), fix)
    return Check(name, OK, ", ".join(f"{key} {version}" for key, version in found.items()))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _project() -> dict:
    """What the project needs: as installed, or as its own file says in a checkout."""
    file = Path(__file__).parents[2] / "pyproject.toml"
    written = tomllib.loads(file.read_text()).get("project", {}) if file.is_file() else {}
    if written.get("name") == _PROJECT:
        return written
    about = importlib.metadata.metadata(_PROJECT)
    found: dict = {"requires-python": about["Requires-Python"], "dependencies": []}
    found["optional-dependencies"] = {"train": []}
    for text in about.get_all("Requires-Dist") or ():
        requirement = Requirement(text)
        extras = str(requirement.marker or "")
        if not extras:
            found["dependencies"].append(text)
        elif 'extra == "train"' in extras:
            found["optional-dependencies"]["train"].append(text.partition(";")[0])
    return found
