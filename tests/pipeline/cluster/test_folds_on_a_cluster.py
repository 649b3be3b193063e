"""`biotune submit --folds`, from its command line to the fake server."""

import pytest

from pipeline.cli import main

REQUEST = ["--checkpoint", "s3://models/last.ckpt", "experiment=demo"]


def test_the_server_gets_a_pipeline_with_a_task_for_each_fold(kfp_server):
    dataset = ["--dataset", "s3://data/emg"]
    assert main(["submit", "--host", kfp_server.url, *REQUEST, *dataset, "--folds", "3"]) == 0
    (run,) = kfp_server.state.runs.values()
    spec = run["pipeline_spec"]
    tasks = spec.get("pipeline_spec", spec)["root"]["dag"]["tasks"]
    trained = [name for name in tasks if name.startswith("finetune")]
    assert sorted(trained) == ["finetune", "finetune-2", "finetune-3"]


def test_a_dataset_that_is_not_seen_from_here_is_told_before_anything_is_sent(kfp_server, capsys):
    with pytest.raises(SystemExit) as ended:
        main(
            ["submit", "--host", kfp_server.url, *REQUEST, "--dataset", "/data", "--folds=subject"]
        )
    assert ended.value.code == 2
    assert "/data/train.h5: no such file" in capsys.readouterr().err
    assert not kfp_server.state.runs
