"""Twenty random sequences of edits, breakdowns and runs; each ends with what is described."""

import random
import shutil
from pathlib import Path

import pytest
import yaml
from kfp import compiler, dsl

from components.failures import ServiceError
from pipeline import package
from pipeline.schedule import cluster as listing
from pipeline.schedule import file, marker
from pipeline.schedule.apply import apply
from pipeline.schedule.described import describe
from pipeline.schedule.marker import Marker
from tests.pipeline.schedule.watch import Watch

NAMES = [f"s{number}" for number in range(5)]
CRONS = ["0 0 2 * * *", "@daily", "0 30 4 * * MON-FRI", "@weekly"]
STEPS = 14


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


def ours(kfp_server):
    """Our recurring runs, with their marks."""
    every = [(marker.read(r.get("description")), r) for r in kfp_server.state.recurring.values()]
    return [(mark, one) for mark, one in every if mark and mark.owner == "me"]


class Story:
    """One sequence: a file that is edited, a cluster that lives, and an apply now and then."""

    def __init__(self, seed, kfp_server, cluster, watch, folder):
        self.random = random.Random(seed)
        self.server, self.cluster, self.watch = kfp_server, cluster, watch
        self.path = Path(folder) / "schedules.yaml"
        self.schedules = {}
        self.cut_off = 0

    def edit(self):
        """Changes the file as a person would."""
        names, pick = list(self.schedules), self.random.choice
        free = [name for name in NAMES if name not in names]
        kind = pick(["add", "add", "cron", "overrides", "pause", "remove", "rename"])
        if kind == "add" and free:
            self.schedules[pick(free)] = {"cron": pick(CRONS), "checkpoint": "c", "dataset": "d"}
        elif names and kind == "cron":
            self.schedules[pick(names)]["cron"] = pick(CRONS)
        elif names and kind == "overrides":
            self.schedules[pick(names)]["overrides"] = [f"seed={self.random.randrange(3)}"]
        elif names and kind == "pause":
            chosen = self.schedules[pick(names)]
            chosen["paused"] = not chosen.get("paused", False)
        elif names and kind == "remove":
            del self.schedules[pick(names)]
        elif names and free and kind == "rename":
            self.schedules[pick(free)] = self.schedules.pop(pick(names))

    def live(self):
        """Lets an active one fire, a run end, or a hand pause or resume one."""
        state, pick = self.server.state, self.random.choice
        active = [one for _, one in ours(self.server) if one["status"] == "ENABLED"]
        running = [run["run_id"] for run in state.runs.values() if run["state"] == "RUNNING"]
        if active and self.random.random() < 0.5:
            self.server.trigger(pick(active)["recurring_run_id"])
        elif running and self.random.random() < 0.5:
            self.server.finish(pick(running), pick(["SUCCEEDED", "FAILED", "CANCELED"]))
        elif active:
            self.cluster.disable(pick(active)["recurring_run_id"])

    def apply(self, countdown=-1, lost=False):
        """Applies the file; with a countdown, the server breaks down at that request."""
        self.path.write_text(yaml.safe_dump({"owner": "me", "schedules": self.schedules}))
        read = file.load(self.path)
        described = describe(read, self.path, self.path.parent)
        self.watch.countdown, self.watch.lost = countdown, lost
        try:
            outcomes, refused = apply(self.cluster, "me", described)
        except ServiceError:
            self.cut_off += 1
            return None
        finally:
            self.watch.countdown = -1
        assert refused == []
        return outcomes, described

    def play(self):
        for _ in range(STEPS):
            self.edit()
            self.live()
            chance = self.random.random()
            if chance < 0.5:
                self.apply(self.random.randrange(12), lost=self.random.random() < 0.5)
            elif chance < 0.8:
                self.compare(*self.apply())
            assert self.watch.wrong == []

    def compare(self, outcomes, described):
        """What the cluster has is what is described, and what still drains."""
        in_charge = {}
        for mark, one in ours(self.server):
            known = in_charge.get(mark.name)
            if known is None or known[0].generation < mark.generation:
                in_charge[mark.name] = (mark, one)
        for wanted in described:
            mark, one = in_charge[wanted.name]
            assert mark.digest == wanted.digest
            assert one["status"] == ("DISABLED" if wanted.paused else "ENABLED")
            assert one["trigger"]["cron_schedule"]["cron"] == wanted.trigger.cron
            assert one["runtime_config"]["parameters"] == wanted.arguments
        kept = {in_charge[wanted.name][1]["recurring_run_id"] for wanted in described}
        busy = {
            run["recurring_run_id"]
            for run in self.server.state.runs.values()
            if run["state"] == "RUNNING"
        }
        others = [one for _, one in ours(self.server) if one["recurring_run_id"] not in kept]
        assert all(one["status"] == "DISABLED" for one in others)
        assert {one["recurring_run_id"] for one in others} <= busy
        assert sum(outcome.draining for outcome in outcomes) == len(others)

    def end(self):
        """All runs end; then nothing is there but what is described."""
        for run in list(self.server.state.runs.values()):
            if run["state"] == "RUNNING":
                self.server.finish(run["run_id"], "SUCCEEDED")
        outcomes, described = self.apply()
        self.compare(outcomes, described)
        assert sorted(mark.name for mark, _ in ours(self.server)) == sorted(self.schedules)
        again, _ = self.apply()
        assert {outcome.result for outcome in again} <= {"unchanged"}
        assert self.watch.wrong == []


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
