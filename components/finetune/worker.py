"""One process of a fine-tuning on several devices: `python -m components.finetune.worker FILE`."""

import json
import os
import sys
from pathlib import Path

from components.console import log_plainly, told
from components.importing import uncollected
from components.recording import recorded

with uncollected():
    from components.finetune import group
    from components.finetune.training import Request, train


def main() -> None:
    """Trains as the request file says; leaves `failure.json` beside it if that fails."""
    file = Path(sys.argv[1])
    rank = os.environ["RANK"]
    log_plainly(quiet=rank != "0")
    with told(), recorded(file.parent / rank):
        request = Request(**json.loads(file.read_text()))
        with group.joined(request.config):
            train(request)


if __name__ == "__main__":
    main()
