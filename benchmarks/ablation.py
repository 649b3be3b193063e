"""What fine-tuning brings on the demo's data: the README's table.

python benchmarks/ablation.py          validation subjects alone, for making choices
python benchmarks/ablation.py --test   the test subjects too, once the choices are committed
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from lda import FEATURES, baseline

from components import config as configuration
from components.load_checkpoint.step import run as load_checkpoint
from pipeline.commands.run import DEMO, DEMO_CHECKPOINT

SEEDS = (0, 1, 2)
METRIC = "balanced_acc"
# Overrides of the demo, and whether it starts from the pretrained backbone.
VARIANTS = {
    "fine-tuned, layer-wise decay": ([], True),
    "fine-tuned, one learning rate": (["layerwise_lr_decay=1"], True),
    "backbone frozen": (["freeze_backbone=true"], True),
    "from scratch, same budget": (["layerwise_lr_decay=1"], False),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test", action="store_true", help="score the test subjects too")
    splits = ("val", "test") if parser.parse_args().test else ("val",)
    heads = [f"{split} balanced accuracy" for split in splits]
    print(f"| | {' | '.join(heads)} |\n|---|{'---|' * len(splits)}")
    with TemporaryDirectory() as scratch:
        backbone = pretrained(Path(scratch))
        for name, (overrides, tuned) in VARIANTS.items():
            runs = [
                score(
                    Path(scratch) / f"{name}-{seed}",
                    overrides,
                    seed,
                    backbone if tuned else None,
                    splits,
                )
                for seed in SEEDS
            ]
            cells = [spread([run[split] for run in runs]) for split in splits]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    for features in FEATURES:
        cells = [f"{baseline(DEMO, split, features):.3f}" for split in splits]
        print(f"| LDA, {features} | {' | '.join(cells)} |")


def pretrained(folder: Path) -> Path:
    config = configuration.compose(["experiment=demo"])
    piece = configuration.for_step("load_checkpoint", config)
    piece["manifest"] = configuration.shipped_manifest(config)
    load_checkpoint(str(DEMO_CHECKPOINT), folder / "backbone", piece)
    return folder / "backbone"


def score(
    folder: Path, overrides: list[str], seed: int, backbone: Path | None, splits: tuple[str, ...]
) -> dict[str, float]:
    """One run in processes of its own, as a user would start them."""
    model, common = folder / "model", ["experiment=demo", f"seed={seed}", *overrides]
    given = ["--backbone", str(backbone)] if backbone else []
    step("finetune", *given, "--dataset", str(DEMO), "--output", str(model), *common)
    with (model / "history.csv").open() as stream:
        best = max(float(row[f"val_{METRIC}"]) for row in csv.DictReader(stream))
    found = {"val": best}
    if "test" in splits:
        output = folder / "evaluation"
        command = ("--model", str(model), "--dataset", str(DEMO), "--output", str(output))
        step("evaluate", *command, *common)
        found["test"] = json.loads((output / "metrics.json").read_text())[f"test_{METRIC}"]
    return found


def step(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "components", *command], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)


def spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


if __name__ == "__main__":
    main()
