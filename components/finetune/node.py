"""One node of a training on several, as a TrainJob runs it on each of them.

    python -m components.finetune.node PLACE

`PLACE` is the URI where the launcher asks for the training and gets its result; see
`components.handover`. Who the others are is said by the environment, as to `torch.distributed.run`.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from components import console, staging, storage
from components.failures import Failure, InputError, first_line
from components.finetune import nodes, silence
from components.handover import Handover
from components.importing import uncollected
from components.recording import record

log = logging.getLogger("biotune")

SPLITS = ("train", "val")


def main() -> int:
    """Trains this node's share.

    Returns:
        0: done. A failure ends the process with its own exit code.
    """
    console.log_plainly()
    with console.told():
        if len(sys.argv) != 2:
            raise InputError(f"one argument is needed, the place of the training: {sys.argv[1:]}")
        me = nodes.from_environment()
        place = Handover(sys.argv[1])
        with _recorded(place, me.rank):
            _train(place, me)
    return 0


def _train(place: Handover, me: nodes.Nodes) -> None:
    with storage.scratch("biotune-node-") as scratch:
        asked = place.take(scratch)
        if asked.nodes != me.count:
            raise InputError(
                f"PET_NNODES={me.count}: the training was asked of {asked.nodes} nodes"
            )
        staging.try_ahead(asked.dataset, SPLITS)
        with uncollected():
            from components.finetune.step import run

        shape = {"num_nodes": me.count, "devices": me.processes}
        config = {**asked.config, "trainer": {**asked.config["trainer"], **shape}}
        seconds = float(os.environ.get(silence.VARIABLE, silence.DEFAULT))
        log.info("node %d of %d; processes on each: %s", me.rank, me.count, me.processes)
        output = scratch / "model"
        # The other nodes end with the first one.
        with silence.minded(place, seconds) if me.first else nullcontext():
            run(asked.dataset, output, config, backbone=asked.backbone, nodes=me)
            if me.first:
                place.deliver(output)


@contextmanager
def _recorded(place: Handover, node: int) -> Iterator[None]:
    """Leaves the record of a failure at the place, and lets the exception pass."""
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, SystemExit) and error.code in (None, 0)):
            try:
                place.fail(record(error, "finetune"), node)
            except Failure as failure:
                log.warning("the record of the failure can't be put there: %s", first_line(failure))
        raise


if __name__ == "__main__":
    sys.exit(main())
