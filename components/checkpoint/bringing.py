"""Tensors of a checkpoint in S3, brought here without what nobody wants of it."""

import logging
from collections.abc import Iterable

from components.checkpoint.tensors import Region, TensorRef
from components.failures import InputError, ServiceError
from components.storage import shown

log = logging.getLogger("biotune")

_READINGS = 6


def bring(tensors: Iterable[TensorRef]) -> None:
    """Has the bytes of tensors brought to this machine, and held against their checksums.

    What does not have its checksum is brought again. Nothing is done about what is here already.

    Raises:
        InputError: the object was saved damaged, or was replaced.
        Failure: the disk of `TMPDIR` is too small.
        ServiceError: S3 out of reach, or what it sends is different each time.
    """
    regions = (tensor.region for tensor in tensors)
    wanted = {region.span: region for region in regions if region and region.source.bring}
    seen: dict[tuple[int, int], set[int | None]] = {span: set() for span in wanted}
    for _ in range(_READINGS):
        if not wanted:
            return
        source = next(iter(wanted.values())).source
        source.bring(list(wanted))
        wanted = {span: region for span, region in wanted.items() if not _held(region, seen[span])}
        if wanted:
            told = f"{shown(source.uri)}: {len(wanted)} of its parts have not arrived as they were "
            log.warning("%s", told + "saved; they are read once more")
    raise ServiceError(f"{shown(source.uri)}: arrives different each time; check the network")


def _held(region: Region, seen: set[int | None]) -> bool:
    """Whether a region is what was saved; what is wrong in the same way twice lies there so."""
    try:
        found = region.checksum()
    except InputError:  # its header is spoilt
        found = None
    if found == region.crc:
        region.source.proved.add(region.span[0])
        return True
    if found in seen:
        region.prove()
    seen.add(found)
    return False
