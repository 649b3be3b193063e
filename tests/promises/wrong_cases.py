"""The list of wrong inputs, in the order of the table in docs/preflight.md."""

import os
import zipfile
from pathlib import Path

import numpy as np

from tests.promises.wrong_inputs import LFS, PACKS, PAGE, Case, cut, give, write


def _in_s3(**changes):
    """The demo in the bucket, with a place or a variable of the environment changed."""

    def spoil(scene):
        for file in (Path("last.ckpt"), *Path("data").iterdir()):
            scene.s3.put(f"demo/{file.name}", file.read_bytes())
        scene.give(checkpoint=scene.s3.uri("demo/last.ckpt"), dataset=scene.s3.uri("demo"))
        for name, value in changes.items():
            if name.isupper():
                scene.patch.setenv(name, value)
            else:
                scene.give(**{name: value})

    return spoil


def _container(scene):
    scene.patch.setenv("BIOTUNE_IMAGE", "biotune-load-checkpoint:0.1.0")
    scene.give(dataset="/home/me/recordings")


def _no_credentials(scene):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        scene.patch.delenv(name)
    scene.patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    scene.patch.setenv("HOME", str(Path.cwd()))
    scene.give(dataset="s3://recordings/armband")


def _zip(scene):
    with zipfile.ZipFile("last.ckpt", "w") as archive:
        archive.writestr("weights.npy", b"0")


def _tuned(scene):
    os.makedirs("model")
    Path("model/model.safetensors").write_bytes(b"0")
    Path("model/config.yaml").write_text("seed: 0\n")
    scene.give(checkpoint="model")


def _unlabelled(scene):
    with scene.split("train") as file:
        file.move("label", "labels")


def _luna(scene):
    scene.model("luna_base")
    scene.give("data.allow_signal_mismatch=true")


def _unknown_electrode(scene):
    _luna(scene)
    scene.attribute("channels", ["FP1", "FP2", "C3", "C4", "EMG1", "O2", "T3", "EOG"])


def _uneven_patches(scene):
    scene.model("luna_base")
    scene.attribute("channels", ["FP1", "FP2", "C3", "C4", "O1", "O2", "T3", "T4"])
    scene.give("model.signal.window=null", "model.signal.sampling_rate=null")
    scene.change("data", lambda data: data[:, :, :190])


def _generation(scene):
    scene.give("model=tinymyo_v2", "data.allow_signal_mismatch=true")
    Path("last.ckpt").write_bytes((PACKS / "tinymyo" / "pretrained.ckpt").read_bytes())


def _other_model(scene):
    Path("last.ckpt").write_bytes((PACKS / "luna" / "pretrained.ckpt").read_bytes())


def _broken_window(scene):
    scene.change("data", lambda data: data.astype(np.float32), "val")
    with scene.split("val") as file:
        file["data"][0, 3, 17] = np.nan


def _overlapping(scene):
    with scene.split("test") as file, scene.split("train") as train:
        file["subject"][:3] = train["subject"][0]


def _same_file(scene):
    Path("data/test.h5").write_bytes(Path("data/val.h5").read_bytes())


def _unseen_class(scene):
    with scene.split("train") as file:
        labels = file["label"][()]
        file["label"][...] = np.where(labels == 7, 0, labels)


def _long_windows(scene):
    scene.change("data", lambda data: np.concatenate([data, data], axis=2), "test")


def _nan_label(scene):
    def spoilt(labels):
        labels = labels.astype(float)
        labels[5] = np.nan
        return labels

    scene.change("label", spoilt, "val")


def _label(new):
    return lambda scene: scene.change("label", new)


def _data(new, *names):
    return lambda scene: scene.change("data", new, *names)


_EDF = b"0       X X X X" + b" " * 241
_TEXTS = np.array(["rest", "fist"], dtype="S4")

