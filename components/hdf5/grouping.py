"""The grouped layout: which groups hold windows, and that none with windows is left out."""

import h5py

from components.failures import InputError
from components.hdf5.soundness import child, plain

_SHOWN = 5  # names of what a group holds


def pairs_of(
    file: h5py.File, name: str, *, labelled: bool
) -> list[tuple[h5py.Dataset, h5py.Dataset | None]]:
    """Windows and labels, a pair for each group that holds them; none if no group does.

    Args:
        labelled: whether labels must be there; if not, all groups hold them or none does.

    Raises:
        InputError: some groups are pairs, and another one holds windows or labels otherwise.
    """
    pairs, others = [], []
    found = [(key, group, *_pair(group, name)) for key, group in _groups(file)]
    labelled = labelled or any(x is not None and y is not None for _, _, x, y in found)
    for key, group, x, y in found:
        if x is not None and (y is not None or not labelled):
            pairs.append((x, y))
        else:
            others.append((key, group, x is not None or y is not None))
    for key, group, half in others if pairs else ():
        path = _windows(group)
        if half or path:
            held = list(dict.fromkeys([path, *group] if path else group))
            raise InputError(
                f"{name}: the group {plain(key)} holds {', '.join(map(plain, held[:_SHOWN]))}, and "
                "beside groups with `X` and `y` it would be left out; put its windows into "
                f"{plain(key)}/X and its labels into {plain(key)}/y, or remove it"
            )
    return pairs


def require_flat(file: h5py.File, name: str) -> None:
    """Refuses a file with `data` that has windows in groups, too.

    Raises:
        InputError: it has; one line with the group.
    """
    for key, group in _groups(file):
        if key not in ("data", "label") and (path := _windows(group, "X")):
            raise InputError(
                f"{name}: holds `data`, and windows in the group {plain(key)} ({plain(path)}), "
                "which would be left out; put all into `data`, or all into groups"
            )


def _groups(file: h5py.File) -> list[tuple[str, h5py.Group]]:
    """The groups of the file itself; links to elsewhere are left alone."""
    hard = (key for key in file if file.get(key, getclass=True, getlink=True) is h5py.HardLink)
    return [(key, found) for key in hard if isinstance(found := file[key], h5py.Group)]


def _pair(group: h5py.Group, name: str) -> tuple[h5py.Dataset | None, h5py.Dataset | None]:
    return child(group, "X", name), child(group, "y", name)


def _windows(group: h5py.Group, called: str = "") -> str | None:
    """Where below a group an array has the dimensions of windows; None if none has."""

    def look(path: str, thing: object) -> str | None:
        known = not called or path.rpartition("/")[2] == called
        return path if known and isinstance(thing, h5py.Dataset) and thing.ndim == 3 else None

    return group.visititems(look)
