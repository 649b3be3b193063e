"""`biotune submit`: one retraining on Kubeflow."""

import argparse
import re
import tempfile
from datetime import datetime
from pathlib import Path

from components import arguments
from components.failures import InputError
from pipeline.cluster import options
from pipeline.commands import retraining

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "submit",
        _submit,
        help="run the pipeline on Kubeflow",
        example="biotune submit --host https://kubeflow.example.com/pipeline "
        "--checkpoint s3://models/last.ckpt --dataset s3://data/emg --wait",
    )
    parser.add_argument("--checkpoint", required=True, metavar="URI", help="checkpoint: s3://")
    parser.add_argument(
        "--dataset", required=True, metavar="URI", help="prefix with train.h5, val.h5 and test.h5"
    )
    retraining.add(parser)
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="placement on the cluster, see docs"
    )
    parser.add_argument(
        "--set",
        dest="parameters",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a run-time parameter of the placement, as in gpu_count=2",
    )
    parser.add_argument("--experiment", default="biotune", help="default: biotune")
    parser.add_argument("--name", help="of the run (default: biotune-<date>-<time>)")
    parser.add_argument("--wait", action="store_true", help="follow the run to its end")
    parser.add_argument(
        "--timeout", type=_seconds, metavar="TIME", help="to wait, as in 12h (default: for ever)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.add_target(parser)
    arguments.add_overrides(parser)


def _submit(args: argparse.Namespace) -> int:
    if args.timeout and not args.wait:
        raise InputError("--timeout: needs --wait")
    target = options.target(args)
    from pipeline import package, placement
    from pipeline.cluster import follow
    from pipeline.cluster.client import connect
    from pipeline.cluster.submit import Job, submit

    profile = placement.load(args.profile) if args.profile else placement.Profile()
    folds = retraining.folds(args, args.dataset)
    request = package.Request(
        checkpoint=args.checkpoint,
        dataset=args.dataset,
        overrides=tuple(args.overrides),
        seeds=tuple(args.seeds),
        folds=folds,
        registry=args.registry,
        profile=args.profile,
        parameters=_given(args.parameters),
    )
    given = package.arguments(request)
    client = connect(target)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "biotune.yaml"
        shape = {"seeds": request.seeds, "folds": folds, "promotion": bool(request.registry)}
        package.write(file, profile=args.profile, **shape)
        name = args.name or f"biotune-{datetime.now():%Y%m%d-%H%M%S}"
        job = Job(file, given, name, args.experiment, profile.service_account or "")
        run = follow.Run(submit(client, target, job), name, target)
    return follow.told(client, run, wait=args.wait, timeout=args.timeout, as_json=args.json)


def _given(texts: list[str]) -> dict[str, str]:
    """The values of `--set` by their names."""
    given = {}
    for text in texts:
        name, found, value = text.partition("=")
        if not found or not name:
            raise InputError(f"--set {text}: write NAME=VALUE, as in gpu_count=2")
        given[name] = value
    return given


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d*[smhd]", text):
        raise argparse.ArgumentTypeError(f"{text}: write a number with a unit, as in 90m or 12h")
    return int(text[:-1]) * _UNITS[text[-1]]
