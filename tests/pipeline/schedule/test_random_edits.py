"""Twenty random sequences of edits, breakdowns and runs; each ends with what is described."""

import shutil

import pytest
from kfp import compiler, dsl

from pipeline import package
from pipeline.schedule import cluster as listing
from pipeline.schedule.marker import Marker
from tests.pipeline.schedule.story import Story, ours
from tests.pipeline.schedule.watch import Watch


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A package that takes our parameters and is read fast."""

    @dsl.component(base_image="example.com/step:1", install_kfp_package=False)
    def step(word: str):
        pass

    @dsl.pipeline(name="tiny")
    def tiny(checkpoint_uri: str, dataset_uri: str, overrides: list):
        step(word=checkpoint_uri)

    path = tmp_path_factory.mktemp("tiny") / "tiny.yaml"
    compiler.Compiler().compile(tiny, str(path))
    return path


@pytest.fixture
def watch(kfp_server, cluster, monkeypatch, tiny, tmp_path):
    """A watched server, with recurring runs of others under names that are also ours."""
    monkeypatch.setattr(package, "write", lambda target, **_: shutil.copy(tiny, target))
    monkeypatch.setattr(
        package,
        "arguments",
        lambda request: {
            "checkpoint_uri": request.checkpoint,
            "dataset_uri": request.dataset,
            "overrides": list(request.overrides),
        },
    )
    monkeypatch.setattr(listing, "_PAGE", 3)  # so that there are pages
    experiment = kfp_server.state.experiment(None)["experiment_id"]
    for name, description in (("s0", "mine"), ("s1", str(Marker("others", "s1", 1, "a" * 64)))):
        cluster._client.create_recurring_run(
            experiment,
            name,
            description=description,
            cron_expression="0 0 1 * * *",
            max_concurrency="1",
            pipeline_package_path=str(tiny),
            params={"checkpoint_uri": "c", "dataset_uri": "d", "overrides": []},
        )
    watch = Watch()
    watch.guard(kfp_server.state)
    watch.install(monkeypatch)
    return watch


@pytest.mark.parametrize("seed", range(20))
def test_a_sequence_of_edits_ends_with_what_is_described(
    seed, kfp_server, cluster, watch, tmp_path
):
    story = Story(seed, kfp_server, cluster, watch, tmp_path)
    story.play()
    story.end()
    assert story.cut_off, "no apply was cut off; the sequence proves little"


def test_an_apply_that_is_cut_off_at_any_request_is_ended_by_the_next(
    kfp_server, cluster, watch, tmp_path
):
    story = Story(0, kfp_server, cluster, watch, tmp_path)
    cuts = 0
    for turn in range(60):
        cron = f"0 {turn % 60} 2 * * *"
        story.schedules = {"s0": {"cron": cron, "checkpoint": "c", "dataset": "d"}}
        if story.apply(turn // 2, lost=bool(turn % 2)) is not None:
            break  # it took fewer requests than that
        cuts += 1
        story.compare(*story.apply())
        assert len(ours(kfp_server)) == 1
    assert 10 < cuts < 60
    assert watch.wrong == []


@pytest.mark.parametrize("request_", ["disable", "enable", "delete"])
def test_what_another_apply_has_done_already_is_no_error(
    kfp_server, cluster, watch, tmp_path, monkeypatch, request_
):
    story, other = (Story(0, kfp_server, cluster, watch, tmp_path) for _ in range(2))
    for cron in ("@daily", "@weekly"):
        for one in (story, other):
            one.schedules = {"s0": {"cron": cron, "checkpoint": "c", "dataset": "d"}}
        if cron == "@daily":
            story.apply()
    real = getattr(cluster, request_)

    def late(*args, **options):
        monkeypatch.setattr(cluster, request_, real)
        other.apply()
        return real(*args, **options)

    monkeypatch.setattr(cluster, request_, late)
    story.compare(*story.apply())
    assert len(ours(kfp_server)) == 1
    assert watch.wrong == []


def test_two_applies_at_once_end_with_one(kfp_server, cluster, watch, tmp_path, monkeypatch):
    story, other = (Story(0, kfp_server, cluster, watch, tmp_path) for _ in range(2))
    for one in (story, other):
        one.schedules = {"s0": {"cron": "@daily", "checkpoint": "c", "dataset": "d"}}
    create = cluster.create

    def late(*args, **options):
        """The other one has done all its work between our look and our first request."""
        monkeypatch.setattr(cluster, "create", create)
        other.apply()
        return create(*args, **options)

    monkeypatch.setattr(cluster, "create", late)
    story.compare(*story.apply())
    assert len(ours(kfp_server)) == 1
