"""`biotune`: fine-tune and evaluate pretrained biosignal models, here or on Kubeflow."""

from collections.abc import Sequence

from components import arguments, console
from pipeline.commands import (
    compare_folds,
    compile,
    convert,
    doctor,
    export,
    inspect,
    predict,
    report,
    run,
    schedule,
    submit,
)

COMMANDS = (
    convert,
    run,
    predict,
    export,
    compile,
    submit,
    schedule,
    inspect,
    report,
    compare_folds,
    doctor,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit code: 0 done. A failure ends the process with its own: 1 failed, 2 wrong input.
    """
    parser = arguments.Parser(
        prog="biotune",
        description="Fine-tune and evaluate pretrained biosignal models, here or on Kubeflow.",
        epilog="example, the bundled demo:\n  biotune run",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    args = arguments.parse(parser, argv)
    console.log_plainly()
    with console.told():
        return args.run(args)
