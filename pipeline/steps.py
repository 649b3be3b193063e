"""The steps of the pipeline and their images."""

from importlib import metadata

# Those without an image of their own need what load-checkpoint needs: no torch.
OWN_IMAGE = ("load-checkpoint", "finetune", "evaluate", "promote")
LIGHT = ("preflight", "summarize", "report-failures")
STEPS = ("preflight", *OWN_IMAGE, "summarize", "report-failures")


def images(registry: str = "", tag: str = "") -> dict[str, str]:
    """The image of each step.

    Args:
        registry: stands before the names, as in `registry.example.com/biotune`.
        tag: the package's version by default.
    """
    prefix = f"{registry.rstrip('/')}/" if registry else ""
    named = {step: f"{prefix}biotune-{step}:{tag or _version()}" for step in OWN_IMAGE}
    return {**dict.fromkeys(LIGHT, named["load-checkpoint"]), **named}


def _version() -> str:
    try:
        return metadata.version("biotune")
    except metadata.PackageNotFoundError:  # a source tree on the path, not installed
        return "dev"
