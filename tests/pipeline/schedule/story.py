"""A random sequence of edits of the file, of life on the cluster, and of applies."""

import random
from pathlib import Path

import yaml

from components.failures import ServiceError
from pipeline.schedule import file, marker
from pipeline.schedule.apply import apply
from pipeline.schedule.described import describe

NAMES = [f"s{number}" for number in range(5)]
CRONS = ["0 0 2 * * *", "@daily", "0 30 4 * * MON-FRI", "@weekly"]
STEPS = 14


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
