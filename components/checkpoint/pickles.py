"""Reads a pickle without running anything of it.

A pickle is a program that may call whatever it names. Here a name stands for one of the few
functions that make tensors, or for an inert `Foreign` that absorbs all that is done to it. Nothing
is imported, nothing else is called: each instruction that would call, set or compare is replaced.
"""

import io
import pickle
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from components.checkpoint.inert import Foreign, called, extend, put

# An instruction takes one read at least, and up to some hundred bytes of memory. A tensor takes
# about a hundred reads.
_MOST_READS = 4_000_000
_LONGEST_NAME = 1000

# Instructions that do nothing but push plain values, or move what lies on the stack.
# fmt: off
_PLAIN = (
    "PROTO", "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG",
    "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES",
    "BINBYTES8", "SHORT_BINBYTES", "UNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINUNICODE",
    "TUPLE", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "LIST", "EMPTY_LIST", "EMPTY_DICT",
    "POP", "POP_MARK", "DUP", "MARK", "STOP", "GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT",
    "LONG_BINPUT", "MEMOIZE", "GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "BINPERSID",
)
# fmt: on


def _code(name: str) -> int:
    return getattr(pickle, name)[0]


class _Limited(io.BytesIO):
    """The pickle's bytes, in no more than so many reads."""

    _left = _MOST_READS

    def read(self, size: int) -> bytes:
        self._count()
        data = super().read(size)
        if len(data) != size:
            raise EOFError("its pickle ends too early")
        return data

    def readline(self) -> bytes:
        self._count()
        return super().readline()

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ValueError("its pickle has more parts than any checkpoint needs")


class Unpickler(pickle._Unpickler):
    """Makes the plain values and tensors of a pickle.

    Args:
        data: the pickle.
        known: what the names (module, name) stand for that are of use; `Function` can be called.
        storage: makes the value of a persistent id.

    """

    def __init__(
        self,
        data: bytes,
        known: Mapping[tuple[str, str], Any],
        storage: Callable[[Any], Any],
    ) -> None:
        super().__init__(_Limited(data), encoding="utf-8", errors="replace")
        self._known = known
        self._made: dict[str, Foreign] = {}
        self.persistent_load = storage

    @property
    def foreign(self) -> Iterable[str]:
        """The names that were made inert."""
        return self._made.keys()

    def find_class(self, module: str, name: str) -> Any:
        """What a name stands for; it is never looked up anywhere else."""
        if (module, name) in self._known:
            return self._known[module, name]
        if len(module) + len(name) > _LONGEST_NAME:  # would be joined anew at each mention
            raise pickle.UnpicklingError("it names something by a name too long to be one")
        full = f"{module}.{name}"
        return self._made.setdefault(full, Foreign(full))

    def _instantiate(self, function: Any, args: Any) -> None:  # INST, OBJ
        self.append(called(function, args))

    def _reduce(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = called(self.stack[-1], args)

    def _reduce_with_keywords(self) -> None:
        self.stack.pop()
        self._reduce()

    def _build(self) -> None:
        self.stack.pop()  # no state is of use
        self.stack[-1]  # there must be something to build

    def _dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        put(self.stack[-1], items)

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        put(self.stack[-1], [key, value])

    def _set_items(self) -> None:
        items = self.pop_mark()
        put(self.stack[-1], items)

    def _append(self) -> None:
        value = self.stack.pop()
        extend(self.stack[-1], [value])

    def _appends(self) -> None:
        items = self.pop_mark()
        extend(self.stack[-1], items)

    def _empty_set(self) -> None:
        self.append(Foreign("set"))  # hashing what is in it may never end

    def _frozen_set(self) -> None:
        self.pop_mark()
        self._empty_set()

    def _frame(self) -> None:
        self.read(8)  # tells how far to read ahead

    dispatch: ClassVar = {
        **{code: pickle._Unpickler.dispatch[code] for code in map(_code, _PLAIN)},
        pickle.REDUCE[0]: _reduce,
        pickle.NEWOBJ[0]: _reduce,
        pickle.NEWOBJ_EX[0]: _reduce_with_keywords,
        pickle.BUILD[0]: _build,
        pickle.DICT[0]: _dict,
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
        pickle.APPEND[0]: _append,
        pickle.APPENDS[0]: _appends,
        pickle.EMPTY_SET[0]: _empty_set,
        pickle.FROZENSET[0]: _frozen_set,
        pickle.ADDITEMS[0]: _appends,
        pickle.FRAME[0]: _frame,
        # Python would first make an array as large as the pickle says.
        pickle.BYTEARRAY8[0]: pickle._Unpickler.dispatch[pickle.BINBYTES8[0]],
    }
