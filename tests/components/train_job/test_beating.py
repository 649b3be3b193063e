"""The launcher goes on saying that it is there, or its nodes end for nothing."""

import errno
import threading

import pytest

from components.failures import ServiceError
from components.train_job.beating import beating


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), ServiceError("out of reach")]
)
def test_what_can_t_be_said_now_is_said_again(error, caplog):
    heard = threading.Event()

    class Place:
        beats = 0

        def beat(self):
            self.beats += 1
            if self.beats == 2:
                raise error
            if self.beats > 2:
                heard.set()

    with beating(Place(), 0.01):
        assert heard.wait(5), "it has fallen silent"
    assert "the nodes can't be told that we are here" in caplog.text
