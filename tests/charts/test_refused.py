"""Wrong values: each is refused before anything is made, by a line that names it."""

import re

import pytest

SCHEDULE = {"checkpoint": "s3://a/b", "dataset": "s3://a/c"}


def schedules(**more):
    return {"schedules": {"nightly": {**SCHEDULE, **more}}}


WRONG = {
    "unknown key": ({"volume": {}}, "additional properties 'volume' not allowed"),
    "unknown key, deep": ({"scheduler": {"crn": "* * * * *"}}, "/scheduler': .*'crn' not allowed"),
    "half a key pair": ({"s3": {"accessKey": "AKIAEXAMPLE"}}, "s3: accessKey and secretKey go"),
    "a token alone": ({"s3": {"sessionToken": "t"}}, "s3.sessionToken: needs accessKey"),
    "two secrets": (
        {"s3": {"existingSecret": "ours", "accessKey": "a", "secretKey": "b"}},
        "s3.existingSecret=ours: leave accessKey and secretKey out",
    ),
    "key is a number": ({"s3": {"accessKey": 1, "secretKey": "b"}}, "/s3/accessKey': got number"),
    "two profiles": (
        {"existingProfile": "ours", "profile": {"runs": "s3://bucket/runs"}},
        "existingProfile=ours: leave profile out",
    ),
    "two files of schedules": (
        {"existingSchedules": "ours", **schedules(every="12h")},
        "existingSchedules=ours: leave schedules out",
    ),
    "wrong memory": (
        {"profile": {"steps": {"finetune": {"memory": "12GG"}}}},
        "/profile/steps/finetune/memory': '12GG' does not match",
    ),
    "unknown step": (
        {"profile": {"steps": {"train": {}}}},
        "/profile/steps': additional properties 'train' not allowed",
    ),
    "another account": (
        {"profile": {"service_account": "default-editor"}},
        "profile.service_account=default-editor: runner says biotune-runner",
    ),
    "another claim": (
        {
            "profile": {"volumes": {"data": {"claim": "mine", "path": "/data"}}},
            "volumes": {"data": {"enabled": True, "size": "1Gi"}},
        },
        "profile.volumes.data.claim=mine: volumes.data says biotune-data",
    ),
    "no size": ({"volumes": {"data": {"enabled": True}}}, "volumes.data: give a size"),
    "wrong size": (
        {"volumes": {"data": {"enabled": True, "size": "10 GB"}}},
        "/volumes/data/size': '10 GB' does not match",
    ),
    "wrong access": (
        {"volumes": {"data": {"enabled": True, "size": "1Gi", "accessModes": ["RWX"]}}},
        "/volumes/data/accessModes/0': value must be one of 'ReadWriteOnce'",
    ),
    "five fields": (schedules(cron="0 2 * * *"), "schedules.nightly.cron=0 2 .* has 5 fields"),
    "never fires": (schedules(), "schedules.nightly: give one of cron"),
    "fires twice": (schedules(cron="@daily", every="12h"), "schedules.nightly: give one of cron"),
    "no dataset": (
        {"schedules": {"nightly": {"checkpoint": "s3://a/b", "every": "12h"}}},
        "/schedules/nightly': missing property 'dataset'",
    ),
    "schedule's name": (
        {"schedules": {"Nightly Run": {**SCHEDULE, "every": "12h"}}},
        "'Nightly Run' does not match",
    ),
    "unknown mode": ({"scheduler": {"mode": "job"}}, "/scheduler/mode': value must be one of"),
    "six fields": (
        {"scheduler": {"cron": "0 0 2 * * *"}},
        "/scheduler/cron': '0 0 2 .*does not match",
    ),
    "host without scheme": (
        {"kfp": {"host": "ml-pipeline:8888"}},
        "/kfp/host': 'ml-pipeline:8888'",
    ),
    "password in the host": (
        {"kfp": {"host": "https://me:hidden@kubeflow.example.com"}},
        "kfp.host: holds credentials",
    ),
    "no account": ({"runner": {"create": False}}, "runner.create=false: give runner.name"),
    "one account for both": (
        {"runner": {"name": "one"}, "scheduler": {"serviceAccount": {"name": "one"}}},
        "runner.name=one: the scheduler has the same",
    ),
    "no API server": (
        {"networkPolicy": {"enabled": True}},
        "networkPolicy.kubernetes.cidrs: name the API server's addresses",
    ),
    "an address for a range": (
        {"networkPolicy": {"enabled": True, "kubernetes": {"cidrs": ["10.0.0.1"]}}},
        "/networkPolicy/kubernetes/cidrs/0': '10.0.0.1' does not match",
    ),
    "empty quota": ({"resourceQuota": {"enabled": True}}, "resourceQuota.hard: is empty"),
    "no cluster queue": ({"kueue": {"enabled": True}}, "kueue: name an existingQueue"),
    "queue without quota": (
        {"kueue": {"enabled": True, "createClusterQueue": True}},
        "kueue.quota: a ClusterQueue of the chart's needs one",
    ),
    "nodes that no step may ask for": (
        {"profile": {"nodes": 4, "runs": "s3://bucket/runs"}},
        "profile.nodes=4: set trainer.enabled",
    ),
    "nodes without a place to meet": (
        {"profile": {"nodes": 4}, "trainer": {"enabled": True}},
        "profile.nodes=4: needs profile.runs",
    ),
    "another runtime": (
        {
            "profile": {"train_job": {"runtime": {"name": "torch-distributed"}}},
            "trainer": {"enabled": True},
        },
        "profile.train_job.runtime.name=torch-distributed: trainer says biotune-torch-3",
    ),
    "a claim for one node": (
        {
            "profile": {"nodes": 4, "runs": "/data/runs"},
            "trainer": {"enabled": True},
            "volumes": {"data": {"enabled": True, "size": "1Gi", "accessModes": ["ReadWriteOnce"]}},
        },
        "volumes.data.accessModes=ReadWriteOnce: must hold ReadWriteMany, as 4 nodes write there",
    ),
    "restarts without end": (
        {"trainer": {"enabled": True, "maxRestarts": -1}},
        "/trainer/maxRestarts': minimum: got -1, want 0",
    ),
    "label of the chart": (
        {"commonLabels": {"app.kubernetes.io/name": "mine"}},
        "commonLabels.app.kubernetes.io/name: is the chart's own",
    ),
    "long name": ({"nameOverride": "n" * 41}, "/nameOverride': .* does not match"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_values_are_refused(template, what):
    values, said = WRONG[what]
    done = template(values)
    assert done.returncode != 0
    assert not done.stdout
    assert "hidden" not in done.stderr
    assert re.search(said, done.stderr), done.stderr


def test_all_that_is_wrong_is_told_at_once(template):
    values = {"s3": {"accessKey": "a"}, "kueue": {"enabled": True}, "runner": {"create": False}}
    lines = [line for line in template(values).stderr.splitlines() if line.startswith("  ")]
    assert len(lines) == 3
