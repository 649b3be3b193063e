"""`biotune convert`: recordings to a dataset."""

import argparse
from pathlib import Path

from components import arguments

EXAMPLE = """\
biotune convert recordings/ -o data --window 1s --stride 0.5s --resample 2000Hz \\
      --channels EMG1,EMG2 --unit uV --band 20,450 --notch 50 \\
      --labels annotations --split 0.7,0.15,0.15 --stratify --seed 0"""
INPUTS = "EDF, BDF, FIF, .npz or CSV files, folders of them, or BIDS data sets"
OPTIONS = {
    "signal": {
        "--window": ("TIME", "length of a window, as in 1s or 250ms"),
        "--stride": ("TIME", "from the start of a window to that of the next; --window by default"),
        "--channels": ("NAMES", "names in their order, with commas; all signals by default"),
        "--unit": ("UNIT", "unit of the windows, as in uV; that of the files by default"),
        "--resample": ("RATE", "sampling rate of the windows, as in 2000Hz; that of the files"),
        "--band": ("LOW,HIGH", "band-pass in Hz; one side may be empty, as in 20,"),
        "--notch": ("HZ", "mains frequencies to take out, as in 50 or 50,100"),
        "--phase": ("KIND", "zero (default): filters run forward and backward; causal: forward"),
        "--assume-unit": ("UNIT", "unit of files that name none"),
        "--sampling-rate": ("RATE", "of .npz and CSV files that tell none, or round it"),
    },
    "labels": {
        "--labels": ("SOURCE", "annotations (default), or a table: see docs/convert.md"),
        "--label-column": ("NAME", "of the table; label by default"),
        "--classes": ("NAMES", "in the order of their numbers; rest=T0|T3 names texts to a class"),
        "--span": ("FROM,TO", "take this time from a label's onset on, as in 0.5s,4s"),
        "--background": ("NAME", "class of time that nobody labelled, which is dropped by default"),
        "--overlap": ("SHARE", "of a window that its label must cover; 1 by default"),
        "--multi-label": (None, "windows may have several labels, or none"),
        "--align": (None, "begin windows at the onsets of labels, not at the recording's start"),
    },
    "people": {
        "--subject": ("REGEX", "finds the subject in a path, as in 'sub-(\\w+)'"),
        "--split": ("SHARES", "of subjects in train,val,test, or a table of subject and split"),
        "--stratify": (None, "make the classes' shares alike in all splits"),
        "--seed": ("NUMBER", "of the split; 0 by default"),
    },
    "what is broken": {
        "--skip-broken": (None, "go on without recordings that can't be read"),
        "--keep-bad": (None, "keep recordings with a wanted channel that is marked bad"),
    },
}


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "convert",
        _convert,
        help="make a dataset of recordings: EDF, BDF, FIF, NumPy, CSV, BIDS",
        example=EXAMPLE,
    )
    parser.add_argument("inputs", nargs="*", metavar="RECORDINGS", help=INPUTS)
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder to make")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="YAML with these options")
    for title, options in OPTIONS.items():
        group = parser.add_argument_group(title)
        for option, (metavar, help_) in options.items():
            kind = {"action": "store_true", "default": None} if metavar is None else {}
            group.add_argument(option, help=help_, **({"metavar": metavar} if metavar else kind))


def _convert(args: argparse.Namespace) -> int:
    from pipeline import conversion

    names = [option[2:] for options in OPTIONS.values() for option in options]
    given = {name: getattr(args, name.replace("-", "_")) for name in names}
    return conversion.run(args.inputs, args.output, given, args.settings)
