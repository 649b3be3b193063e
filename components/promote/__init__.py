"""Promote: the better of the new model and the present champion."""
