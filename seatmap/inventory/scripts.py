"""Compose the Lua files into one function library, named after its own contents.

Functions, not EVALSHA: a library is compiled once, so what the verbs share costs nothing per call (it cost 6 of 32 µs as
a script), it is persisted with the data, and replicas have it. The name carries a digest of the source, so two versions
of Frontrow can use one store during a rolling upgrade. After a lost store the adapter loads it again.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

SHARED: Final = ("show", "seats", "counters", "holds", "checks", "orders")
VERBS: Final = (
    "hold_places",
    "release_places",
    "extend_hold",
    "begin_payment",
    "end_payment",
    "sell_hold",
    "sell_late",
    "unsell_order",
    "block_seats",
    "unblock_seats",
    "reprice_show",
    "set_phase",
    "require_pass",
    "lapse_holds",
    "read_show",
    "read_hold",
    "read_overdue",
    "open_show",
    "set_clock",
)
# What a verb says of a show the store does not know; the others refuse.
WITHOUT_SHOW: Final = {"open_show": None, "lapse_holds": "0", "read_hold": "false", "read_overdue": "{}"}


class Library(NamedTuple):
    """The library's source, ready for FUNCTION LOAD, and the name every verb is called by."""

    source: str
    functions: Mapping[str, str]


@cache
def load_library() -> Library:
    """Read and compose the library."""
    return compose(read_files())


def read_files() -> dict[str, str]:
    """Read every Lua file: shared parts as `shared/<name>`, verbs by their name."""
    folder = resources.files(__package__) / "lua"
    shared = {f"shared/{name}": (folder / "shared" / f"{name}.lua").read_text() for name in SHARED}
    return shared | {verb: (folder / f"{verb}.lua").read_text() for verb in VERBS}


def compose(files: Mapping[str, str]) -> Library:
    """Put the shared parts first and each verb in a scope of its own, bound to the show's keys before it runs."""
    digest = hashlib.sha256("\0".join(files.values()).encode()).hexdigest()[:12]
    functions = {verb: f"frontrow_{verb}_{digest}" for verb in VERBS}
    parts = [f"#!lua name=frontrow_inventory_{digest}", *(files[f"shared/{name}"] for name in SHARED)]
    parts += [_register(verb, functions[verb], files[verb]) for verb in VERBS]
    return Library("\n".join(parts), functions)


def _register(verb: str, name: str, body: str) -> str:
    unknown = WITHOUT_SHOW.get(verb, "refuse('show_unknown')")
    guard = f"  if not config then return {unknown} end\n" if unknown else ""
    return (
        f"do\nlocal verb = (function()\n{body}\nend)()\n"
        f"redis.register_function('{name}', function(keys, args)\n  bind(keys)\n{guard}  return verb(keys, args)\nend)\nend"
    )
