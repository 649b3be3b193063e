"""Shows what a conversion came to."""

from pathlib import Path
from typing import TYPE_CHECKING

from components.checkpoint.contents import printable
from pipeline.inspection.layout import table, terminal

if TYPE_CHECKING:
    from components.convert.step import Converted

_MOST_CLASSES = 12


def show(done: "Converted") -> None:
    """Prints what each split holds, and what was dropped and why."""
    console, found = terminal(), done.summary
    classes = found["classes"] if len(found["classes"]) <= _MOST_CLASSES else []
    head = (
        "split",
        "windows:",
        "subjects:",
        "recordings:",
        *(f"{printable(name)}:" for name in classes),
    )
    rows = [
        (
            name,
            f"{split['windows']:,}",
            f"{len(split['subjects']):,}",
            f"{split['recordings']:,}",
            *(f"{split['classes'][name]:,}" for name in classes),
        )
        for name, split in found["splits"].items()
    ]
    console.print(table(head, rows))
    if found["dropped"]:
        rows = [
            (drop["reason"], f"{drop['number']:,}", f"{drop['recordings']:,}")
            for drop in found["dropped"]
        ]
        console.print(table(("dropped", "number:", "in recordings:"), rows))
    else:
        console.print("nothing was dropped")
    settings = found["wishes"]["settings"]
    console.print(
        f"{Path(done.folder)}: windows of {found['window']['channels']} x "
        f"{found['window']['samples']} samples at {settings['sampling_rate']:g} Hz in "
        f"{printable(settings['unit'])}; convert.json tells every recording",
        soft_wrap=True,
    )
