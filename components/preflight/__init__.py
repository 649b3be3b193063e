"""Preflight: everything that can be wrong, found on a CPU before anything costly starts."""
