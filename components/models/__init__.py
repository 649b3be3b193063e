"""Models that ship with the project: instantiated by Hydra, imported by nobody else."""
