"""What tests of components share."""

import logging
import sys

import pytest


@pytest.fixture
def root_logger():
    """Lets a test set up logging, and puts back what was there."""
    root, ours = logging.getLogger(), logging.getLogger("biotune")
    before, hook = (root.handlers[:], root.level, ours.level), sys.excepthook
    yield
    root.handlers[:], level, ours_level = before
    root.setLevel(level)
    ours.setLevel(ours_level)
    logging.captureWarnings(False)
    sys.excepthook = hook
