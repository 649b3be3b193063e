"""`report`: one page of several finished runs side by side."""

import argparse
import json

from components import arguments

RUN = "a finished run: a folder of `biotune run --out`, or of an evaluation"
OUTPUT = "page to make, here or s3:// (comparison.html; with --json none)"


def add(commands, program: str) -> None:
    """Adds the command to those of `program`."""
    parser = arguments.add_command(
        commands,
        "report",
        _report,
        help="compare finished runs on one HTML page",
        example=f"{program} report runs/scratch runs/tuned -o comparison.html",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help=RUN)
    parser.add_argument("-o", "--output", metavar="FILE", help=OUTPUT)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _report(args: argparse.Namespace) -> int:
    from components import single_file
    from components.evaluate.comparison import page, reading, terminal

    runs = reading.read(args.runs)
    output = args.output or ("" if args.json else "comparison.html")
    if output:
        with single_file.appearing(output) as file:
            file.write_text(page.render(runs), encoding="utf-8")
    if args.json:
        print(json.dumps(terminal.plain(runs), indent=1))
        return 0
    terminal.show(runs, page.setting)
    print(f"Report: {output}")
    return 0
