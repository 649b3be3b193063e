"""Where the tasks of a compiled pipeline run, and with what."""

from pipeline import steps


def test_each_step_runs_in_its_image_as_it_is(plain):
    executors = plain["deploymentSpec"]["executors"]
    for step in ("preflight", "load-checkpoint", "finetune", "evaluate"):
        container = executors[f"exec-{step}"]["container"]
        assert container["image"] == steps.images()[step]
        assert "pip install" not in " ".join(container["command"])


def test_a_training_is_tried_again_for_as_long_as_a_training_takes(plain):
    """Argo counts the limit from the first try's start: an hour would end what goes on later."""
    tasks = plain["root"]["dag"]["tasks"]
    tried = {name: task["retryPolicy"] for name, task in tasks.items() if "retryPolicy" in task}
    assert list(tried) == ["finetune"]
    assert tried["finetune"]["maxRetryCount"] == 2
    assert int(tried["finetune"]["backoffMaxDuration"].rstrip("s")) == 7 * 24 * 3600


def test_a_gpu_is_for_finetune_alone(plain):
    executors = plain["deploymentSpec"]["executors"]
    wanting = {
        name
        for name, e in executors.items()
        if "accelerator" in e["container"].get("resources", {})
    }
    assert wanting == {"exec-finetune"}


def test_every_step_of_a_cluster_has_its_limits_its_volume_and_its_secrets_by_name(everything):
    spec, platform = everything
    executors = spec["deploymentSpec"]["executors"]
    placed = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert (
        set(executors)
        == set(placed)
        == {f"exec-{step}" for step in steps.STEPS if step != "summarize"}
    )
    for name, executor in placed.items():
        assert executor["pvcMount"][0]["mountPath"] == "/data"
        assert {e["envVar"] for s in executor["secretAsEnv"] for e in s["keyToEnv"]} == {
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        }
        fields = {field["name"] for field in executor["fieldPathAsEnv"]}
        assert fields == {"BIOTUNE_RUN", "BIOTUNE_POD"}
        env = {e["name"]: e["value"] for e in executors[name]["container"]["env"]}
        assert env["BIOTUNE_RUNS"] == "s3://bucket/runs"
        assert not any("SECRET" in key for key in env)
        assert executors[name]["container"]["resources"]["resourceMemoryLimit"]
    shm = placed["exec-finetune"]["emptyDirMounts"]
    assert ("/dev/shm", "Memory", "8Gi") in [
        (m["mountPath"], m["medium"], m["sizeLimit"]) for m in shm
    ]


def test_run_time_placement_reaches_the_steps_through_every_group(everything):
    """KFP alone loses the parameters in resource limits at the border of a group."""
    spec, _ = everything
    wanted = {"pipelinechannel--gpu_count", "pipelinechannel--gpu_resource"}
    for group in ("exit-handler", "condition"):
        components = {
            name: c for name, c in spec["components"].items() if name.startswith(f"comp-{group}")
        }
        (component,) = components.values()
        assert wanted <= set(component["inputDefinitions"]["parameters"])
