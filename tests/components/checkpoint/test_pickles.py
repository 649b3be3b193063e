"""Whatever is pickled in a checkpoint: nothing of it runs, and what can't be read is told."""

import collections
import contextlib
import copyreg
import pickle

import pytest
import torch

from components.checkpoint import open_checkpoint, pickles, torch_zip
from components.failures import InputError

# Leaves a mark when it is imported, made, called, filled, or given a state.
TRAP = """
import pathlib
def mark(*args, **kwargs):
    pathlib.Path({mark!r}).touch()
mark()
class Trap:
    def __new__(cls, *args, **kwargs):
        mark()
        return object.__new__(cls)
    __init__ = __setstate__ = __setitem__ = __hash__ = __call__ = mark
    append = extend = add = mark
"""
COMMAND = b"V{command}\n"
MADE = b"ctrap\nTrap\n)\x81"
PAYLOADS = {
    "reduce": b"cos\nsystem\n(" + COMMAND + b"tR",
    "inst": b"(" + COMMAND + b"ios\nsystem\n",
    "obj": b"(cos\nsystem\n" + COMMAND + b"o",
    "stack_global": b"\x8c\x02os\x8c\x06system\x93(" + COMMAND + b"tR",
    "eval": b"cbuiltins\neval\n(V__import__('os').system('{command}')\ntR",
    "getattr": b"cbuiltins\ngetattr\n(cos\n__dict__\nVget\ntR",
    "newobj": MADE,
    "newobj_ex": b"ctrap\nTrap\n)}\x92",
    "build": MADE + b"}b",
    "append": MADE + b"Na",
    "appends": MADE + b"(NNe",
    "setitem": MADE + b"NNs",
    "setitems": MADE + b"(NNu",
    "additems": MADE + b"(NN\x90",
    "key": b"}" + MADE + b"Ns",
    "member": b"\x8f(" + MADE + b"\x90",
    "frozen": b"(" + MADE + b"\x91",
    "hidden": b"ctorch._utils\n_rebuild_parameter\n(" + MADE + b"\x89N" + b"tR",
    "load_from_bytes": b"ctorch.storage\n_load_from_bytes\n(C\x01Nt" + b"R",
}


@pytest.fixture
def mark(tmp_path, monkeypatch):
    """The file that is there once something ran."""
    (tmp_path / "trap.py").write_text(TRAP.format(mark=str(tmp_path / "mark")))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(pickle.sys.modules, "trap", raising=False)
    return tmp_path / "mark"


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize("place", ["content", "hyper_parameters", "state_dict"])
def test_nothing_runs(name, place, mark, tmp_path, assembler):
    payload = PAYLOADS[name].replace(b"{command}", f"touch {mark}".encode())
    tensor = assembler.tensor()
    if place == "content":
        content = payload
    elif place == "hyper_parameters":
        content = assembler.dictionary(
            hyper_parameters=payload, state_dict=assembler.dictionary(w=tensor)
        )
    else:
        content = assembler.dictionary(state_dict=assembler.dictionary(evil=payload, w=tensor))
    path = assembler.save(tmp_path / "file.ckpt", content, proto=b"\x80\x04")
    if place == "content":
        with pytest.raises(InputError), open_checkpoint(path):
            pass
    else:
        with open_checkpoint(path) as opened:
            assert list(opened.tensors) == ["w"]
            assert b"".join(opened.tensors["w"].chunks()) == bytes(
                torch.tensor([1.0, 2.0, 3.0]).numpy()
            )
            assert opened.foreign or name == "hidden"
    assert not mark.exists()


@pytest.mark.parametrize("name", sorted(set(PAYLOADS) - {"getattr", "load_from_bytes", "hidden"}))
def test_the_payloads_are_real(name, mark):
    payload = PAYLOADS[name].replace(b"{command}", f"touch {mark}".encode())
    with contextlib.suppress(TypeError):  # a trap is no proper hash
        pickle.loads(b"\x80\x04" + payload + b".")
    assert mark.exists()


def test_registered_extensions_are_not_looked_up(mark, tmp_path, assembler):
    copyreg.add_extension("os", "system", 240)
    try:
        payload = b"\x82\xf0(V" + f"touch {mark}".encode() + b"\ntR"
        content = assembler.dictionary(x=payload, w=assembler.tensor())
        path = assembler.save(tmp_path / "file.ckpt", content)
        with pytest.raises(InputError, match="damaged or no checkpoint"), open_checkpoint(path):
            pass
    finally:
        copyreg.remove_extension("os", "system", 240)
    assert not mark.exists()


