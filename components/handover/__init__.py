"""Where the launcher of a training on several nodes and its nodes meet: they share nothing else.

    <BIOTUNE_RUNS>/<BIOTUNE_RUN>/finetune/<key>/
        request.json          what is to be done, with the names and digests of the backbone's files
        backbone/<n>          the files of load-checkpoint's output; none from scratch
        alive.json            another content every time that the launcher says it is still there
        deserted.json         the nodes have given up on the launcher after that content
        failures/<pod>.json   the record of a node that failed
        model.json, model/<n> the tuned model; the list comes last, so that it tells of whole files
        taken.json            the launcher has the model

It works in folders and in S3 alike. Nothing needs the right to delete: what can't be removed is
emptied.
"""

from components.handover.failed import FOLLOWING
from components.handover.place import GAVE_UP, Handover, Request, key, of_run, of_training

__all__ = ["FOLLOWING", "GAVE_UP", "Handover", "Request", "key", "of_run", "of_training"]
