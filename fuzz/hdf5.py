"""Fuzzes the reader of HDF5 files: `python fuzz/hdf5.py --inputs 200000 --seed 0`.

Each input is tried as a step does it: by what `components.hdf5.cell` runs, where crashing and
hanging does no harm, and only if that finds nothing wrong by what the step's own process runs,
where it must not. Both happen in a process that is used again until it dies.
"""

import sys
import tempfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from components.failures import InputError
from components.hdf5 import Windows, read_header, walking, warden
from fuzz import boxes, campaign, raw, windows
from fuzz.expendable import Expendable, peak

SLACK = 160 << 20  # bytes; libhdf5 keeps 64 MiB of chunks
SECONDS = {"trial": 0.4, "reading": 8}
CHECKED = 5  # hangs that are tried the whole way, which takes seconds

KNOWN = (
    *("not a readable", "damaged", "link to another file", "is a link", "is a virtual"),
    *("in another file", "by the filter", "said to hold", "neither `data`", "of type"),
    *("has the shape", "labels", "windows must", "an array with", "cut off", "unpacks to"),
)


class Fuzzer:
    """Makes inputs and reads them, each by its own random numbers."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.valid = list(windows.valid())
        self.hostile = list(windows.hostile(folder))

    def make(self, number: int) -> bytes:
        """The bytes of an input."""
        random = Random(f"{self.seed}-{number}")
        seed = random.choice(self.hostile if random.random() < 0.15 else self.valid)
        if random.random() < 0.7:
            return boxes.mutated(seed, random)
        return raw.mutated(seed, random.choice(self.valid), random)

    def work(self, number: int, tell) -> str:
        """Tries and reads an input, in an expendable process; gives what came of it."""
        data = self.make(number)
        path = self.folder / "file.h5"
        path.write_bytes(data)
        tell("trial")
        try:
            walking.walk(str(path), str(path), whole=True)
        except InputError as error:
            return _told(str(error), path)
        except MemoryError:
            return "refused: memory"
        tell("reading")
        warden.remember(warden.signed(path))
        before = peak()
        outcome = self._read(path)
        if (taken := peak() - before) > SLACK + 100 * len(data):
            return f"BROKEN memory: {taken >> 20} MiB for a file of {len(data)} bytes"
        return outcome

    def _read(self, path: Path) -> str:
        try:
            split = Windows(path)
            if (read_header(path).labels == windows.SECRET).sum() > 3:
                return "BROKEN leak: the labels of another file were read"
            for start in range(0, min(len(split), 4096), 64):
                split.read(range(start, min(start + 64, len(split))))
        except InputError as error:
            return f"accepted, then {_told(str(error), path)}"
        except BaseException as error:
            return f"BROKEN error: {type(error).__name__}: {error}"
        return "read"


def _told(said: str, path: Path) -> str:
    if str(path) not in said or not said.isprintable() or len(said) > 1000:
        return f"BROKEN message: {ascii(said)[:300]}"
    said = said.replace(f"{path}: ", "", 1)
    for known in KNOWN:
        if known in said:
            return f"refused: {known}"
    return f"refused: {said[:40]}"


def run(inputs: int, seed: int, keep: Path, start: int = 0, step: int = 1) -> campaign.Campaign:
    """Tries every `step`th of so many inputs."""
    tally = campaign.Campaign(keep)
    scratch = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=scratch) as folder:
        fuzzer = Fuzzer(Path(folder), seed)
        worker = Expendable(fuzzer.work, range(start, inputs, step), SECONDS)
        for number, phase, outcome in worker:
            if phase == "trial":  # crashed or hung where it may
                kind = f"contained: libhdf5's {outcome}"
                few = tally.outcomes[kind] < (CHECKED if inputs >= 10_000 else 1)
                if (few or outcome != "hang") and not _refused(fuzzer, number):
                    outcome = f"BROKEN guard: {outcome}, and not refused"
                else:
                    tally.note(kind)
                    if few:
                        tally.save(f"contained-{outcome}-{seed}-{number}.h5", fuzzer.make(number))
            elif phase == "reading":
                outcome = f"BROKEN {outcome}: after the trial found nothing"
            if outcome.startswith("BROKEN "):
                tally.failed(outcome[7:], f"{seed}-{number}.h5", fuzzer.make(number))
            elif phase == "done":
                tally.note(outcome)
    return tally


def _refused(fuzzer: Fuzzer, number: int) -> bool:
    """Whether the whole way, with the process that is made for it, ends in a refusal."""
    path = fuzzer.folder / f"again-{number}.h5"
    path.write_bytes(fuzzer.make(number))
    try:
        read_header(path)
    except InputError:
        return True
    finally:
        path.unlink()
    return False


if __name__ == "__main__":
    sys.exit(campaign.main(run, __doc__ or "", "fuzz-failures/hdf5"))
