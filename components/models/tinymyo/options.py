"""Which arguments can be together."""

CHANNEL_ROWS = 16  # a generation 2 model stores as many, however few channels it is given
TASKS = ("pretraining", "classification", "regression")


def check_options(generation: int, task: str, reduction_type: str, num_classes: int) -> None:
    """Raises ValueError for a choice that is none."""
    if generation not in (1, 2):
        raise ValueError(f"generation={generation}: there are 1 and 2")
    if task not in TASKS:
        raise ValueError(f"task={task}: there are {', '.join(TASKS)}")
    if reduction_type not in ("concat", "mean"):
        raise ValueError(f"reduction_type={reduction_type}: there are concat and mean")
    if reduction_type == "mean" and (generation == 2 or task == "regression"):
        raise ValueError("reduction_type=mean: only generation 1 has it, for classification")
    if num_classes < 1 and task != "pretraining":
        raise ValueError(f"num_classes={num_classes}: {task} needs at least 1")


def check_sizes(
    generation: int, img_size: int, patch_size: int, in_chans: int, embed_dim: int, n_head: int
) -> None:
    """Raises ValueError for sizes that do not divide, or are too many."""
    if img_size % patch_size:
        raise ValueError(f"img_size={img_size} is no multiple of {patch_size=}")
    if embed_dim % n_head:
        raise ValueError(f"embed_dim={embed_dim} is no multiple of {n_head=}")
    if generation == 2 and (embed_dim // n_head) % 2:
        raise ValueError(f"embed_dim={embed_dim}: generation 2 needs an even width of {n_head=}")
    if generation == 2 and in_chans > CHANNEL_ROWS:
        raise ValueError(f"in_chans={in_chans}: generation 2 knows at most {CHANNEL_ROWS}")
