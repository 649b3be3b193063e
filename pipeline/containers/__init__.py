"""The steps in containers on this machine: `biotune run --runner docker`."""
