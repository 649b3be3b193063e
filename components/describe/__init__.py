"""Describe: the manifest of a model, made on the meta device."""
