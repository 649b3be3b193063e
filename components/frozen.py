"""What a frozen backbone must have: nobody trains what its checkpoint does not fill."""

from collections.abc import Iterable

from components.failures import InputError

_SHOWN = 3


def require_filled(missing: Iterable[str]) -> None:
    """Refuses a backbone that would stay random in part.

    Args:
        missing: names of the backbone's tensors that the checkpoint does not fill.

    Raises:
        InputError: there are such.
    """
    # Batch norm's counter of batches is of no use in eval mode.
    names = [name for name in missing if not name.endswith("num_batches_tracked")]
    if names:
        some = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        raise InputError(
            f"freeze_backbone=true: would keep {len(names)} tensors at random that the checkpoint "
            f"does not fill ({some}); give a checkpoint that has them, or set freeze_backbone=false"
        )
