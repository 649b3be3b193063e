"""`biotune export`: a tuned model as one file that runs without Biotune."""

from components.commands import export


def add(commands) -> None:
    """Adds the command."""
    export.add(commands, "biotune")
