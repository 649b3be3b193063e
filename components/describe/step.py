"""The manifest of a model: name, shape, dtype and part of every tensor it saves.

Preflight, load-checkpoint and the learning-rate decay all know a model by this alone.
"""

import json
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from components import encoder
from components.config import constructor, draft, resolved
from components.failures import InputError
from components.layout import Layout

DTYPES = {
    "torch.float64": "F64",
    "torch.float32": "F32",
    "torch.float16": "F16",
    "torch.bfloat16": "BF16",
    "torch.int64": "I64",
    "torch.int32": "I32",
    "torch.int16": "I16",
    "torch.int8": "I8",
    "torch.uint8": "U8",
    "torch.bool": "BOOL",
}
# A manifest serves every task; where the user names none, any will do.
TASK = {"classification_type": "mcc", "num_classes": 2}


def run(overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Describes the configured model.

    The model is built for two numbers of logits; a size that follows them is written as
    `num_logits`, so that one manifest serves every task.

    Returns:
        `{"model", "num_logits", "entries": [{"name", "shape", "dtype", "part"}], "decoder",
        "head_patterns", "identity"}`, plain JSON data.

    Raises:
        InputError: the model cannot be built, or its layout does not cover it.
    """
    config = draft(overrides)
    for key, value in TASK.items():
        if OmegaConf.is_missing(config, key):
            config[key] = value
    here, there = _tensors(config, config.num_logits), _tensors(config, config.num_logits + 1)
    if list(here) != list(there):
        raise InputError("model: its tensors change with the number of logits; only shapes may")
    model = resolved(config)["model"]
    layout = Layout.from_config(model.get("layout"))
    parts = layout.assign(here)
    entries = [
        {
            "name": name,
            "shape": [
                "num_logits" if (low, high) == (config.num_logits, config.num_logits + 1) else low
                for low, high in zip(tensor.shape, there[name].shape, strict=True)
            ],
            "dtype": DTYPES[str(tensor.dtype)],
            "part": parts[name],
        }
        for name, tensor in here.items()
    ]
    return {
        "model": constructor(model),
        "num_logits": config.num_logits,
        "entries": entries,
        "decoder": list(layout.decoder),
        "head_patterns": list(layout.head),
        **({"identity": model["identity"]} if "identity" in model else {}),
    }


def _tensors(config: DictConfig, num_logits: int) -> dict[str, Any]:
    sized = config.copy()
    sized.num_logits = num_logits
    return encoder.build(OmegaConf.to_container(sized.model, resolve=True), "meta").state_dict()


def as_text(manifest: dict[str, Any]) -> str:
    """The manifest as JSON with a tensor a line, so that a change of one shows as such."""
    entries = ",\n".join(f"  {json.dumps(entry)}" for entry in manifest["entries"])
    others = json.dumps({k: v for k, v in manifest.items() if k != "entries"}, indent=1)
    return f'{others[:-2]},\n "entries": [\n{entries}\n ]\n}}\n'
