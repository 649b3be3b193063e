"""Summarize: the numbers of several seeds or folds."""
