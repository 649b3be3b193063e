"""The pipeline `biotune`, in KFP's terms.

preflight, load-checkpoint, finetune and evaluate follow each other; what they hand on is in the
signatures of their components. A pipeline is compiled in one of a few shapes: with several seeds,
with the folds of a cross-validation or with neither, with promotion or without, and for a cluster
with a task that reports failures at the end.
"""

import inspect
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from kfp import dsl

from pipeline import placement
from pipeline.placement import Profile
from pipeline.repeats import Repeat, repeats
from pipeline.tasks import Tasks

TRAIN = "train"


def pipeline(
    images: Mapping[str, str],
    *,
    profile: Profile | None = None,
    seeds: Sequence[int] = (),
    folds: int = 0,
    promotion: bool = False,
):
    """The pipeline in one of its shapes.

    Args:
        images: the image of each step.
        profile: where on a cluster the steps run; None places nothing, for a run on this machine.
        seeds: trains and tests once for each; () once, with the configuration's.
        folds: trains and tests once for each fold by subject; 0 for the dataset's own splits.
        promotion: whether it takes `registry_uri`, skips an unchanged retraining, and promotes.

    Returns:
        What `kfp.compiler` compiles, and what runs at once when it is called after
        `kfp.local.init`.
    """
    signature = inspect.Signature(_parameters(profile, promotion))

    def biotune(*values):
        given = dict(zip(signature.parameters, values, strict=True))
        task = Tasks(images, profile, given)
        with _reporting(task, profile):
            checked = _preflight(task, given, images if promotion else None, folds)
            with _if_changed(checked, promotion):
                _train(task, given, checked, repeats(seeds, folds))

    biotune.__signature__ = signature
    described = dsl.pipeline(
        name="biotune", description="Fine-tunes and evaluates a pretrained model."
    )
    return described(biotune)


def _preflight(
    task: Tasks, given: Mapping[str, Any], images: Mapping[str, str] | None, folds: int
) -> dsl.PipelineTask:
    names = ("checkpoint_uri", "dataset_uri", "overrides", "manifest", "registry_uri")
    inputs = {name: given[name] for name in names if name in given}
    if images is not None:  # other images are other code: the retraining is not the same
        inputs["images"] = json.dumps({step: images[step] for step in ("finetune", "evaluate")})
    if folds:
        inputs["folds"] = folds
    return task("preflight", **inputs)


def _train(
    task: Tasks, given: Mapping[str, Any], checked: dsl.PipelineTask, repeated: Sequence[Repeat]
) -> None:
    """Load, tune and test; then the summary of all seeds or folds, or the promotion."""
    loaded = task(
        "load-checkpoint",
        checkpoint_uri=given["checkpoint_uri"],
        config=checked.outputs["load_checkpoint"],
    )
    promotes = "registry_uri" in given
    champion = {"champion_uri": checked.outputs["champion"]} if promotes else {}
    tuned, tested = [], []
    # A loop of KFP's would do it too, but for what breaks in one: its fan-in is young, its local
    # engine mixes up parameters, and a client's word on caching does not reach into it.
    for repeat in repeated or [None]:
        tuned.append(
            task(
                "finetune",
                dataset_uri=given["dataset_uri"],
                config=checked.outputs["finetune"],
                backbone=loaded.outputs["backbone"],
                **(repeat.inputs if repeat else {}),
            )
        )
        tested.append(
            task(
                "evaluate",
                dataset_uri=given["dataset_uri"],
                config=checked.outputs["evaluate"],
                model=tuned[-1].outputs["model"],
                **champion,
                **(repeat.of_test if repeat else {}),
            )
        )
        if repeat:
            tuned[-1].set_display_name(f"finetune, {repeat.label}")
            tested[-1].set_display_name(f"evaluate, {repeat.label}")
    _at_once(tuned, tested, task.profile)
    if repeated:
        task("summarize", results=" ".join(str(test.outputs["results"]) for test in tested))
    if promotes:
        task(
            "promote",
            registry_uri=given["registry_uri"],
            config=checked.outputs["promote"],
            model=tuned[0].outputs["model"],
            evaluation=tested[0].outputs["evaluation"],
        )


def _at_once(
    tuned: Sequence[dsl.PipelineTask], tested: Sequence[dsl.PipelineTask], profile: Profile | None
) -> None:
    """Lets no more trainings run side by side than the profile says; on one machine one."""
    width = 1 if profile is None else profile.parallelism
    if width:
        for before, after in zip(tested, tuned[width:], strict=False):
            after.after(before)


def _reporting(task: Tasks, profile: Profile | None) -> AbstractContextManager:
    """Lets a last task gather why steps failed, where they leave it in a durable place."""
    if profile is None or not profile.runs:
        return nullcontext()
    return dsl.ExitHandler(task("report-failures"), name="steps")


def _if_changed(checked: dsl.PipelineTask, promotion: bool) -> AbstractContextManager:
    """Lets the rest run unless this very retraining has been done."""
    if not promotion:
        return nullcontext()
    return dsl.If(checked.outputs["Output"] == TRAIN, name="retrain")


def _parameters(profile: Profile | None, promotion: bool) -> list[inspect.Parameter]:
    """The pipeline's parameters; those without a default come first, as Python wants them."""
    required = {"checkpoint_uri": str, "dataset_uri": str, "overrides": list[str]}
    if promotion:
        required["registry_uri"] = str
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [
        *(inspect.Parameter(name, kind, annotation=type_) for name, type_ in required.items()),
        inspect.Parameter("manifest", kind, annotation=str, default=""),
        *(placement.parameters(profile) if profile is not None else ()),
    ]
