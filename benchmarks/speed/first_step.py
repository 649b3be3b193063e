"""Ends a process after its first optimizer step; by itself, a bare script that takes one.

It reads the same windows, fills the same model and steps once, with nothing around it.
"""

import os
import sys

import lightning
import timm  # noqa: F401  what most training scripts import
import torch

SIZES = {"num_channels": 8, "num_samples": 200, "patch_size": 25, "embed_dim": 96, "depth": 4}
SIZES |= {"num_heads": 4, "mlp_ratio": 2.0, "filters": 2, "kernel_size": 9, "dropout": 0.1}


class End(lightning.Callback):
    """For a training of ours."""

    def on_train_batch_end(self, *_: object) -> None:
        """Ends the process: what comes after the first step is not measured."""
        os._exit(0)


def main(backbone: str, data: str) -> None:
    import h5py
    from safetensors.torch import load_file

    from components.models.waveform import WaveformTransformer  # Hydra's `make` in ours

    with h5py.File(f"{data}/train.h5") as file:
        rows = sorted(torch.randperm(len(file["label"]))[:64].tolist())
        scale = float(file.attrs.get("scale", 1.0))
        inputs = torch.from_numpy(file["data"][rows].astype("float32") * scale)
        labels = torch.from_numpy(file["label"][rows].astype("int64"))
    weights = load_file(f"{backbone}/backbone.safetensors")
    model = WaveformTransformer(num_classes=8, **SIZES)
    model.load_state_dict(weights, strict=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    torch.nn.functional.cross_entropy(model(inputs), labels).backward()
    optimizer.step()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
