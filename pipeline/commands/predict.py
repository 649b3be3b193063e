"""`biotune predict`: what a tuned model says of windows or recordings."""

from components.commands import predict


def add(commands) -> None:
    """Adds the command."""
    predict.add(commands, "biotune")
