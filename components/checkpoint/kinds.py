"""Tells by its first bytes what a file is."""

from components.checkpoint.tensors import Source

TORCH_ZIP, SAFETENSORS, INDEX = "torch zip", "safetensors", "index"
_HEAD = 512
_GIVE = "give a .ckpt, .pt, .pth or .safetensors file"
# what torch wrote before the zip format: a pickled magic number, or a tar file
_LEGACY = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_RESAVE = "load it once with torch.load(..., weights_only=True) and save it again with torch.save"
_OTHERS = (
    (b"\x89HDF\r\n\x1a\n", f"is an HDF5 file (a dataset?), not a checkpoint; {_GIVE}"),
    (b"\x93NUMPY", f"is a NumPy array, not a checkpoint; {_GIVE}"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ\0", "is compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it first"),
    (b"GGUF", f"is a GGUF file; {_GIVE}"),
)


def kind_of(source: Source) -> str:
    """`TORCH_ZIP`, `SAFETENSORS` or `INDEX`.

    Raises:
        InputError: it is none of them, and what it seems to be instead.
    """
    head = source.read(0, min(_HEAD, source.size))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return TORCH_ZIP
    if head[8:9] == b"{" and head[7:8] == b"\0":
        return SAFETENSORS
    if head.lstrip().startswith(b"{"):
        return INDEX
    raise source.refusal(_explained(head))


def _explained(head: bytes) -> str:
    start = head.lstrip().lower()
    if not head:
        return "is empty; download or copy it again"
    if start.startswith(b"version https://git-lfs"):
        return "is a git-lfs pointer, not the file itself; fetch it with `git lfs pull`"
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not a checkpoint; download the file itself (its 'raw' link)"
    if _LEGACY in head[:32]:
        return f"was saved by torch before 1.6, in its old format; {_RESAVE}"
    if head[257:262] == b"ustar":
        return f"is a tar archive: unpack it, or if torch saved it before 0.4, {_RESAVE}"
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        return f"is a bare pickle, not a file of torch.save; {_RESAVE}"
    for magic, told in _OTHERS:
        if head.startswith(magic):
            return told
    if head.strip(b"\0") == b"":
        return "begins with nothing but zeros, as a broken download does; download it again"
    if _is_text(head):
        return f"is a text file, not a checkpoint; {_GIVE}"
    return f"is of no known kind (it begins with {head[:8].hex(' ')}); {_GIVE}"


def _is_text(head: bytes) -> bool:
    try:
        # the last character may be cut in two
        text = head.decode() if len(head) < _HEAD else head[:-4].decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c.isspace() for c in text)
