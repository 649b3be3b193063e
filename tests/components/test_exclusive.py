import pytest

from components.exclusive import alone
from components.failures import InputError


def test_the_second_run_with_an_output_is_refused_at_its_start(tmp_path):
    output = tmp_path / "out" / "model"
    with (
        alone(output),
        pytest.raises(InputError, match=r"--output=.*model: another run is making it now"),
        alone(output),
    ):
        pass


def test_nothing_is_left_and_the_place_is_free_again(tmp_path):
    for _ in range(2):
        with alone(tmp_path / "model"), alone(tmp_path / "other"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_where_no_lock_can_be_taken_the_block_runs(tmp_path):
    (tmp_path / "file").write_text("")
    with alone(tmp_path / "file" / "model"):
        ran = True
    assert ran
