"""What preflight reads of the windows themselves: little of them, from all over the split."""

import h5py
import numpy as np
import pytest

from components import hdf5
from components.failures import InputError
from components.preflight import samples


@pytest.fixture
def split(tmp_path):
    """Makes a split and takes the sample of it."""

    def made(data, **storage):
        path = tmp_path / "train.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("data", data=data, **storage)
            file["label"] = np.zeros(len(data), dtype=np.int64)
        return path

    return made


def sample(path):
    with path.open("rb") as stream:
        return samples.take(stream, hdf5.read_header(path), path.name)


def broken(found):
    """The first window and channel that is not finite."""
    row, channel = np.argwhere(found.flaws["not_finite"])[0]
    return found.places[row], channel


def test_little_is_read_of_a_split_far_larger_than_that(split, monkeypatch):
    path = split(np.random.default_rng(0).standard_normal((20_000, 4, 64), dtype=np.float32))
    read = []
    with path.open("rb") as stream:
        original = stream.readinto

        class Counted:
            def __getattr__(self, name):
                return getattr(stream, name)

            def readinto(self, target):
                read.append(original(target))
                return read[-1]

        found = samples.take(Counted(), hdf5.read_header(path), path.name)
    assert found.windows == 64
    assert 0 < sum(read) < 1e6 < path.stat().st_size


def test_it_comes_from_the_whole_split(split):
    data = np.ones((10_000, 2, 8), dtype=np.float32) * np.arange(8)
    data[-1, 0, 3] = np.nan
    assert broken(sample(split(data))) == (9_999, 0)
    data[-1, 0, 3], data[0, 1, 1] = 0, np.inf
    assert broken(sample(split(data))) == (0, 1)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 63, 64, 65, 100])
def test_a_small_split_is_looked_at_as_far_as_it_goes(count, split):
    found = sample(split(np.random.default_rng(0).standard_normal((count, 2, 8))))
    assert min(count, 48) <= found.windows <= min(count, 64)


def test_chunks_that_are_too_large_are_left_alone(split):
    small = split(np.zeros((300, 64, 512), dtype=np.float32), chunks=(300, 64, 512))
    assert sample(small).windows == 4, "one place in its single chunk of 39 MB"
    large = split(np.zeros((600, 64, 512), dtype=np.float32), chunks=(600, 64, 512))
    assert sample(large) is None


def test_groups_are_looked_at_one_and_all(tmp_path):
    path = tmp_path / "train.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for group in range(30):
            file[f"{group:02}/X"] = rng.standard_normal((3, 2, 8))
            file[f"{group:02}/y"] = np.zeros(3, dtype=np.int64)
        file["29/X"][2] = np.nan
    assert broken(sample(path)) == (89, 0)


def test_what_is_dead_is_told_apart_from_what_is_silent_for_a_while(split):
    data = np.random.default_rng(0).standard_normal((64, 3, 50)).astype(np.float32)
    data[:, 1] = 7
    data[:10] = 0
    found = sample(split(data))
    assert (found.dead, found.constant) == ((1,), 10)
    assert not found.flaws["not_finite"].any()
    assert found.quartiles == pytest.approx((-0.674, 0, 0.674), abs=0.05)


def test_physical_units_are_what_counts(split):
    path = split(np.tile(np.arange(-50, 51, dtype=np.int8), (8, 2, 1)))
    with h5py.File(path, "a") as file:
        file.attrs["scale"] = 0.5
    assert sample(path).quartiles == (-12.5, 0, 12.5)


def test_damage_within_the_windows_is_told(split):
    path = split(np.random.default_rng(0).random((64, 4, 500)), chunks=(8, 4, 500), compression=4)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 5000] = bytes(5000)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"train\.h5: .*damage"):
        sample(path)
