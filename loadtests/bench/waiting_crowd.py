"""A crowd in line: `python -m loadtests.bench.waiting_crowd <port> <first place> <count>`, steered by lines on its standard input.

`open` opens the sockets and waits in the room; `watch <seconds>` tells how old what the people near the front knew was; `news <id>` waits until
everybody has heard the organiser's message of that id. Each answers with one line of JSON.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import uvloop

from loadtests.bench.sockets import LeanSocket, open_sockets
from loadtests.bench.waiting_gateway import EPOCH, KEY, SECRET
from waitingroom.frame import LineFrame, decode_frame
from waitingroom.identity import DIGEST_BYTES, Digest
from waitingroom.place_token import Place, PlaceTokens
from waitingroom.telling import SOON_S

LINE = b'{"t":"line"'


@dataclass
class News:
    """How a message of the organiser got around."""

    said_at: float
    heard: int = 0
    last_at: float = 0.0


@dataclass
class Crowd:
    """What all sockets of this process have heard."""

    frame: LineFrame | None = None
    raw: bytes = b""
    watching: bool = False
    ages_s: list[float] = field(default_factory=list)
    heard: int = 0
    news: dict[str, News] = field(default_factory=dict)

    def decoded(self, payload: bytes) -> LineFrame:
        """Decode a frame once for all who get it."""
        if payload != self.raw or self.frame is None:
            self.raw, self.frame = payload, decode_frame(payload)
        return self.frame


CROWD = Crowd()


class LineSocket(LeanSocket):
    """A socket in line."""

    __slots__ = ("frame", "index")

    def __init__(self, host: str, opened: asyncio.Future[None]) -> None:
        super().__init__(host, opened)
        self.index = -1
        self.frame: LineFrame | None = None

    def _frame(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode != 1 or not payload.startswith(LINE):
            super()._frame(opcode, payload, now)
            return
        frame, before = CROWD.decoded(payload), self.frame
        self.frame = frame
        CROWD.heard += 1
        if CROWD.watching and before is not None and self.is_near(before):
            # As old as it got: a moment before the new frame came, the old one was all they had.
            CROWD.ages_s.append(time.time() - before.now_ms / 1000)
        if frame.message is not None and (before is None or before.message != frame.message):
            news = CROWD.news.setdefault(frame.message.id, News(frame.now_ms / 1000))
            news.heard, news.last_at = news.heard + 1, time.time()

    def is_near(self, frame: LineFrame) -> bool:
        """Tell whether it is soon their turn."""
        assert frame.rate is not None
        return 0 <= self.index - frame.served <= frame.rate[1] / 60 * SOON_S


async def opened(port: int, first: int, count: int) -> tuple[list[LineSocket], dict[str, Any]]:
    """Open *count* sockets and wait at the places from *first*."""
    tokens = PlaceTokens(SECRET)
    sockets = await open_sockets(port, count, LineSocket)
    for start in range(0, count, 200):
        answers = []
        for number in range(start, min(start + 200, count)):
            socket = sockets[number]
            socket.index = first + number
            identity = Digest(socket.index.to_bytes(DIGEST_BYTES, "big"))
            place = Place(KEY.room_id, EPOCH, socket.index, 4, identity, "s" + "A" * 43, int(time.time()))
            answers.append(socket.expect("waiting"))
            socket.send(t="wait", room=KEY.room_id, token=tokens.issue(place))
        for number, answer in enumerate(await asyncio.wait_for(asyncio.gather(*answers), 30), start):
            assert answer["position"] == first + number, answer
    return sockets, {"waiting": count}


async def watched(sockets: list[LineSocket], seconds: float) -> dict[str, Any]:
    """Watch for a while how old what the front knows becomes."""
    CROWD.ages_s.clear()
    heard, CROWD.watching = CROWD.heard, True
    await asyncio.sleep(seconds)
    CROWD.watching = False
    now = time.time()
    # Whoever has not heard anything at the end has been waiting since their last frame.
    open_s = [now - one.frame.now_ms / 1000 for one in sockets if one.frame is not None and one.is_near(one.frame)]
    ages = np.array(CROWD.ages_s + open_s)
    near = len(open_s)
    if not near:
        return {"near": 0, "heard": CROWD.heard - heard, "p99_s": 0.0, "worst_s": 0.0}
    return {
        "near": near,
        "heard": CROWD.heard - heard,
        "p99_s": float(np.percentile(ages, 99)),
        "worst_s": float(ages.max()),
    }


async def told(message_id: str, count: int) -> dict[str, Any]:
    """Wait until everybody has heard a message, and say how long it took from the usher to the last of them."""
    async with asyncio.timeout(30):
        while (news := CROWD.news.get(message_id)) is None or news.heard < count:
            await asyncio.sleep(0.01)
    return {"took_s": news.last_at - news.said_at}


async def main(port: int, first: int, count: int) -> None:
    """Do what the lines of the standard input say."""
    loop = asyncio.get_running_loop()
    sockets: list[LineSocket] = []
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        verb, *words = line.split()
        if verb == "open":
            sockets, answer = await opened(port, first, count)
        elif verb == "watch":
            answer = await watched(sockets, float(words[0]))
        else:
            answer = await told(words[0], count)
        print(msgspec.json.encode(answer).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:4])))
