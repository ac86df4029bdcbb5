"""What is generated from the catalogue is current, and the page's worked examples are true."""

import json
import re

import msgspec

from realtime import frames, messages
from realtime.generate import ROOT, stale
from realtime.generators.catalogue import undocumented
from seatmap.inventory.refusals import REFUSALS
from server.live_state.snapshot import decode_snapshot

PAGE = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
HEX = re.compile(r"(?:^|← )((?:[0-9a-f]{2} ){10,}[0-9a-f]{2})", re.MULTILINE)


def test_generated_files_are_current() -> None:
    """The TypeScript, the AsyncAPI document and the page agree with the catalogue."""
    assert stale() == [], "run `python -m realtime.generate`"


def test_every_message_belongs_to_a_direction() -> None:
    """A message that is declared is also listed as sent by one side."""
    assert undocumented() == []


def test_every_close_code_is_explained() -> None:
    """Names and explanations of close codes cover each other."""
    assert set(messages.CLOSE_CODES) == {code for code in vars(messages.CloseCode).values() if isinstance(code, int)}


def test_json_examples_of_the_page_are_messages() -> None:
    """Every arrow of the example sessions decodes as a message of its direction."""
    sent = [line[2:] for line in PAGE.splitlines() if line.startswith("→ {")]
    received = [line[2:] for line in PAGE.splitlines() if line.startswith("← {")]
    assert (len(sent), len(received)) == (3, 5)
    for text in sent:
        msgspec.json.decode(text, type=messages.ClientMessage)
    for text in received:
        msgspec.json.decode(text, type=messages.ServerMessage)


def test_hex_examples_of_the_page_are_frames() -> None:
    """The worked binary examples decode to what the page says about them."""
    examples = [bytes.fromhex(found) for found in HEX.findall(PAGE)]
    deltas = [frames.decode_delta(frame) for frame in examples if frame[0] == frames.KIND_DELTA]
    assert deltas[0] == (1763712000, 41, 43, [(5, 1), (6, 1), (7, 2), (300, 0)])
    assert deltas[1] == (1763712000, 44, 44, [(17, 1), (18, 1)])
    [ranges] = [frames.decode_ranges(frame) for frame in examples if frame[0] == frames.KIND_RANGES]
    assert ranges[:2] == (1763712000, 43)
    assert [(k0, states.tolist()) for k0, states in ranges[2]] == [(4, [0, 1, 1, 2, 0, 3])]
    [snapshot] = [decode_snapshot(frame) for frame in examples if frame[0] == frames.KIND_STATE]
    assert frames.unpack_states(snapshot.packed, snapshot.seat_count).tolist() == [0, 0, 0, 0, 0, 1, 1, 2, 0, 3]
    assert snapshot.remaining == (900,)


def test_asyncapi_references_resolve() -> None:
    """Every reference inside the AsyncAPI document points at something."""
    document = json.loads((ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        node = document
        for step in reference.split("/"):
            node = node[step]


def test_every_refusal_of_the_inventory_is_explained() -> None:
    """Whatever a hold can be refused with is in the page's table."""
    not_for_visitors = {"order_unknown", "price_version_stale", "prices_incomplete", "rebuild_superseded"}
    assert set(REFUSALS) - not_for_visitors <= set(messages.REFUSALS)
