"""The grammar that `biotune` and `python -m components` share: options and Hydra overrides."""

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An argument parser that takes no abbreviations and tells an error in one line."""

    def __init__(self, **options) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Ends with exit code 2."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")

    def options(self) -> list[str]:
        """The option strings that this parser knows."""
        return list(self._option_string_actions)


def add_command(commands, name: str, run, *, help: str, example: str) -> Parser:
    """Adds a command that `parse` leaves as `args.run`, with its description and an example."""
    description = f"{help[0].upper()}{help[1:]}."
    parser = commands.add_parser(
        name, help=help, description=description, epilog=f"example:\n  {example}"
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_overrides(parser: Parser) -> None:
    """Lets a command take Hydra overrides anywhere between its options."""
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="OVERRIDE",
        help="a key of the configuration and its value, as in optimizer.lr=1e-4",
    )


def parse(parser: Parser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parses a command line; an unknown option ends with exit code 2 and the nearest known one."""
    args, rest = parser.parse_known_args(argv)
    command = getattr(args, "parser", parser)
    for word in rest:
        if word.startswith("-"):
            name = word.split("=")[0]
            near = difflib.get_close_matches(name, command.options(), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            command.error(f"unknown option {name}{hint}")
        if not hasattr(args, "overrides"):
            command.error(f"unexpected argument {word!r}")
        args.overrides.append(word)
    return args
