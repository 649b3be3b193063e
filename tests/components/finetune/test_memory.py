import pytest
import torch

from components.failures import Failure
from components.finetune import memory


@pytest.mark.parametrize(
    ("error", "where"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "the device"),
        (MemoryError(), "the host"),
        (None, "the host"),
    ],
)
def test_the_message_names_the_batch_size_and_what_would_fit(error, where):
    with pytest.raises(Failure) as caught, memory.told(64):
        if error:
            raise error
        torch.empty(2**60, dtype=torch.uint8)  # what torch's own allocator says
    message = str(caught.value)
    assert message.startswith(f"out of memory on {where} with data.batch_size=64; ")
    assert "try data.batch_size=32" in message and "\n" not in message


def test_a_batch_of_one_has_no_half():
    with pytest.raises(Failure, match="take a smaller model"), memory.told(1):
        raise MemoryError


def test_another_error_passes():
    with pytest.raises(RuntimeError, match="shapes differ"), memory.told(2):
        raise RuntimeError("shapes differ")
