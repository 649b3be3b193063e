"""The house's rules of who imports whom, read from the source and seen in a fresh interpreter."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
STEPS = {
    "describe",
    "preflight",
    "load_checkpoint",
    "finetune",
    "evaluate",
    "promote",
    "summarize",
    "report_failures",
    "train_job",
    "predict",
    "export",
}
FACELESS = {"describe", "predict", "export"}
COMMANDS = {
    "components/__main__.py",
    "components/commands/predict.py",
    "components/commands/export.py",
    "components/commands/report.py",
}
SOURCES = sorted(
    str(path.relative_to(HOME))
    for folder in ("components", "pipeline")
    for path in (HOME / folder).rglob("*.py")
)
TORCH_FREE = [
    "components.arguments",
    "components.artifacts",
    "components.checkpoint",
    "components.config",
    "components.console",
    "components.convert.step",
    "components.evaluate.comparison.page",
    "components.evaluate.comparison.reading",
    "components.evaluate.comparison.terminal",
    "components.durations",
    "components.failures",
    "components.handover",
    "components.logbook",
    "components.recording",
    "components.recordings",
    "components.redaction",
    "components.registry",
    "components.registry.models",
    "components.suitability",
    "components.folds.comparison",
    "components.folds.parts",
    "components.hdf5",
    "components.manifest",
    "components.objectives",
    "components.pages",
    "components.parameters",
    "components.kube",
    "components.layout",
    "components.signal",
    "components.splits",
    "components.storage",
    "components.preflight.step",
    "components.load_checkpoint.step",
    "components.promote.step",
    "components.summarize.step",
    "components.report_failures.leftovers",
    "components.report_failures.step",
    "components.train_job.step",
    "pipeline.cli",
    "pipeline.cluster.client",
    "pipeline.cross_validation",
    "pipeline.cluster.follow",
    "pipeline.cluster.session",
    "pipeline.doctor",
    "pipeline.inspection",
    "pipeline.dag",
    "pipeline.local",
    "pipeline.package",
    "pipeline.placement",
    "pipeline.placement.apply",
    "pipeline.commands.submit",
    "pipeline.commands.schedule",
    *(f"components.{step}.component" for step in sorted(STEPS - FACELESS)),
]


def imports(source):
    """Every module that a file imports anywhere, with the names it takes as if they were modules.

    A relative import would hide from the rules, so there must be none.
    """
    found = set()
    for node in ast.walk(ast.parse((HOME / source).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{source}: relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def step_of(source):
    parts = Path(source).parts
    return parts[1] if parts[0] == "components" and parts[1] in STEPS else None


def steps_in(modules):
    parts = [module.split(".") for module in modules]
    return {p[1] for p in parts if p[0] == "components" and len(p) > 1} & STEPS


def packages(modules):
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("source", [s for s in SOURCES if s.startswith("components/")])
def test_components_keep_their_place(source):
    found = imports(source)
    others = steps_in(found) - {step_of(source)}
    assert "pipeline" not in packages(found)
    if source in COMMANDS:
        return
    assert not others, "steps meet only in files, and nothing shared knows a step"
    if not source.endswith("/component.py"):
        assert "kfp" not in packages(found), "only a step's face knows KFP"
    if source != "components/arguments.py":
        assert "argparse" not in packages(found)


@pytest.mark.parametrize("source", [s for s in SOURCES if s.startswith("pipeline/")])
def test_the_pipeline_knows_of_a_step_its_face_alone(source):
    found = imports(source)
    reached = {m for m in found if steps_in({m}) and m.count(".") > 1}
    assert all(m.split(".")[2] == "component" for m in reached)
    assert not packages(found) & {"torch", "lightning", "timm", "torchmetrics"}


@pytest.mark.parametrize("source", SOURCES)
def test_a_model_is_imported_by_hydra_alone(source):
    if not source.startswith("components/models/"):
        assert not any(m.startswith("components.models.") for m in imports(source))


def test_no_torch_comes_in_with_what_runs_without_it():
    program = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
    assert "torch" not in sys.modules, f"torch came in with {module}"
"""
    command = [sys.executable, "-c", program, *TORCH_FREE]
    child = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr


def test_help_is_there_at_once_and_without_kfp():
    program = """
import sys
from pipeline.cli import main
try:
    main(["--help"])
finally:
    heavy = {"kfp", "pydantic", "torch", "hydra", "rich", "h5py", "boto3", "numpy"}
    assert not heavy & set(sys.modules)
"""
    child = subprocess.run([sys.executable, "-c", program], cwd=HOME, capture_output=True)
    assert child.returncode == 0, child.stderr
    assert b"biotune run" in child.stdout
