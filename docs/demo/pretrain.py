"""Pretrain the demo's model to tell the gestures of people who are not in the demo's data.

Usage: ``python docs/demo/pretrain.py WINDOWS.npz pretrained.ckpt``

The archive holds ``X`` (N, 8, 200) int8, ``y`` (N,) class index and ``participant`` (N,). Labels
are used. The same archive, seed, machine and number of threads always give the same weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import lightning
import numpy as np
import torch
from armband import estimate_placements, undo_placements, vary
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from components.models.waveform import WaveformTransformer

FULL_SCALE = 128
# The input normalisation of fine-tuning (experiment=demo), in full scales; three samples in four
# lie between the two.
LOWER, UPPER = -0.1, 0.1


class Pretraining(lightning.LightningModule):
    """Supervised classification with varied placement and gain of the armband.

    Args:
        num_classes: Gestures.
        lr: Peak learning rate.
        weight_decay: Of AdamW.
        label_smoothing: Share of the target spread over all classes.
        turn: See `armband.vary`, as are the two gains.
        gain: Of a window.
        channel_gain: Of a channel.
    """

    def __init__(
        self,
        num_classes: int = 8,
        lr: float = 1e-3,
        weight_decay: float = 0.05,
        label_smoothing: float = 0.1,
        turn: float = 0.4,
        gain: float = 0.4,
        channel_gain: float = 0.2,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = WaveformTransformer(num_classes=num_classes)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Cross-entropy of a batch of windows (B, C, T), full scale, and labels (B,)."""
        windows, labels = batch
        options = self.hparams
        windows = vary(windows, options.turn, options.gain, options.channel_gain)
        logits = self.model((windows - LOWER) / (UPPER - LOWER + 1e-8))
        loss = functional.cross_entropy(logits, labels, label_smoothing=options.label_smoothing)
        self.log("train_loss", loss, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def configure_optimizers(self) -> dict:
        """AdamW, with a warm-up over a tenth of the steps and a cosine after it."""
        decayed = [p for p in self.parameters() if p.ndim > 1]
        others = [p for p in self.parameters() if p.ndim <= 1]
        optimizer = torch.optim.AdamW(
            [{"params": decayed}, {"params": others, "weight_decay": 0.0}],
            lr=self.hparams.lr,
            weight_decay=self.hparams.weight_decay,
        )
        steps = int(self.trainer.estimated_stepping_batches)

        def factor(step: int) -> float:
            warm_up = steps // 10
            if step < warm_up:
                return (step + 1) / warm_up
            return 0.5 * (1 + np.cos(np.pi * (step - warm_up) / (steps - warm_up)))

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


def read(path: Path) -> TensorDataset:
    """Read the archive: windows as a fraction of full scale, placements undone, and labels."""
    with np.load(path) as archive:
        windows, labels = archive["X"], archive["y"]
        participants = archive["participant"]
    placements = estimate_placements(windows, labels, participants)
    for person, (direction, rotation) in placements.items():
        worn = f"turned by {rotation}" + (" and mirrored" if direction < 0 else "")
        print(f"participant {person}: {worn}")
    windows = undo_placements(windows, participants, placements)
    return TensorDataset(
        torch.from_numpy(windows).float() / FULL_SCALE, torch.from_numpy(labels).long()
    )


def main() -> None:
    """Pretrain on the archive named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path, help="archive of windows (.npz)")
    parser.add_argument("output", type=Path, help="the checkpoint to write (.ckpt)")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=128)
    # Not a seed that anybody fine-tunes with: one that builds the same model would start from the
    # head that this backbone grew up with, and look better than it is.
    parser.add_argument("--seed", type=int, default=23)
    arguments = parser.parse_args()
    lightning.seed_everything(arguments.seed)
    loader = DataLoader(read(arguments.windows), arguments.batch_size, shuffle=True)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=arguments.epochs,
        logger=False,
        enable_checkpointing=False,
        deterministic=True,
    )
    trainer.fit(Pretraining(), loader)
    trainer.save_checkpoint(arguments.output, weights_only=True)
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
