"""Promote: the better of a new model and the champion of a registry becomes the champion."""
