"""The page that checks a draw: what it says before and after, and what it hands to the browser that checks."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from server.rooms.conduct import load_secret
from tests.integration.rooms.hall import Hall, Visitor
from tests.integration.rooms.test_draw_record import PEOPLE, lobby
from tests.integration.rooms.test_frames import Usher


async def page(visitor: Visitor, query: str = "") -> str:
    answer = await visitor.client.get(f"/rooms/{visitor.facts.slug}/proof{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def block(text: str, name: str) -> Any:
    """Read a data block of a page."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


async def test_before_the_draw_the_page_says_what_is_promised(hall: Hall) -> None:
    """The commitment, since when, and when to come back; not the secret, and nothing to check yet."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    answer = await visitor.client.get(f"/rooms/{facts.slug}/proof")
    assert "What is promised" in answer.text and "is being made" not in answer.text
    assert facts.commitment in answer.text
    assert (await load_secret(hall.desk, facts)).hex() not in answer.text
    assert block(answer.text, "room") == {"room": facts.room_id, "commitment": facts.commitment, "people": None}
    assert "/draw/" not in answer.text
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"].partition("script-src")[2].split(";")[0]
    assert answer.headers["x-robots-tag"] == "noindex"
    german = await page(visitor, "?lang=de")
    assert 'lang="de"' in german and "Was versprochen ist" in german


async def test_in_the_second_of_the_draw_the_page_asks_to_come_back(hall: Hall) -> None:
    """The moment has come and the record has not: no promise of a time that is over."""
    facts, visitors = await lobby(hall, 1)
    assert "The draw is being made" in await page(visitors[0])
    await hall.drawn(facts)
    assert "Check the draw" in await page(visitors[0])


async def test_a_lobby_that_nobody_came_to_was_not_drawn(hall: Hall, redis: Redis) -> None:
    """The line opened without a draw: the page does not ask for ever to come back in a minute."""
    facts, _ = await lobby(hall, 0)
    await Usher(redis, facts).say(phase="open", lobby=0)
    stranger = await hall.visitor(facts)
    deadline = time.monotonic() + 5
    while "There was no draw" not in (text := await page(stranger)):
        assert time.monotonic() < deadline, text
        await asyncio.sleep(0.05)
    assert "is being made" not in text


async def test_after_the_draw_the_page_has_all_that_checking_takes(hall: Hall) -> None:
    """Every part of the record, the files by the names the command reads, one's own entry, and the command itself."""
    facts, visitors = await lobby(hall)
    conducted = await hall.drawn(facts)
    text = await page(visitors[4])
    for value in (facts.commitment, conducted.root.hex(), conducted.seed.hex()):
        assert value in text
    assert block(text, "room")["people"] == PEOPLE
    assert block(text, "own") == {"index": 4, "own": True}
    base = f"/api/v1/rooms/{facts.room_id}"
    assert f'{base} <span class="keep">--index 4</span></pre>' in text
    offered = dict(re.findall(r'href="([^"]+)" download="([^"]+)"', text))
    assert offered == {
        f"{base}/draw": "draw.json", f"{base}/draw/list": "list.bin", f"{base}/draw/places": "places.bin",
        f"{base}/draw/proof?index=4": "proof.json",
    }  # fmt: skip
    for address in offered:
        assert (await visitors[4].client.get(address)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "index"),
    [("2", 2), ("0", 0), ("999999", 999999), ("-1", None), ("%C2%B2", None), ("1e3", None), ("9" * 40, None)],
)
async def test_any_entry_may_be_asked_for(hall: Hall, asked: str, index: int | None) -> None:
    """A stranger checks whichever they type; what is no entry changes nothing and breaks nothing."""
    facts, _ = await lobby(hall, 3)
    await hall.drawn(facts)
    stranger = await hall.visitor(facts)
    text = await page(stranger, f"?index={asked}")
    assert block(text, "own") == {"index": index, "own": False}
    assert (f"--index {index}" in text) == (index is not None and index < 3)


async def test_there_is_no_page_without_a_room(hall: Hall) -> None:
    """An unknown address is told as such."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    assert (await visitor.client.get("/rooms/nothing-here/proof")).status_code == 404
