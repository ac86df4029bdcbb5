"""`frontrow verify-draw`: draw a room's lobby again and compare, believing nothing the installation says about it.

Three public things are fetched from the room's address, or read from a folder where somebody saved them: what was promised and
revealed (`draw.json`), the list that was drawn (`list.bin`) and the places the line served by (`places.bin`).
"""

from __future__ import annotations

import argparse
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from server.faults import Unavailable
from server.rooms.draw_record import DrawnView, DrawView, ProofView
from waitingroom import draw, roll
from waitingroom.identity import commitment
from waitingroom.merkle import leaf, proves

TIMEOUT_S: Final = 60
FILES: Final = {"draw": "draw.json", "draw/list": "list.bin", "draw/places": "places.bin", "draw/proof": "proof.json"}
Read = Callable[[str], bytes]


def main(arguments: list[str]) -> int:
    """Check and tell; 0 when everything agrees, 1 when something does not, 2 when it could not be read."""
    parser = argparse.ArgumentParser(prog="frontrow verify-draw", description=__doc__)
    parser.add_argument("room", help="http://host/api/v1/rooms/<number>, or a folder with what --save wrote")
    parser.add_argument(
        "--index", type=int, help="also check this one's proof of having been drawn (default: the last)"
    )
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep what was fetched, to check again without us")
    parser.add_argument("--commitment", help="the commitment as you noted it before the lobby opened, in hex")
    options = parser.parse_args(arguments)
    source = _fetcher(options.room, options.save) if "://" in options.room else _reader(Path(options.room))
    try:
        view = msgspec.json.decode(source("draw"), type=DrawView)
        if view.drawn is None:
            print("The draw has not been made yet. It is promised by", view.commitment)
            return 1
        findings = check(view, view.drawn, source("draw/list"), source("draw/places"), noted=options.commitment)
        index = options.index if options.index is not None else view.drawn.people - 1
        if view.drawn.people:
            findings += check_proof(
                view.drawn, msgspec.json.decode(source(f"draw/proof?index={index}"), type=ProofView), index
            )
    except msgspec.DecodeError as error:
        raise Unavailable(f"that is not the record of a draw: {error}") from error
    for finding in findings:
        print(f"WRONG  {finding}", file=sys.stderr)
    if not findings:
        print(
            f"The draw of room {view.room} is true: {view.drawn.people:,} places, root {view.drawn.root[:16]}…, all drawn again."
        )
    return 1 if findings else 0


def check(view: DrawView, drawn: DrawnView, listed: bytes, places: bytes, *, noted: str | None = None) -> list[str]:
    """Return what is wrong with a record: nothing, when the promise was kept, the list is whole and every place follows from both."""
    findings = []
    secret = bytes.fromhex(drawn.secret)
    if noted is not None and noted.lower() != view.commitment:
        findings.append("commitment: it is not the one you noted")
    if not draw.keeps_commitment(bytes.fromhex(view.commitment), secret):
        findings.append("commitment: the secret revealed is not the one promised")
        return findings
    if view.version != draw.VERSION or len(listed) % roll.ENTRY_BYTES or roll.count(listed) != drawn.people:
        findings.append("list: it is not the list of that many people")
        return findings
    again = roll.conduct(listed, int(view.room), secret, bytes.fromhex(drawn.beacon))
    if again.root.hex() != drawn.root:
        findings.append("list: its Merkle root is not the one published")
    if again.seed.hex() != drawn.seed:
        findings.append("seed: it does not follow from the secret, the root and the beacon")
    served = np.frombuffer(places, dtype=">u4")
    if len(served) != drawn.people:
        findings.append(f"places: {len(served):,} are served, {drawn.people:,} were drawn")
    elif len(differing := np.flatnonzero(served != again.positions)):
        findings.append(f"places: {len(differing):,} differ, the first is index {differing[0]:,}")
    return findings


def check_proof(drawn: DrawnView, proof: ProofView, index: int) -> list[str]:
    """Return what is wrong with one inclusion proof."""
    own = leaf(index, proof.tier, commitment(bytes.fromhex(proof.identity)))
    path = [bytes.fromhex(step) for step in proof.path]
    if proof.index == index and proves(bytes.fromhex(drawn.root), drawn.people, index, own, path):
        return []
    return [f"proof: index {index:,} is not shown to have been in the draw"]


def _fetcher(address: str, keep: Path | None) -> Read:
    base = address.rstrip("/")

    def read(part: str) -> bytes:
        try:
            with urllib.request.urlopen(f"{base}/{part}", timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read()
        except (urllib.error.URLError, TimeoutError, ValueError) as error:
            raise Unavailable(f"{base}/{part}: {error}") from error
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / FILES[part.partition("?")[0]]).write_bytes(content)
        return content

    return read


def _reader(folder: Path) -> Read:
    def read(part: str) -> bytes:
        try:
            return (folder / FILES[part.partition("?")[0]]).read_bytes()
        except OSError as error:
            raise Unavailable(f"{error.filename}: {error.strerror}") from error

    return read