def test_what_stands_for_a_name_cannot_be_changed(tmp_path, assembler):
    # BUILD would set attributes of classes, for every later reader too
    content = assembler.dictionary(
        a=b"ccollections\nOrderedDict\n}" + b"Vclear\nNsb",
        b=b"ctorch._utils\n_rebuild_tensor_v2\n(N}Vcall\nNs\x86tb",
        w=assembler.tensor(),
    )
    path = assembler.save(tmp_path / "file.ckpt", content)
    for _ in range(2):
        with open_checkpoint(path) as opened:
            assert list(opened.tensors) == ["w"]
    assert collections.OrderedDict(a=1).clear() is None


@pytest.mark.parametrize(
    "instructions",
    [
        b"]" * 100_000 + b"a" * 99_999,
        b"(" * 100_000,
        b"}" + b")" + b"\x85" * 200_000 + b"Ns",  # hashing this would overflow the C stack
        b"}" + b"\x8b\x00\x00\x00\x10" + b"\xff",  # a long integer that is not there
        b"\x8e" + b"\xff" * 8,
        b"\x96" + (2**45).to_bytes(8, "little"),
        b"\x8d" + (2**40).to_bytes(8, "little"),
        b"\x95" + b"\xff" * 8 + b"N",
        b"r\xff\xff\xff\xff",
        b"h\x05",
        b"0" * 10,
        b"R",
        b"Vnot callable\n)R",
        b"N}b}NNsNNs",
        b"\x97",
        b"Pnot a storage\n",
        b"}Q",
        b"\xff",
        b"",
        b"F1e999999x\n",
        b"I" + b"9" * 5000 + b"\n",
        b"S'no end\n",
        b"X\x04\x00\x00\x00\xff\xfe\xfd\xfc",
    ],
)
def test_broken_and_hostile_pickles_are_refused(instructions, tmp_path, assembler):
    path = assembler.save(tmp_path / "file.ckpt", instructions)
    with pytest.raises(InputError, match=r"file\.ckpt") as refusal, open_checkpoint(path):
        pass
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 500


def test_deep_nesting_beside_the_weights_does_no_harm(tmp_path, assembler):
    deep = b"]" * 100_000 + b"a" * 99_999
    tuples = b"}" + b")" + b"\x85" * 200_000 + b"Ns"
    content = assembler.dictionary(a=deep, b=tuples, w=assembler.tensor())
    with open_checkpoint(assembler.save(tmp_path / "file.ckpt", content)) as opened:
        assert list(opened.tensors) == ["w"]


@pytest.mark.parametrize(
    "tensor",
    [
        {"shape": b"K\x04\x85"},
        {"shape": b"J\xff\xff\xff\xff\x85"},
        {"shape": b"\x8a\x08" + b"\xff" * 7 + b"\x7f\x85"},
        {"shape": b"G" + bytes(8) + b"\x85"},
        {"shape": b"\x88\x85"},
        {"shape": b"]"},
        {"shape": b"K\x03K\x01\x86"},
        {"count": 4},
        {"count": 2**31 - 1},
        {"key": "1"},
        {"key": "../version"},
    ],
)
def test_tensors_reach_nowhere_but_into_their_storage(tensor, tmp_path, assembler):
    content = assembler.dictionary(w=assembler.tensor(**tensor))
    path = assembler.save(tmp_path / "file.ckpt", content)
    with pytest.raises(InputError, match="damaged or no checkpoint"), open_checkpoint(path):
        pass


def test_pickles_without_end_are_given_up(tmp_path, assembler, monkeypatch):
    path = assembler.save(tmp_path / "file.ckpt", b"N0" * 1000 + b"N")
    monkeypatch.setattr(pickles._Limited, "_left", 1000)
    with pytest.raises(InputError, match="more parts than any checkpoint"), open_checkpoint(path):
        pass
    monkeypatch.setattr(torch_zip, "_LARGEST_PICKLE", 1000)
    with pytest.raises(InputError, match="MiB of objects besides tensors"), open_checkpoint(path):
        pass


def test_nothing_is_copied_on_demand(tmp_path, assembler):
    # thousands of copies of a long list would take all memory
    pairs = b"](]Vw\na" + assembler.tensor() + b"ae"
    content = assembler.dictionary(state_dict=b"ccollections\nOrderedDict\n(" + pairs + b"tR")
    path = assembler.save(tmp_path / "file.ckpt", content)
    with pytest.raises(InputError, match="OrderedDict, not a state dict"), open_checkpoint(path):
        pass
