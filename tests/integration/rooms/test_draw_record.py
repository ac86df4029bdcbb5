"""The draw: promised before, made once, checked by anybody afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
import uvicorn

from server.faults import Corrupt, Unavailable
from server.refusals import Refusal
from server.rooms import verify_draw
from server.rooms.conduct import conduct_draw, load_secret
from server.rooms.facts import RoomFacts
from server.rooms.plan import room_key
from tests.integration.rooms.hall import Hall, Visitor, code_of, now_ms
from waitingroom import draw
from waitingroom.model import Phase

PEOPLE = 6


async def lobby(hall: Hall, people: int = PEOPLE, **changes: object) -> tuple[RoomFacts, list[Visitor]]:
    """Make a room with *people* in its lobby, whose draw comes as soon as they are in."""
    draws_ms = now_ms() + 1500
    facts = await hall.room(draws_ms=draws_ms, **changes)
    visitors = [await hall.visitor(facts) for _ in range(people)]
    for number, visitor in enumerate(visitors):
        assert (await visitor.join_by_mail(f"v{number}@mail.example")).status_code == 201
    while now_ms() <= draws_ms:
        await asyncio.sleep(0.02)
    return facts, visitors


@asynccontextmanager
async def served(hall: Hall) -> AsyncIterator[str]:
    """Serve the application on a port, so that a command in a thread can ask it."""
    config = uvicorn.Config(hall.server.app, host="127.0.0.1", port=0, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


async def test_t8_the_secret_is_nowhere_before_the_draw(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    """Not in any answer about the room, not in any key of Valkey, not in a log; the commitment is everywhere it should be."""
    facts, visitors = await lobby(hall, 2)
    secret = await load_secret(hall.desk, facts)
    client = visitors[0].client
    told = b""
    for path in ("draw", "draw/list", "draw/places", "draw/proof", "places/mine", "state.json"):
        answer = await client.get(f"/api/v1/rooms/{facts.room_id}/{path}")
        told += answer.content + str(answer.headers).encode()
    told += (await client.get(f"/rooms/{facts.slug}")).content
    redis = hall.server.services.redis
    stored = b"".join([key + (await redis.dump(key) or b"") for key in await redis.keys("*")])
    logged = "".join(capsys.readouterr()).encode()
    for where in (told, stored, logged):
        assert secret not in where
        assert secret.hex().encode() not in where
    record = (await client.get(f"/api/v1/rooms/{facts.room_id}/draw")).json()
    assert record["drawn"] is None
    assert record["commitment"] == facts.commitment == draw.commitment(secret).hex()
    assert record["committed_at_ms"] <= now_ms() and record["draws_ms"] == facts.draws_ms
    for path in ("list", "places", "proof"):
        assert code_of(await client.get(f"/api/v1/rooms/{facts.room_id}/draw/{path}")) == "draw_pending"


async def test_t9_anybody_draws_again_and_gets_every_place(
    hall: Hall, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command fetches, draws and agrees; from the saved files too; every visitor's place and proof is in it."""
    facts, visitors = await lobby(hall, identities=("email",), tiers=await hall.tiers("Members"))
    await visitors[2].client.post(f"{visitors[2].path}/leave")
    conducted = await hall.drawn(facts)
    assert conducted.people == PEOPLE
    places = {(await visitor.mine()).json()["position"] for at, visitor in enumerate(visitors) if at != 2}
    assert places == set(range(PEOPLE - 1))  # who left is behind everybody
    async with served(hall) as base:
        address = f"{base}/api/v1/rooms/{facts.room_id}"
        args = [address, "--save", str(tmp_path), "--index", "3", "--commitment", facts.commitment]
        assert await asyncio.to_thread(verify_draw.main, args) == 0
    assert f"{PEOPLE} places" in capsys.readouterr().out
    assert verify_draw.main([str(tmp_path), "--index", "3"]) == 0
    proof = (await visitors[4].client.get(f"{visitors[4].path}/draw/proof")).json()
    assert (proof["index"], proof["tier"], proof["root"]) == (4, 4, conducted.root.hex())
    assert int(proof["number"]) == draw.draw_number(draw.Seed(conducted.seed), str(facts.room_id), 4)
    assert proof["place"] == (await visitors[4].mine()).json()["position"]