CASES = (
    Case("The dataset is one file, not its folder", give(dataset="data/train.h5")),
    Case("The dataset's folder is misspelt", give(dataset="dta")),
    Case("A split has another name", lambda s: Path("data/train.h5").rename("data/training.h5")),
    Case("A path of one's own machine, in a container", _container),
    Case("An address that is no storage", give(dataset="https://example.com/data")),
    Case("A git-lfs pointer in place of a split", write("data/train.h5", LFS)),
    Case("A web page saved as a split", write("data/train.h5", PAGE)),
    Case("An empty file", write("data/val.h5", b"")),
    Case("A split that was cut off", cut("data/val.h5")),
    Case("A recording, not windows of it", write("data/train.h5", _EDF)),
    Case("HDF5 with other names inside", _unlabelled),
    Case("The checkpoint is misspelt", give(checkpoint="lsat.ckpt")),
    Case("A git-lfs pointer in place of the checkpoint", write("last.ckpt", LFS)),
    Case("A web page saved as the checkpoint", write("last.ckpt", PAGE)),
    Case("A checkpoint that was cut off", cut("last.ckpt")),
    Case("A zip file that torch did not write", _zip),
    Case("A dataset given as the checkpoint", give(checkpoint="data/train.h5")),
    Case("The folder of a tuned model as the checkpoint", _tuned),
    Case("A checkpoint of another model", _other_model),
    Case("A checkpoint of the model's other generation", _generation),
    Case("Labels counted from 1", _label(lambda labels: labels + 1)),
    Case("More classes in the data than configured", give("num_classes=5")),
    Case("One-hot labels", _label(lambda labels: np.eye(8, dtype=int)[labels])),
    Case("Labels as text", _label(lambda labels: _TEXTS[labels % 2])),
    Case("A label that is NaN", _nan_label),
    Case("A class that is tested and never trained", _unseen_class),
    Case("A single class", _label(np.zeros_like)),
    Case("A subject in two splits", _overlapping),
    Case("The same file as val and test", _same_file),
    Case("Fewer channels than the model expects", _data(lambda data: data[:, :6])),
    Case("Another sampling rate", lambda s: s.attribute("sampling_rate", 1000.0)),
    Case("Samples and channels swapped", _data(lambda data: np.swapaxes(data, 1, 2))),
    Case("Splits of different window lengths", _long_windows),
    Case("Windows of no whole patches", _uneven_patches),
    Case("Electrodes that no position is known of", _unknown_electrode),
    Case("NaN in a window", _broken_window),
    Case("Windows without any signal", _data(np.zeros_like)),
    Case("Volts where microvolts are meant", lambda s: s.attribute("scale", 0.0078125e-6)),
    Case("One split in another unit", lambda s: s.attribute("scale", 7.8125, "test")),
    Case("A signal far from 0", _data(lambda data: data.astype(np.float32) + 3e6)),
    Case("A key that is misspelt", give("optimizer.lrr=1e-4")),
    Case("A value that cannot be", give("optimizer.optim=adam")),
    Case(
        "Quartiles that are not set",
        give("input_normalization.quartile_normalization_lower_val=null"),
    ),
    Case("A metric that is not there", give("callbacks.best.monitor=val_accuracy")),
    Case("More folds than subjects", give("data.folds=99", "data.fold=1")),
    Case("A batch larger than the data", give("data.batch_size=4096")),
    Case("Accumulation beyond an epoch", give("trainer.accumulate_grad_batches=100")),
    Case("A warm-up longer than the training", give("scheduler.warmup_t=20 epochs")),
    Case("A precision that Lightning does not know", give("trainer.precision=fp16")),
    Case("A training without an end", give("trainer.max_epochs=-1")),
    Case(
        "A training that ends before its first validation",
        give("trainer.max_epochs=2", "trainer.check_val_every_n_epoch=3"),
    ),
    Case("A gradient clipped to less than nothing", give("trainer.gradient_clip_val=-1")),
    Case("Several nodes by Lightning's own key", give("trainer.num_nodes=2")),
    Case("No S3 credentials", _no_credentials),
    Case("A wrong secret key", _in_s3(AWS_SECRET_ACCESS_KEY="wrong/secret"), s3=True),
    Case("A bucket that is not there", _in_s3(dataset="s3://biotune-tset/demo"), s3=True),
    Case("A misspelt prefix", _in_s3(dataset="s3://biotune-test/dmeo"), s3=True),
    Case("A misspelt object", _in_s3(checkpoint="s3://biotune-test/demo/lsat.ckpt"), s3=True),
    Case("Credentials in the URI", _in_s3(dataset="s3://KEY:secret@biotune-test/demo"), s3=True),
    Case(
        "An S3 server that is out of reach",
        _in_s3(AWS_ENDPOINT_URL="http://127.0.0.1:9"),
        s3=True,
        code=1,
    ),
)
