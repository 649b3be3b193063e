"""Why something is left out of a dataset."""

WINDOW = (
    "kept",
    "window that nobody labelled",
    "window across the border of a label",
    "window with several labels at once",
    "window with a label that is none of the classes",
    "window marked bad by an annotation",
    "window with values that are not finite",
)
KEPT, UNLABELLED, BORDER, SEVERAL, OTHER, BAD, NOT_FINITE = range(len(WINDOW))

SHORT = "recording shorter than a window"
BAD_CHANNEL = "recording with a channel marked bad"
BROKEN = "recording that can't be read"
SHORT_LABEL = "label shorter than a window"
INSTANT = "label without a duration"
