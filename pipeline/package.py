"""What a run on a cluster is made of: the compiled pipeline, and the parameters it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path
from typing import Any

from components.failures import Findings, InputError, noting
from components.storage.address import bucket_and_key, local_path, scheme, shown

SUFFIXES = (".yaml", ".yml")  # of JSON the compiler can't make what places a step
LARGEST_SEED = 2**32 - 1  # as the configuration's `seed`
# What evaluate tells of each fold reaches summarize, twice, in one argument of 128 KiB at most.
FEWEST_FOLDS, MOST_FOLDS = 2, 50


@dataclass(frozen=True)
class Request:
    """One fine-tuning for a cluster, as a user asks for it.

    Attributes:
        checkpoint: URI of the checkpoint, or its path on a volume of the profile.
        dataset: URI of the folder with the splits, or its path on a volume.
        overrides: Hydra overrides.
        seeds: trains and tests once for each; none takes the configuration's `seed`.
        folds: trains and tests once for each fold by subject; 0 for the dataset's own splits.
        registry: URI of the models' registry, where the better model is promoted; "" for none.
        profile: file with the cluster's placement.
        parameters: run-time placement parameters, in place of the profile's values.
    """

    checkpoint: str
    dataset: str
    overrides: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    folds: int = 0
    registry: str = ""
    profile: Path | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def write(
    file: Path,
    *,
    profile: Path | None = None,
    seeds: Sequence[int] = (),
    folds: int = 0,
    promotion: bool = False,
) -> None:
    """Compiles the pipeline in one of its shapes.

    Args:
        file: to write, in YAML.
        profile: file with the cluster's placement; None for the defaults, one GPU among them.
        seeds: trains and tests once for each.
        folds: trains and tests once for each fold by subject.
        promotion: whether it takes `registry_uri`.

    Raises:
        InputError: the profile or the shape is wrong, or the file cannot be written.
    """
    if file.suffix not in SUFFIXES:
        raise InputError(f"--output {file}: must end in .yaml or .yml")
    if wrong := _shape(seeds, folds, promotion):
        raise Findings(wrong)
    placed = _profile(profile)
    from kfp import compiler

    from pipeline import dag, placement

    shaped = dag.pipeline(
        placement.images(placed), profile=placed, seeds=seeds, folds=folds, promotion=promotion
    )
    try:
        compiler.Compiler().compile(shaped, str(file))
    except OSError as error:
        raise InputError(f"--output {file}: cannot be written ({error.strerror})") from error


def arguments(request: Request) -> dict[str, Any]:
    """The pipeline's parameters for a request; what preflight can check without data comes first.

    Raises:
        Findings: everything that is wrong with the request, a line each.
        Failure: the model has no committed manifest and there is no torch here to make one.
    """
    from components import config as configuration
    from pipeline import description, placement

    profile = _profile(request.profile)
    shape = _shape(request.seeds, request.folds, bool(request.registry))
    findings = [*_misplaced(request, profile), *shape]
    parameters: dict[str, Any] = {}
    with noting(findings):
        parameters = placement.override(profile, request.parameters)
    with noting(findings):
        config = configuration.compose(request.overrides)
    if findings:
        raise Findings(findings)
    trainer = configuration.resolved(config)["trainer"]
    given = {
        "checkpoint_uri": request.checkpoint,
        "dataset_uri": request.dataset,
        "overrides": [*request.overrides, *placement.overrides(profile, parameters, trainer)],
        "manifest": description.manifest(request.overrides),
        **parameters,
    }
    if request.registry:
        given["registry_uri"] = request.registry
    return given


def _profile(file: Path | None):
    from pipeline import placement

    return placement.load(file) if file else placement.Profile()


def _misplaced(request: Request, profile) -> list[str]:
    """A path of the user's machine is none in a pod, unless it lies on a volume."""
    volumes = [str(volume.path) for volume in profile.volumes.values()]
    given = {"checkpoint": request.checkpoint, "dataset": request.dataset}
    if request.registry:
        given["registry"] = request.registry
    findings = []
    for name, uri in given.items():
        try:
            if scheme(uri) == "s3":
                bucket_and_key(uri)  # one with a key in it would be shown by Kubeflow
                continue
            path = Path(normpath(local_path(uri)))  # what .. leads out of a volume is not on it
            seen = any(map(path.is_relative_to, volumes))
        except InputError as error:
            findings.append(f"{name}: {error}")
            continue
        if not seen:
            there = f"the profile's volumes ({', '.join(volumes)})" if volumes else "a volume"
            findings.append(
                f"{name}={shown(uri)}: a pod sees no file of this machine; give s3://..., or an "
                f"absolute path on {there}"
            )
    return findings


def _shape(seeds: Sequence[int], folds: int, promotion: bool) -> list[str]:
    findings = []
    if len(set(seeds)) < len(seeds):
        findings.append(f"seeds={list(seeds)}: one is there twice; give each once")
    if wrong := [seed for seed in seeds if not 0 <= seed <= LARGEST_SEED]:
        findings.append(f"seeds={wrong}: a seed must be an integer from 0 to {LARGEST_SEED}")
    if seeds and promotion:
        findings.append(
            "promotion and seeds exclude each other: a champion is one model; leave one of them out"
        )
    if folds and (seeds or promotion):
        findings.append(
            f"folds={folds}: neither seeds nor promotion go with folds; leave one of them out"
        )
    if folds and not FEWEST_FOLDS <= folds <= MOST_FOLDS:
        findings.append(f"folds={folds}: must be from {FEWEST_FOLDS} to {MOST_FOLDS}")
    return findings
