"""A small pipeline whose training step lies as deep as a step of ours can, and how to read it."""

import inspect

from kfp import dsl

from pipeline import placement

CHANNEL = "pipelinechannel--"


@dsl.component(base_image="x", install_kfp_package=False)
def work(seed: int = 0) -> str:
    return "train"


@dsl.component(base_image="x", install_kfp_package=False)
def report():
    pass


def nested(profile):
    """A step in an exit handler, a condition and a loop, as the deepest of ours is."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    seeds = inspect.Parameter("seeds", kind, annotation=list[int])
    signature = inspect.Signature([seeds, *placement.parameters(profile)])

    def nest(*values):
        given = dict(zip(signature.parameters, values, strict=True))

        def placed(task, step):
            placement.place(task, step, profile, given)
            return task.set_display_name(step)

        with dsl.ExitHandler(placed(report(), "report-failures")):
            checked = placed(work(), "preflight")
            with dsl.If(checked.output == "train"), dsl.ParallelFor(given["seeds"]) as seed:
                placed(work(seed=seed), "finetune")

    nest.__signature__ = signature
    return dsl.pipeline(name="nested")(nest)


def finetune(specs):
    """What stands in the package of the step in the loop: container, and platform."""
    spec, *platform = specs
    name = "exec-work-2"
    container = spec["deploymentSpec"]["executors"][name]["container"]
    if not platform:
        return container, {}
    executors = platform[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return container, executors[name]


def channels(part):
    """Every parameter that a part of a spec refers to."""
    if isinstance(part, dict):
        own = [part["componentInputParameter"]] if "componentInputParameter" in part else []
        return own + [name for value in part.values() for name in channels(value)]
    return [name for item in part for name in channels(item)] if isinstance(part, list) else []
