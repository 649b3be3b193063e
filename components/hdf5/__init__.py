"""HDF5 windows: what a split holds, and batches of it.

Two layouts are read as they are. *Flat*: `data` (N, C, T) and `label` (N, ...), optionally
`subject` (N,) and `recording` (N,), and the attributes `sampling_rate`, `channels`, `unit`,
`classes`, `licence` and `scale` (physical value = stored value * scale). *Grouped*: `<group>/X` and
`<group>/y`, as the public EEG preparation scripts write them; groups are read in key order.
"""

from components.hdf5.header import Header, read_header
from components.hdf5.windows import Windows

__all__ = ["SPLITS", "Header", "Windows", "read_header"]

SPLITS = ("train", "val", "test")
