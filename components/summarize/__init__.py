"""Summarize: the numbers of several seeds."""
