"""Files that callbacks leave among the results, such as the best weights, as part of a state."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

_FILES = "files/"


class Spool:
    """Copies of the results' files: they may be replaced before a state is written.

    Args:
        folder: of the results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._spool = TemporaryDirectory(prefix="biotune-spool-")
        self._versions: dict[str, tuple[int, int]] = {}

    def copies(self) -> dict[str, Path]:
        """The copy of each file, under its name in a state; what has not changed is not copied."""
        spool, there = Path(self._spool.name), {}
        for file in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            name, facts = str(file.relative_to(self.folder)), file.stat()
            version = (facts.st_mtime_ns, facts.st_size)
            there[name] = version
            if self._versions.get(name) != version:
                (spool / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, spool / name)
        for name in self._versions.keys() - there.keys():
            (spool / name).unlink()
        self._versions = there
        return {_FILES + name: spool / name for name in there}

    def remove(self) -> None:
        """Frees the space of the copies."""
        self._spool.cleanup()


def put_in_place(files: Mapping[str, str], folder: Path) -> None:
    """Copies the files of a state that are results back to where they were."""
    for name, file in files.items():
        if name.startswith(_FILES):
            target = folder / name.removeprefix(_FILES)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
