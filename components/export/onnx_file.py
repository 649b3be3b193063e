"""ONNX, checked by ONNX Runtime."""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch

from components.export.exportable import INPUT, OUTPUTS
from components.failures import Failure, first_line

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
_OPERATOR = re.compile(r"OpOverload\(op='(.+?)'")


def write(program: torch.export.ExportedProgram, file: Path, metadata: Mapping[str, str]) -> None:
    """Writes a program as one ONNX file; `metadata` are texts that the file keeps.

    Raises:
        Failure: ONNX has no counterpart of an operator, which is named.
    """
    from onnxscript import optimizer

    names = {"input_names": [INPUT], "output_names": list(OUTPUTS)}
    with _operator_told(), _quiet():
        # All that the exporter optimizes would take a number up to 1e-8 for zero, x + 1e-8 for x.
        made = torch.onnx.export(program, dynamo=True, verbose=False, optimize=False, **names)
        optimizer.inline(made.model)
        optimizer.fold_constants(made.model)
        optimizer.remove_unused_nodes(made.model)
        made.model.metadata_props.update(metadata)
        made.save(file, external_data=False)


class Session:
    """An ONNX file, loaded; on as many threads as PyTorch has."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(file, options, providers=providers)

    def __call__(self, windows: np.ndarray) -> list[np.ndarray]:
        """Probabilities and logits of windows (B, C, T) float32."""
        return self._session.run(list(OUTPUTS), {INPUT: windows})


@contextmanager
def _operator_told() -> Iterator[None]:
    try:
        yield
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        raise Failure(f"onnx: {refusal(error)}") from error


def refusal(error: BaseException) -> str:
    """Names the operator that an exporter stumbled over; or says what it said."""
    chain: list[Any] = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    for cause in reversed(chain):
        if found := _OPERATOR.search(str(cause)):
            return f"has no counterpart of the operator {found.group(1)}; export it as .pt2"
    return f"can't be exported: {first_line(chain[-1])[:300]}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps back what the exporters print of their progress."""
    loggers = [logging.getLogger(name) for name in ("onnxscript", "onnx_ir", "torch.onnx")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
