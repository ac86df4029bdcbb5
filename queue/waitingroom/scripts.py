"""Compose the Lua files into one function library, named after its own contents (docs/keys.md says why functions)."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

SHARED: Final = ("room", "places", "turns", "visits")
VERBS: Final = (
    "open_room",
    "set_phase",
    "join_line",
    "restore_place",
    "claim_place",
    "leave_place",
    "end_visit",
    "move_line",
    "lapse_places",
    "lead_line",
    "resign_line",
    "read_line",
    "read_place",
    "count_waiting",
    "publish_draw",
    "copy_line",
    "rebuild_line",
    "set_clock",
)
# What makes the store grow with the crowd is refused when it is full; who has a place is called, let in and let go all the same.
GROWING: Final = frozenset({"open_room", "join_line", "restore_place", "publish_draw", "rebuild_line"})
# What a verb says of a room the store does not know; the others refuse.
WITHOUT_ROOM: Final = {
    "open_room": None,
    "rebuild_line": None,
    "copy_line": "false",
    "read_line": "false",
    "count_waiting": "{}",
    "end_visit": "{ 0 }",
    "resign_line": "{}",
}


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
    """Put the shared parts first and each verb in a scope of its own, bound to the room's keys before it runs."""
    digest = hashlib.sha256("\0".join(files.values()).encode()).hexdigest()[:12]
    functions = {verb: f"frontrow_{verb}_{digest}" for verb in VERBS}
    parts = [f"#!lua name=frontrow_line_{digest}", *(files[f"shared/{name}"] for name in SHARED)]
    parts += [_register(verb, functions[verb], files[verb]) for verb in VERBS]
    return Library("\n".join(parts), functions)


def _register(verb: str, name: str, body: str) -> str:
    unknown = WITHOUT_ROOM.get(verb, "'room_unknown'")
    guard = f"  if not plan then return {unknown} end\n" if unknown else ""
    flags = "" if verb in GROWING else "'allow-oom'"
    return (
        f"do\nlocal verb = (function()\n{body}\nend)()\n"
        f"redis.register_function{{ function_name = '{name}', flags = {{ {flags} }}, callback = function(keys, args)\n"
        f"  bind(keys)\n{guard}  return verb(keys, args)\nend }}\nend"
    )
