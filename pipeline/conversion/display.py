"""Shows what a conversion came to."""

from pathlib import Path
from typing import TYPE_CHECKING

from components.checkpoint.contents import printable
from pipeline.inspection.layout import table, terminal

if TYPE_CHECKING:
    from components.convert.step import Converted

_MOST_CLASSES = 40


def show(done: "Converted") -> None:
    """Prints what each split holds, and what was dropped and why."""
    console, found = terminal(), done.summary
    splits = found["splits"]
    rows = [
        (
            name,
            f"{split['windows']:,}",
            f"{len(split['subjects']):,}",
            f"{split['recordings']:,}",
        )
        for name, split in splits.items()
    ]
    console.print(table(("split", "windows:", "subjects:", "recordings:"), rows))
    rows = [
        (printable(name), *(f"{split['classes'][name]:,}" for split in splits.values()))
        for name in found["classes"][:_MOST_CLASSES]
    ]
    console.print()
    console.print(table(("class", *(f"{name}:" for name in splits)), rows))
    console.print()
    if found["dropped"]:
        rows = [
            (drop["reason"], f"{drop['number']:,}", f"{drop['recordings']:,}")
            for drop in found["dropped"]
        ]
        console.print(table(("dropped", "number:", "in recordings:"), rows))
        console.print()
    else:
        console.print("nothing was dropped")
    settings = found["wishes"]["settings"]
    console.print(
        f"{Path(done.folder)}: windows of {found['window']['channels']} x "
        f"{found['window']['samples']} samples at {settings['sampling_rate']:g} Hz in "
        f"{printable(settings['unit'])}; convert.json tells every recording",
        soft_wrap=True,
    )
