"""Evaluate: a tuned model and a dataset in, metrics with intervals and a report out."""
