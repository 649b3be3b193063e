"""Fuzzes the reader of checkpoints: `python fuzz/checkpoints.py --inputs 200000 --seed 0`."""

import io
import re
import sys
import tempfile
import zipfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from components.checkpoint import match, open_checkpoint
from components.failures import Failure, InputError
from components.manifest import Entry, Manifest
from fuzz import campaign, pickled, raw, seeds, texts, watch

PACK = Path(__file__).parents[1] / "tests/data/packs/tinymyo/pretrained.ckpt"
SHARD = "model-00001.safetensors"
INDEX = "model.safetensors.index.json"
NAMES = (
    SHARD,
    "../../x",
    "/etc/passwd",
    "link.safetensors",
    "\0",
    "a" * 300,
    "gone.safetensors",
    "",
)
MANIFEST = Manifest(
    head_patterns=(r"head\.",),
    entries=tuple(
        Entry(name, (2, 2), "F32", part)
        for name, part in (("stem.weight", "stem"), ("head.weight", "head"))
    ),
)


class Fuzzer:
    """Makes inputs and reads them, each by its own random numbers.

    Args:
        folder: scratch; the mark of code that ran would be left there.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed, self.folder, self.canary = seed, folder, folder / "canary"
        self.pickles = [pickled.pieces(p) for p in (seeds.state_dict(), seeds.lightning())]
        self.shards = folder / "sharded"
        self.shards.mkdir()
        (self.shards / "link.safetensors").symlink_to("/etc/passwd")
        with zipfile.ZipFile(PACK) as archive:
            member = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            self.real = pickled.pieces(archive.read(member))

    def make(self, number: int) -> tuple[str, bytes]:
        """The name and the bytes of an input."""
        random = Random(f"{self.seed}-{number}")
        kind = random.choices(("pickle", "zip", "tensors", "index", "bytes"), (8, 4, 5, 1, 3))[0]
        if kind == "pickle":
            found = self.real if random.random() < 0.02 else random.choice(self.pickles)
            return "file.pt", seeds.torch_file(pickled.mutated(found, random, str(self.canary)))
        whole = [seeds.torch_file(b"".join(p)) for p in self.pickles]
        safe = seeds.safetensors_file(seeds.as_json(seeds.header()))
        if kind == "zip":
            if random.random() < 0.1:
                return "file.pt", seeds.torch_file(seeds.state_dict(), kind=zipfile.ZIP_DEFLATED)
            return "file.pt", raw.zip_fields(random.choice(whole), random)
        if kind == "tensors":
            return "file.safetensors", texts.header(random)
        if kind == "index":
            return INDEX, texts.index(random, NAMES)
        return "file.pt", raw.mutated(
            random.choice([*whole, safe]), random.choice([*whole, safe]), random
        )

    def read(self, name: str, data: bytes) -> str:
        """Reads an input as load-checkpoint does.

        Returns:
            What came of it, in few words.

        Raises:
            watch.Broken: a promise was broken.
        """
        path = (self.shards if name == INDEX else self.folder) / name
        path.write_bytes(data)
        if name == INDEX:
            (self.shards / SHARD).write_bytes(seeds.safetensors_file(seeds.as_json(seeds.header())))
        try:
            with watch.over(len(data)):
                outcome = _outcome(str(path), len(data))
        except watch.Broken:
            raise
        except BaseException as error:
            raise watch.Broken(f"crash: {type(error).__name__}: {error}") from error
        if self.canary.exists():
            self.canary.unlink()
            raise watch.Broken("ran: the canary is there")
        return outcome


def _outcome(path: str, size: int) -> str:
    try:
        with open_checkpoint(path) as opened:
            for tensor in opened.tensors.values():
                if tensor.nbytes <= 4 * size:
                    got = sum(len(piece) for piece in tensor.chunks())
                    if got != tensor.nbytes:
                        raise watch.Broken(f"wrong: {got} bytes of {tensor.nbytes}")
            found = opened.tensors
    except InputError as error:
        return _told(error, path)
    try:
        match(found, MANIFEST, head=False)
    except Failure as error:
        return f"read, and {_told(error, '')}"
    return "read"


def _told(error: Failure, path: str) -> str:
    """The kind of a refusal; refuses one that does not fit into a line or names no file."""
    lines = str(error).splitlines() if not path else [str(error)]
    for line in lines:
        if not line.isprintable() or len(line) > 2500:
            raise watch.Broken(f"message: {ascii(line)[:300]}")
    if path and str(Path(path).parent) not in str(error):
        raise watch.Broken(f"message: names no file: {error}")
    return f"refused: {_kind(str(error).replace(path, '', 1))}" if path else "does not match"


def _kind(said: str) -> str:
    """What a message says, without the names and numbers of this input."""
    if found := re.search(r"damaged or no checkpoint \((\w+)", said):
        return f"damaged ({found[1]})"
    for plain in ("has elements of type", "holds a", "lists", "compressed or encrypted", "cut off"):
        if plain in said:
            return plain
    said = re.sub(r"/\S+", "", said).partition("(")[0]
    return re.sub(r"\d[\d,]*", "N", said)[:60].strip(" :")


def run(inputs: int, seed: int, keep: Path, start: int = 0, step: int = 1) -> campaign.Campaign:
    """Reads every `step`th of so many inputs in this process, which is spoilt afterwards."""
    tally = campaign.Campaign(keep)
    scratch = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=scratch) as folder:
        fuzzer = Fuzzer(Path(folder), seed)
        _warm(fuzzer)
        watch.install()
        for number in range(start, inputs, step):
            name, data = fuzzer.make(number)
            try:
                tally.note(fuzzer.read(name, data))
            except watch.Broken as error:
                tally.failed(str(error), f"{seed}-{number}-{name}", data)
    return tally


def _warm(fuzzer: Fuzzer) -> None:
    """Imports what is imported late, such as codecs, before importing is forbidden."""
    valid = seeds.safetensors_file(seeds.as_json(seeds.header()))
    for name, data in (("file.pt", b"".join(fuzzer.real)), ("file.safetensors", valid)):
        path = fuzzer.folder / name
        path.write_bytes(seeds.torch_file(data) if name == "file.pt" else data)
        _outcome(str(path), len(data))
    for text, codec in ((b"a", "cp437"), (b"a", "raw-unicode-escape"), (b"a", "idna")):
        text.decode(codec)
    io.BytesIO(b"").read()


if __name__ == "__main__":
    sys.exit(campaign.main(run, __doc__ or "", "fuzz-failures/checkpoints"))
