"""A registry on a disk or in S3, and new models that come to it."""

import itertools
from types import SimpleNamespace

import pytest

from components.promote.step import run
from components.registry import champions, models
from tests.tuned import evaluated, name_of, tuned


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.s3)])
def registry(request, tmp_path):
    """URI of an empty registry."""
    if request.param == "disk":
        return str(tmp_path / "registry")
    return request.getfixturevalue("s3").uri("registry")


@pytest.fixture
def come(registry, tmp_path):
    """Makes a new model with a score and brings it to the registry."""
    numbers = itertools.count()

    def comes(
        score,
        rival=None,
        *,
        metric="balanced_acc",
        margin=0.0,
        model=None,
        attempt=True,
        **evaluation,
    ):
        number = next(numbers)
        model = model or tuned(tmp_path / f"model-{number}", f"weights {number}")
        folder = tmp_path / f"evaluation-{number}"
        evaluated(folder, model, score, rival, metric=metric, **evaluation)
        config = {"promotion": {"metric": metric, "margin": margin}}
        if attempt:  # without one it is brought by hand
            config["attempt"] = {"fingerprint": f"{number:064x}", "of": {"number": number}}
        output = tmp_path / f"decision-{number}"

        def go(retry=""):
            return run(model, folder, registry, output.with_name(output.name + retry), config)

        return SimpleNamespace(name=name_of(model), go=go, output=output, attempt=f"{number:064x}")

    return comes


@pytest.fixture
def champion(registry, tmp_path):
    """Fetches the present champion, which proves that it is whole; its fingerprint, "" for none."""
    numbers = itertools.count()

    def whole():
        named = champions.read(registry).champion
        if named is None:
            return ""
        uri = models.uri_of(registry, named.model)
        folder = models.fetch(uri, tmp_path / f"fetched-{next(numbers)}")
        assert name_of(folder) == named.model
        return named.model

    return whole
