"""`biotune report`: several finished runs side by side."""

from components.commands import report


def add(commands) -> None:
    """Adds the command."""
    report.add(commands, "biotune")
