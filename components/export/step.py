"""Export: a tuned model as ONNX or as a program of `torch.export`, proven before it is kept."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch

from components import extras, single_file, tuned_folder
from components.encoder import Network, restore
from components.export import facts, latency, onnx_file, parity, samples, torch_program
from components.export.exportable import Exportable, traced
from components.failures import InputError
from components.instantiation import make
from components.objectives import Objective

log = logging.getLogger("biotune")

FORMATS: dict[str, ModuleType] = {".onnx": onnx_file, ".pt2": torch_program}
METADATA, SUFFIX = "biotune.json", ".json"
EXAMPLES = 3  # a batch of one would be taken for a fixed size


def run(
    model: str, output: str, config: Mapping[str, Any], *, data: str = "", split: str = "test"
) -> dict[str, Any]:
    """Exports a tuned model; what comes out differs in no probability by more than 1e-5.

    Args:
        model: URI of a folder made by finetune.
        output: the file to make, `.onnx` or `.pt2`; `<output>.json` with the report comes beside.
        config: the evaluate slice of the configuration.
        data: URI of windows to check it on, an HDF5 file or a folder; "" for noise.
        split: which of the folder's.

    Returns:
        The report.

    Raises:
        InputError: wrong paths, a missing package, data that are not the model's.
        Failure: the model can't be exported, or its numbers are others then.
    """
    form = _format(output)
    extras.require("export", *form.PACKAGES)
    with (
        tuned_folder.at(model) as folder,
        single_file.appearing(output + SUFFIX) as report_file,
        single_file.appearing(output) as file,
    ):
        restored = restore(folder, allow=config.get("allow_targets", ()))
        objective = make(restored.config["objective"], "objective")
        network, header = restored.network, None
        if data:
            windows, header = samples.real(data, split, restored.config, config.get("allowed", {}))
        else:
            windows = samples.made_up(restored.config, network)
        said = facts.describe(folder, restored.config, objective, windows.shape[1:], header)
        eager = _eager(network, objective)
        eager(windows[:EXAMPLES])  # places what is made at the first call, outside of the graph
        example = torch.from_numpy(np.resize(windows, (EXAMPLES, *windows.shape[1:])))
        program = traced(Exportable(network, objective).eval(), example)
        form.write(program, file, {METADATA: json.dumps(said)})
        session = form.Session(file)
        checked = parity.check(network, objective, session, windows)
        checked |= {"windows": len(windows), "of": data or "noise"}
        report = {**said, "format": file.suffix[1:], "size": os.path.getsize(file)}
        report |= {"parity": checked, "threads": torch.get_num_threads()}
        report["latency"] = latency.measure({"eager": eager, "exported": session}, windows)
        report_file.write_text(json.dumps(report, indent=1, allow_nan=False))
    return report


def _format(output: str) -> ModuleType:
    suffix = os.path.splitext(output)[1].lower()
    if suffix not in FORMATS:
        raise InputError(f"--output={output}: name a file that ends in {' or '.join(FORMATS)}")
    return FORMATS[suffix]


def _eager(network: Network, objective: Objective) -> Callable[[np.ndarray], torch.Tensor]:
    def run(windows: np.ndarray) -> torch.Tensor:
        with torch.inference_mode():
            return objective.probabilities(network(torch.from_numpy(windows)))

    return run
