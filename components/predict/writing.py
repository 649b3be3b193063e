"""Tables as Parquet or CSV, written as they grow."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from components.failures import Failure, InputError

ROWS = 16_384  # of a row group: what is held in memory
FORMATS = (".parquet", ".csv")


def require_format(output: str) -> None:
    """Returns if the name says what to write.

    Raises:
        InputError: it does not.
    """
    if os.path.splitext(output)[1].lower() not in FORMATS:
        raise InputError(f"--output={output}: name a file that ends in {' or '.join(FORMATS)}")


class Table:
    """A table that grows by a row group at a time."""

    def __init__(self, writer: parquet.ParquetWriter | csv.CSVWriter) -> None:
        self._writer = writer
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def append(self, rows: pa.RecordBatch) -> None:
        """Adds rows; they reach the file with their row group."""
        self._waiting.append(rows)
        self._rows += rows.num_rows
        if self._rows >= ROWS:
            self.flush()

    def flush(self) -> None:
        """Writes what waits."""
        if self._waiting:
            table = pa.Table.from_batches(self._waiting)
            if isinstance(self._writer, parquet.ParquetWriter):
                self._writer.write_table(table, row_group_size=ROWS)
            else:
                self._writer.write_table(table)
            self._waiting, self._rows = [], 0


@contextmanager
def table(file: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> Iterator[Table]:
    """A table to append to.

    Args:
        metadata: texts that a Parquet file keeps; CSV has no place for them.

    Raises:
        Failure: the file can't be written to its end.
    """
    try:
        if file.suffix.lower() == ".parquet":
            writer = parquet.ParquetWriter(file, schema.with_metadata(dict(metadata)))
        else:
            writer = csv.CSVWriter(file, schema)
        with writer:
            growing = Table(writer)
            yield growing
            growing.flush()
    except pa.ArrowException as error:
        raise Failure(f"--output: can't be written ({error})") from error
