"""The columns of a table of predictions, for every type of classification."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from components.objectives import Objective
from components.predict.batch import Batch

FLAWS = "flaws"


class Columns:
    """Makes rows of a batch and what the model says of it.

    Args:
        known: what the source knows of a window, with the columns' types.
        names: of the classes, or of the labels of `mc`.

    Attributes:
        schema: of the table, with one probability a class (`p_<class>`; of several outputs
            `p_<output>_<class>`), then the decision (`label`; `label_<name>` of several labels,
            `label_<output>` of several outputs), then what is wrong with the window.
    """

    def __init__(self, known: dict[str, str], objective: Objective, names: Sequence[str]) -> None:
        self._names = np.array(names, dtype=object)
        self._outputs = len(objective.logit_shape) > 1
        outputs = range(objective.logit_shape[0]) if self._outputs else ()
        flat = [f"{output}_{name}" for output in outputs for name in names]
        self._probabilities = [f"p_{name}" for name in flat or names]
        self._single = not objective.label_shape
        if self._outputs:
            self._labels = [f"label_{output}" for output in outputs]
        else:
            self._labels = ["label"] if self._single else [f"label_{name}" for name in names]
        self._decision = pa.string() if self._single or self._outputs else pa.bool_()
        self._known = known
        self.schema = pa.schema(
            [
                *((name, pa.type_for_alias(kind)) for name, kind in known.items()),
                *((name, pa.float64()) for name in self._probabilities),
                *((name, self._decision) for name in self._labels),
                (FLAWS, pa.string()),
            ]
        )

    def rows(
        self, batch: Batch, probabilities: np.ndarray, predictions: np.ndarray
    ) -> pa.RecordBatch:
        """Rows of a batch.

        Args:
            probabilities: (m, ...) of the m windows that are not lost.
            predictions: (m, ...) of the same.
        """
        places = np.flatnonzero(~batch.lost)
        numbers = self._spread(probabilities, places, len(batch.lost), np.float64)
        decided = self._spread(predictions, places, len(batch.lost), np.int64)
        arrays = [
            pa.array(batch.columns[name], self.schema.field(name).type) for name in self._known
        ]
        arrays += [pa.array(column, mask=batch.lost) for column in numbers.T]
        arrays += [self._named(column, batch.lost) for column in decided.T]
        arrays.append(pa.array(batch.flaws, pa.string()))
        return pa.record_batch(arrays, schema=self.schema)

    def _named(self, decided: np.ndarray, lost: np.ndarray) -> pa.Array:
        values = decided.astype(bool) if self._decision == pa.bool_() else self._names[decided]
        return pa.array(values, self._decision, mask=lost)

    def _spread(self, values, places, count, dtype) -> np.ndarray:
        """(count, columns) with the values where they belong, and 0 elsewhere."""
        width = len(self._probabilities) if dtype == np.float64 else len(self._labels)
        spread = np.zeros((count, width), dtype=dtype)
        spread[places] = values.reshape(len(places), width)  # of no window, too
        return spread
