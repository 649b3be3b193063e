import pytest
import torch

from components.metrics.threads import one_thread


def test_threads_come_back_even_after_an_error():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ValueError, match="within"), one_thread():
            assert torch.get_num_threads() == 1
            raise ValueError("within")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
