"""The Hydra configuration; found by package name, so that it travels with the code."""