async def test_t10_whatever_is_altered_is_found(hall: Hall, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A byte of the list, two places exchanged, another secret, seed, root or promise, another's proof: each is named."""
    facts, _ = await lobby(hall)
    await hall.drawn(facts)
    async with served(hall) as base:
        args = [f"{base}/api/v1/rooms/{facts.room_id}", "--save", str(tmp_path)]
        assert await asyncio.to_thread(verify_draw.main, args) == 0
    files = {name: (tmp_path / name).read_bytes() for name in ("draw.json", "list.bin", "places.bin", "proof.json")}

    def altered(name: str, content: bytes, expected: str, *arguments: str) -> None:
        for file, original in files.items():
            (tmp_path / file).write_bytes(content if file == name else original)
        capsys.readouterr()
        assert verify_draw.main([str(tmp_path), *arguments]) == 1, name
        assert expected in capsys.readouterr().err

    listed, places, record = files["list.bin"], files["places.bin"], files["draw.json"]
    altered("list.bin", bytes([listed[0] ^ 1]) + listed[1:], "list: its Merkle root")
    altered("list.bin", listed[:-1] + bytes([listed[-1] ^ 128]), "list: its Merkle root")
    altered("list.bin", listed + listed[:9], "list: it is not the list of that many people")
    altered("places.bin", places[4:8] + places[:4] + places[8:], "places: 2 differ, the first is index 0")
    altered("places.bin", places[4:], "places: 5 are served")
    parsed = orjson.loads(record)
    for field, finding in (
        ("secret", "commitment: the secret"),
        ("seed", "seed: it does not follow"),
        ("root", "list: its Merkle root"),
    ):
        changed = parsed | {"drawn": parsed["drawn"] | {field: "ab" * 32}}
        altered("draw.json", orjson.dumps(changed), finding)
    altered("draw.json", record, "commitment: it is not the one you noted", "--commitment", "cd" * 32)
    altered("proof.json", files["proof.json"].replace(b'"tier":4', b'"tier":0'), "proof: index 5")
    (tmp_path / "draw.json").write_bytes(b"{}")
    with pytest.raises(Unavailable):
        verify_draw.main([str(tmp_path)])


async def test_t12_a_draw_repeated_after_any_crash_is_the_same_draw(hall: Hall) -> None:
    """The roll is frozen first: people who leave between the tries, or a record that failed, change nothing."""
    facts, visitors = await lobby(hall)
    secret = await load_secret(hall.desk, facts)
    database = hall.desk.database
    await database.close()
    database._pool = _Away()  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        await conduct_draw(hall.desk, facts, secret)
    state = await hall.desk.line.read(room_key(facts))
    assert state is not None and state.phase is Phase.OPEN  # nobody waits for the record
    places = [(await visitor.mine()).json()["position"] for visitor in visitors]
    assert (await visitors[1].client.post(f"{visitors[1].path}/leave")).status_code == 204
    database._pool = None
    await database.open()
    first = await conduct_draw(hall.desk, facts, secret)
    again = await conduct_draw(hall.desk, facts, secret)
    assert not isinstance(first, Refusal)
    assert first == again
    assert [(await visitor.mine()).json()["position"] for at, visitor in enumerate(visitors) if at != 1] == [
        place for at, place in enumerate(places) if at != 1
    ]
    assert await hall.server.services.redis.exists(f"{{e:{facts.event_id}}}:r:{facts.room_id}:roll") == 0


async def test_another_secret_draws_nothing(hall: Hall) -> None:
    """A secret that was swapped after the promise stops the draw, loudly; a lobby that is open is not drawn."""
    early = await hall.room(slug="early")
    refused = await conduct_draw(hall.desk, early, await load_secret(hall.desk, early))
    assert isinstance(refused, Refusal) and refused.code == "room_state"
    async with hall.desk.database.tenant(hall.who.org_id) as connection:
        await connection.execute("update room_draws set secret = sha256('other') where room_id = $1", early.room_id)
    with pytest.raises(Corrupt):
        await load_secret(hall.desk, early)


class _Away:
    """A pool whose database doesn't answer."""

    async def acquire(self) -> None:
        raise OSError("nobody there")

    async def close(self) -> None:
        return None


def test_the_command_says_when_nobody_answers() -> None:
    """One fault, no traceback: `frontrow` prints it and exits with 2."""
    with pytest.raises(Unavailable):
        verify_draw.main(["http://127.0.0.1:9/api/v1/rooms/1"])
