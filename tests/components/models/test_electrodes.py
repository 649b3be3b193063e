import logging
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from components import config as configuration
from components import encoder
from components.failures import InputError
from components.models import electrodes
from components.models.electrodes import ElectrodeLocations, name_index

PACK = runpy.run_path(str(Path(__file__).with_name("parity.py")))["Pack"]("luna")
PREPARED = "tuh_prepared"


def locations(names):
    return torch.from_numpy(electrodes.locations(names))


def rows(adapter, channels):
    return adapter(torch.zeros(2, channels, 40))["channel_locations"]


def test_the_tuh_pairs_lie_where_the_published_model_was_told():
    adapter = ElectrodeLocations(channels="tuh_22")
    assert torch.equal(rows(adapter, 22), PACK.inputs["channel_locations"][:2])


def test_a_pair_lies_midway():
    first, second, pair = locations(["O1", "OZ", "O1-OZ"])
    assert torch.allclose(pair, (first + second) / 2)
    assert torch.allclose(locations(["FP1-F7"]), locations(["FP1", "F7"]).mean(0), atol=1e-7)


@pytest.mark.parametrize("name", ["Fp1", " FP1 ", "EEG FP1-REF", "EEG FP1-LE", "fp1-ref"])
def test_names_are_known_in_the_ways_recordings_write_them(name):
    assert torch.equal(locations([name]), locations(["FP1"]))


def test_all_unknown_names_are_listed():
    with pytest.raises(InputError, match="of EKG1, FP1-X2, X3-X4;"):
        ElectrodeLocations(["FP1", "EKG1", "FP1-X2", "X3-X4"])


def test_the_datas_own_names_decide(caplog):
    adapter = ElectrodeLocations(["CZ", "FP1-F7"], channels=PREPARED)
    assert torch.equal(rows(adapter, 2)[1], locations(["CZ", "FP1-F7"]))
    assert not caplog.records
    with pytest.raises(InputError, match="have 3 channels, but name 2"):
        rows(adapter, 3)


@pytest.mark.parametrize("channels", [PREPARED, ["FP1", "F7"]])
def test_data_without_names_are_taken_for_the_configured_ones_with_one_warning(channels, caplog):
    with caplog.at_level(logging.WARNING, "biotune"):
        adapter = ElectrodeLocations((), channels)
        assert len(rows(adapter, 22 if channels == PREPARED else 2)) == 2
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    with pytest.raises(InputError, match=r"have 29 channels and name none.*siena_29"):
        rows(adapter, 29)


def test_a_montage_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"adapter.channels=tuh_23: no such montage; there are"):
        ElectrodeLocations((), "tuh_23")


def test_upstream_row_order_misplaces_14_rows_of_the_prepared_files():
    right = rows(ElectrodeLocations((), PREPARED), 22)[0]
    upstream = rows(ElectrodeLocations((), PREPARED, upstream_row_order=True), 22)[0]
    assert torch.equal(upstream, PACK.inputs["channel_locations"][0])
    wrong = (right != upstream).any(-1)
    assert wrong.nonzero().flatten().tolist() == list(range(8, 22))
    twenty = ElectrodeLocations([f"row {i}" for i in range(20)], upstream_row_order=True)
    assert torch.equal(rows(twenty, 20)[0], upstream[:20])
    with pytest.raises(InputError, match="needs the 20 or 22 channels of TUH"):
        rows(ElectrodeLocations((), "siena_29", upstream_row_order=True), 29)


def test_the_rows_of_the_name_table_are_those_of_the_pretraining():
    index = name_index()
    assert len(index) == 90
    names = ("FP1-F7", "F7-T3", "T4-A2", "CB1", "TP8")
    assert [index[name] for name in names] == [47, 34, 80, 13, 89]


def test_positions_are_neither_saved_nor_rounded():
    network = encoder.Network(torch.nn.Identity(), torch.nn.Identity(), ElectrodeLocations(["FP1"]))
    assert not network.to(torch.bfloat16).state_dict()
    assert torch.equal(rows(network.adapter, 1)[0], locations(["FP1"]))
    assert rows(network.adapter, 1).dtype == torch.float32


def test_names_are_checked_without_torch():
    program = (
        "import sys; from components.models.electrodes import ElectrodeLocations; "
        "ElectrodeLocations(['FP1']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("name", "kind", "classes"), [("tuab", "bc", 2), ("tuar", "mcc", 5), ("tusl", "mcc", 4)]
)
def test_a_published_task_runs_on_files_as_they_were_prepared(name, kind, classes):
    overrides = [f"experiment=luna_{name}", "model.depth=1", "model.embed_dim=16"]
    config = configuration.resolved(configuration.compose(overrides))
    assert (config["classification_type"], config["layerwise_lr_decay"]) == (kind, 0.75)
    assert config["layerwise_lr_stem"] == "base"
    network = encoder.network(config).eval()
    windows = np.random.default_rng(0).standard_normal((2, 22, 1280), np.float32) * 50
    assert network(torch.from_numpy(windows)).shape == (2, classes)
