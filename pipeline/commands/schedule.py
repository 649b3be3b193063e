"""`biotune schedule`: retrain on a cron, as a file under version control says."""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from components import arguments
from components.failures import Findings
from pipeline.cluster.client import connect
from pipeline.cluster.options import add_target, target


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "schedule",
        None,
        help="retrain on a cron, as a file says",
        example="biotune schedule apply schedules.yaml --dry-run",
    )
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    apply = _verb(verbs, "apply", _apply, "make the cluster have what a file describes")
    apply.add_argument("file", type=Path, metavar="FILE", help="the schedules, in YAML")
    apply.add_argument("--dry-run", action="store_true", help="show what it would do")
    apply.add_argument("--json", action="store_true", help="print JSON")
    listing = _verb(verbs, "list", _list, "show the schedules on the cluster")
    listing.add_argument("--json", action="store_true", help="print JSON")
    pause = _verb(verbs, "pause", _pause, "stop one until it is resumed, or until the next apply")
    resume = _verb(verbs, "resume", _resume, "let one fire again")
    remove = _verb(verbs, "remove", _remove, "delete one; what runs of it is not killed")
    for verb in (pause, resume, remove):
        verb.add_argument("name", metavar="NAME", help="of the schedule")
    for verb in (listing, pause, resume, remove):
        owner = verb.add_mutually_exclusive_group()
        owner.add_argument("--owner", metavar="OWNER", help="whose (default: anyone's)")
        owner.add_argument("--file", type=Path, metavar="FILE", help="whose owner is meant")


def _verb(verbs, name: str, run: Callable, help: str) -> arguments.Parser:
    example = {
        "apply": "biotune schedule apply schedules.yaml --dry-run",
        "list": "biotune schedule list --json",
    }.get(name, f"biotune schedule {name} nightly --owner emg-team")
    parser = arguments.add_command(verbs, name, run, help=help, example=example)
    add_target(parser)
    return parser


def _apply(args: argparse.Namespace) -> int:
    from pipeline.schedule import file as files
    from pipeline.schedule.described import describe

    file = files.load(args.file)
    there = target(args)
    with tempfile.TemporaryDirectory(prefix="biotune-") as folder:
        described = describe(file, args.file, Path(folder))
        from pipeline.schedule import display
        from pipeline.schedule.apply import apply
        from pipeline.schedule.cluster import Cluster

        cluster = Cluster(connect(there))
        applied, refused = apply(cluster, file.owner, described, dry_run=args.dry_run)
    rows = display.outcomes(applied)
    if args.json:
        told = {"owner": file.owner, "dry_run": args.dry_run, "schedules": rows, "refused": refused}
        print(json.dumps(told, indent=1))
    else:
        dry = "dry run: this would come of the schedules of" if args.dry_run else "schedules of"
        display.show(f"{dry} {file.owner}", ["result"], rows)
    if refused:
        raise Findings(refused)
    return 0


def _list(args: argparse.Namespace) -> int:
    owner = _owner(args)
    from pipeline.schedule import display

    rows = display.schedules(_cluster(args).found(owner))
    if args.json:
        print(json.dumps({"schedules": rows}, indent=1))
    elif rows:
        display.show(f"schedules of {owner or 'every owner'}", ["owner"], rows)
    else:
        print(f"no schedules of {owner or 'any owner'}")
    return 0


def _pause(args: argparse.Namespace) -> int:
    owner = _owner(args)
    from pipeline.schedule import by_hand

    result = by_hand.pause(_cluster(args), args.name, owner)
    print(f"{args.name}: {_already(result, 'paused')}; the next apply does as the file says")
    return 0


def _resume(args: argparse.Namespace) -> int:
    owner = _owner(args)
    from pipeline.schedule import by_hand

    result = by_hand.resume(_cluster(args), args.name, owner)
    print(f"{args.name}: {_already(result, 'active')}; the next apply does as the file says")
    return 0


def _remove(args: argparse.Namespace) -> int:
    owner = _owner(args)
    from pipeline.schedule import by_hand

    draining = by_hand.remove(_cluster(args), args.name, owner)
    if draining:
        done = "disabled; runs are in flight, so remove it again, or apply, when they have ended"
    else:
        done = "removed"
    print(f"{args.name}: {done}; while a file describes it, the next apply makes it again")
    return 0


def _already(result: str, state: str) -> str:
    return f"was {state} already" if result == "unchanged" else result


def _owner(args: argparse.Namespace) -> str | None:
    from pipeline.schedule import file as files

    return files.load(args.file).owner if args.file else args.owner


def _cluster(args: argparse.Namespace):
    """The cluster that the options name; it has answered."""
    from pipeline.schedule.cluster import Cluster

    return Cluster(connect(target(args)))
