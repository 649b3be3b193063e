"""From S3 comes what is wanted of a checkpoint, and none of it changed on its way."""

import logging
import re

import pytest
import torch

from components import checkpoint, storage
from components.checkpoint import open_checkpoint
from components.failures import InputError, ServiceError
from components.storage import s3_download
from tests.fault_proxy import faults
from tests.fault_proxy.faults import ON_THE_WAY_DOWN, Faults

pytestmark = pytest.mark.s3
MIB = 2**20


def trained(folder, tensors: int, side: int) -> tuple[bytes, dict[str, torch.Tensor]]:
    """A checkpoint as a training with Adam leaves it: two thirds are the optimizer's."""
    weights = {f"block.{number}": torch.randn(side, side) for number in range(tensors)}
    moments = {
        number: {"exp_avg": torch.randn(side, side), "exp_avg_sq": torch.randn(side, side)}
        for number in range(tensors)
    }
    content = {"state_dict": weights, "optimizer_states": [{"state": moments}], "epoch": 1}
    torch.save(content, folder / "trained.ckpt")
    return (folder / "trained.ckpt").read_bytes(), weights


def taken(uri: str, names: list[str], **how) -> dict[str, bytes]:
    with open_checkpoint(uri, proved=True, **how) as opened:
        wanted = [opened.tensors[name] for name in names]
        checkpoint.bring(wanted)
        return {tensor.name: b"".join(tensor.chunks()) for tensor in wanted}


def as_bytes(tensors: dict[str, torch.Tensor]) -> dict[str, bytes]:
    return {name: tensor.contiguous().numpy().tobytes() for name, tensor in tensors.items()}


def test_what_the_optimizer_kept_never_travels(s3, unwell_s3, tmp_path):
    content, weights = trained(tmp_path, 8, 1024)
    uri = s3.put("trained.ckpt", content)
    asked = []
    unwell_s3.before = lambda method, path, headers: asked.append((method, headers))
    assert taken(uri, list(weights)) == as_bytes(weights)
    kept = 8 * 4 * MIB
    assert unwell_s3.sent < 1.01 * kept + 256 * 1024  # a block to see what it is
    assert len(asked) <= 20
    ranges = [headers for method, headers in asked if headers.get("Range")]
    assert all(re.fullmatch('"[0-9a-f]+"', headers["If-Match"]) for headers in ranges)
    before = unwell_s3.sent
    some = {name: weights[name] for name in ("block.1", "block.6")}
    assert taken(uri, list(some)) == as_bytes(some)
    assert unwell_s3.sent - before < 2.2 * 4 * MIB


def test_weights_come_through_faults_as_they_were_saved(s3, unwell_s3, tmp_path, monkeypatch):
    monkeypatch.setattr(s3_download, "PART", MIB // 16)
    monkeypatch.setattr(storage, "is_folder", lambda uri: False)  # a listing has no checksum
    content, weights = trained(tmp_path, 6, 256)
    uri = s3.put("trained.ckpt", content)
    kinds = [kind for kind in ON_THE_WAY_DOWN if not kind.startswith("stall")]
    unwell_s3.faults = Faults([*kinds, *[faults.FLIPPED] * 4], rate=0.2, seed=2, only=["GET"])
    for _ in range(4):
        assert taken(uri, list(weights)) == as_bytes(weights)
    assert unwell_s3.faults.done[faults.FLIPPED] >= 4


def test_what_changes_on_its_way_each_time_is_refused(s3, unwell_s3, tmp_path):
    content, _ = trained(tmp_path, 2, 256)
    uri = s3.put("trained.ckpt", content)
    with open_checkpoint(uri, proved=True) as opened:
        unwell_s3.faults = Faults([faults.FLIPPED], rate=1, only=["GET"])
        with pytest.raises(ServiceError, match="arrives different each time"):
            checkpoint.bring(opened.tensors.values())


def test_what_lies_there_damaged_is_told_as_that(s3, tmp_path):
    content, weights = trained(tmp_path, 2, 256)
    spoilt = bytearray(content)
    place = content.index(weights["block.1"].numpy().tobytes())
    spoilt[place + 5000] ^= 1
    uri = s3.put("trained.ckpt", bytes(spoilt))
    assert taken(uri, ["block.0"]) == as_bytes({"block.0": weights["block.0"]})
    with pytest.raises(InputError, match="do not have the checksum"):
        taken(uri, ["block.0", "block.1"])


def test_an_object_replaced_after_it_was_opened_is_refused(s3, tmp_path):
    content, _ = trained(tmp_path, 2, 256)
    uri = s3.put("trained.ckpt", content)
    fingerprint = checkpoint.stat(uri).fingerprint
    with open_checkpoint(uri, proved=True, fingerprint=fingerprint) as opened:
        s3.put("trained.ckpt", trained(tmp_path, 2, 256)[0])
        with pytest.raises(InputError, match="not the one that was checked before"):
            checkpoint.bring(opened.tensors.values())


def test_without_checksums_it_is_fetched_whole_and_that_is_said(s3, unwell_s3, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="biotune")
    torch.serialization.set_crc32_options(False)
    try:
        content, weights = trained(tmp_path, 3, 256)
    finally:
        torch.serialization.set_crc32_options(True)
    uri = s3.put("trained.ckpt", content)
    unwell_s3.faults = Faults([faults.FLIPPED], rate=0.5, seed=1, only=["GET"], most=4)
    assert taken(uri, list(weights)) == as_bytes(weights)
    assert f"{uri}: was saved without checksums, and is fetched whole" in caplog.messages


def test_strided_tensors_and_parts_of_a_storage_come_whole(s3, unwell_s3, tmp_path):
    base = torch.randn(600, 500)
    state = {"turned": base.t(), "rows": base[10:20], "scalar": torch.tensor(2.0)}
    torch.save(state, tmp_path / "strided.pt")
    uri = s3.put("strided.pt", (tmp_path / "strided.pt").read_bytes())
    assert taken(uri, list(state)) == as_bytes(state)
    assert unwell_s3.sent < 600 * 500 * 4 + 600_000
