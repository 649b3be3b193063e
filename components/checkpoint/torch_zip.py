"""Reads files of `torch.save` in the zip format, which it has used since torch 1.6."""

import struct
import zipfile

from components.checkpoint.contents import Checkpoint, plain_metadata, printable
from components.checkpoint.members import members
from components.checkpoint.pickles import Unpickler
from components.checkpoint.rebuilding import KNOWN, storages
from components.checkpoint.state_dict import find_state_dict
from components.checkpoint.tensors import Region, Source, TensorRef
from components.checkpoint.views import View

_LARGEST_PICKLE = 256 * 2**20
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 1


def read(source: Source) -> Checkpoint:
    """Reads what a torch file holds; of the tensors' bytes none.

    Raises:
        InputError: it holds no state dict, or can't be read by range.
        Exception: of many kinds, if it is damaged.
    """
    archive = _Archive(source)
    unpickler = Unpickler(archive.pickle(), KNOWN, storages(archive.storage))
    content = unpickler.load()
    found = find_state_dict(content, source)
    tensors = {
        name: TensorRef(name, view.dtype, view.shape, view.nbytes, view.pieces, view.region)
        for name, view in found.items()
        if type(view) is View
    }
    lightning = type(content) is dict and "pytorch-lightning_version" in content
    return Checkpoint(
        uri=source.uri,
        format="lightning" if lightning else "state dict",
        tensors=tensors,
        metadata=plain_metadata(content),
        foreign=sorted(printable(name) for name in unpickler.foreign),
        others=[name for name in found if name not in tensors],
    )


class _Archive:
    """The zip file's members."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._members = members(source)
        folders = [name.removesuffix("data.pkl") for name in self._members if _is_pickle(name)]
        if len(folders) != 1:
            raise source.refusal(self._other_kind())
        self._folder = folders[0]
        if f"{self._folder}constants.pkl" in self._members:
            raise source.refusal(
                "is a TorchScript program, which can't be read without running it; load it where "
                "you trust it with torch.jit.load and save its state_dict() by torch.save"
            )
        order = self._text("byteorder")
        if order not in ("", "little"):
            raise source.refusal(
                f"was saved on a machine with another byte order ({printable(order)}); "
                "load and save it again on a little-endian one, such as x86 or ARM"
            )

    def pickle(self) -> bytes:
        """The pickle that describes the content."""
        region = self._region("data.pkl")
        if region.size > _LARGEST_PICKLE:
            raise self._source.refusal(
                f"holds {region.size / 2**20:,.0f} MiB of objects besides tensors; save its "
                "weights alone: torch.save(model.state_dict(), 'weights.pt')"
            )
        return b"".join(self._source.pieces(region.locate(), region.size, region.crc))

    def storage(self, key: str) -> Region:
        """The bytes of a storage."""
        return self._region(f"data/{key}")

    def _text(self, name: str) -> str:
        if f"{self._folder}{name}" not in self._members:
            return ""
        region = self._region(name)
        return self._source.read(region.locate(), min(region.size, 100)).decode("utf-8", "replace")

    def _region(self, name: str) -> Region:
        source, member = self._source, self._members[self._folder + name]
        info = member.info
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & _ENCRYPTED:
            raise source.refusal(
                f"{printable(info.filename)} inside it is compressed or encrypted, so that tensors "
                "can't be read by range; use the file as torch.save wrote it"
            )
        if info.file_size != info.compress_size:
            raise ValueError(f"{printable(info.filename)} inside it has two sizes")
        span = (info.header_offset, member.stop)
        return Region(source, lambda: self._start(info), info.file_size, info.CRC, span)

    def _start(self, info: zipfile.ZipInfo) -> int:
        header = self._source.read(info.header_offset, _LOCAL_HEADER.size)
        signature, name, extra = _LOCAL_HEADER.unpack(header)
        if signature != zipfile.stringFileHeader:
            raise self._source.refusal(
                "the file is damaged: a part of it is not where it should be; download or copy "
                "it again"
            )
        return info.header_offset + _LOCAL_HEADER.size + name + extra

    def _other_kind(self) -> str:
        names = ", ".join(printable(name) for name in list(self._members)[:3]) or "nothing"
        return (
            f"is a zip file, but not one of torch.save (it holds {names}); give a .ckpt, .pt, "
            ".pth or .safetensors file"
        )


def _is_pickle(name: str) -> bool:
    # torch puts all it writes into one folder of the zip
    folder, _, base = name.rpartition("/")
    return base == "data.pkl" and bool(folder) and "/" not in folder
