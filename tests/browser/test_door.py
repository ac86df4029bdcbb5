"""The door in a real browser: hardware scanner, typing, camera, a lost network, and what the screen says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Page, expect

from server.tickets import qr
from server.tickets.issue import Ticket
from server.tickets.number import write_number
from tests.browser.chromium import chromium
from tests.browser.serving import Serving, serving
from tests.integration.checkin.conftest import issue_seats
from tests.integration.installation import PASSWORD
from tests.integration.ticket_scene import Scene, lay_scene

# One journey at a time: each starts a house and a browser of its own, and two cores are soon busy.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@dataclass
class Evening:
    """A served house with tickets, and a door person's address."""

    served: Serving
    scene: Scene
    tickets: tuple[Ticket, ...]
    email: str


@pytest.fixture
async def evening(database_url: str, owner_url: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Evening]:
    owner = await asyncpg.connect(owner_url)
    scene = await lay_scene(owner)
    await owner.close()
    async with serving(database_url, valkey_url, tmp_path) as served:
        tickets = await issue_seats(served.here.services.database, scene, order=1, seats=range(8))
        await served.here.staff(scene.org, "tilda@playhouse.example", "door")
        yield Evening(served, scene, tickets, "tilda@playhouse.example")


async def at_the_door(page: Page, evening: Evening) -> None:
    """Sign in as a person does and start scanning at the first gate."""
    await page.goto(f"{evening.served.url}/door")
    await page.locator("input[type=email]").fill(evening.email)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.locator("main form button").click()
    await page.get_by_role("button", name="Start scanning").click()
    await expect(page.get_by_text("Ready. Hold a ticket")).to_be_visible()


async def beep(page: Page, code: str) -> None:
    """Type as a hardware scanner does: the whole code at once, then Enter."""
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")


def verdict(page: Page) -> Any:
    return page.locator(".verdict")


async def test_a_hardware_scanner_admits_once_and_the_counters_move(evening: Evening) -> None:
    """Green with the seat; the copy is red and says when and where; a second phone sees the count without asking."""
    code = evening.tickets[3].code
    async with chromium() as browser:
        first, second = [
            await (await browser.new_context(viewport={"width": 360, "height": 780})).new_page() for _ in range(2)
        ]
        for page in (first, second):
            await at_the_door(page, evening)
        await beep(first, code)
        await expect(verdict(first)).to_have_class(re.compile("verdict--green"))
        # Green leaves by itself; the list below it stays.
        await expect(first.locator(".door__recent li").first).to_contain_text("Stalls · Row 1, seat 3")
        await beep(second, code)
        await expect(verdict(second)).to_have_class(re.compile("verdict--red"))
        await expect(verdict(second)).to_contain_text(re.compile(r"Already inside\. Came in at .*, North"))
        await verdict(second).click()
        await expect(second.locator(".door__counters dd").first).to_have_text(re.compile("^1 "))
        assert await second.evaluate("document.documentElement.scrollWidth") <= 360


async def test_a_typed_number_is_admitted_and_taken_back(evening: Evening) -> None:
    """The printed number works in any case; undo makes the ticket good again."""
    number = write_number(evening.tickets[0].ticket_id).lower()
    async with chromium() as browser:
        page = await browser.new_page()
        await at_the_door(page, evening)
        field = page.get_by_label("Ticket number or code")
        await field.fill(number)
        await page.get_by_role("button", name="Check").click()
        await expect(verdict(page)).to_contain_text("Come in")
        await verdict(page).get_by_role("button", name="Undo").click()
        await expect(verdict(page)).to_have_count(0)
        await expect(page.get_by_text("taken back")).to_be_visible()
        await field.fill(number)
        await page.keyboard.press("Enter")
        await expect(verdict(page)).to_contain_text("Come in")


async def test_somebody_without_a_code_is_found_by_name(evening: Evening) -> None:
    """Lookup leads to the same verdict as a scan."""
    async with chromium() as browser:
        page = await browser.new_page()
        await at_the_door(page, evening)
        await page.get_by_role("button", name="Find by name").click()
        await page.get_by_label("Name, e-mail, order or seat").fill("guest 5")
        await page.get_by_role("dialog").get_by_role("button", name="Check").click()
        await expect(page.locator(".door__recent li").first).to_contain_text("Row 1, seat 5")


async def test_a_lost_reply_is_no_second_use(evening: Evening) -> None:
    """The server admitted, the answer was lost twice: asked again by hand, it is still green."""
    code = evening.tickets[1].code
    async with chromium() as browser:
        page = await browser.new_page()
        # The scanner can judge a code alone once it has these; what was not answered it asks for again.
        async with page.expect_response(lambda answer: answer.url.endswith("/ticket-keys") and answer.ok):
            await at_the_door(page, evening)
        lost = 2

        async def lose(route: Any) -> None:
            nonlocal lost
            if lost:
                lost -= 1
                await route.fetch()
                await route.abort("connectionreset")
            else:
                await route.continue_()

        await page.route("**/api/v1/scans", lose)
        await beep(page, code)
        await expect(verdict(page)).to_contain_text("The code is genuine")
        await verdict(page).get_by_role("button", name="Next").click()
        await page.get_by_role("button", name="Try again").click()
        await expect(verdict(page)).to_contain_text("Come in")
    async with evening.served.here.services.database.tenant(evening.scene.org) as connection:
        assert await connection.fetchval("select count(*) from scans") == 1


async def test_the_camera_reads_a_ticket(evening: Evening, tmp_path: Path) -> None:
    """A film of a ticket, held up slightly turned away: the decoder loads, reads and the door opens."""
    film = tmp_path / "ticket.y4m"
    film.write_bytes(filmed(evening.tickets[2].code))
    async with chromium(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ) as browser:
        page = await browser.new_page()
        await at_the_door(page, evening)
        await page.get_by_role("button", name="Scan with the camera").click()
        await expect(page.locator(".door__recent li").first).to_contain_text("Row 1, seat 2", timeout=20_000)


async def test_a_photo_is_read_where_the_camera_may_not(evening: Evening, tmp_path: Path) -> None:
    """Over plain HTTP on an address the page says why there is no camera, and a photo does."""
    photo = tmp_path / "ticket.png"
    photo.write_bytes(qr.png(qr.symbol(evening.tickets[4].code)))
    async with chromium("--host-resolver-rules=MAP door.test 127.0.0.1") as browser:
        page = await browser.new_page()
        await at_the_door(
            page,
            Evening(
                Serving(evening.served.here, evening.served.url.replace("localhost", "door.test")),
                evening.scene,
                evening.tickets,
                evening.email,
            ),
        )
        await expect(page.get_by_text("Browsers open the camera only on https")).to_be_visible()
        await page.locator("input[type=file]").set_input_files(photo)
        await expect(page.locator(".door__recent li").first).to_contain_text("Row 1, seat 4")


def filmed(code: str, width: int = 640, height: int = 480) -> bytes:
    """One frame of a ticket on grey, in YUV4MPEG; the browser plays it over and over."""
    rows = qr.symbol(code)
    side, scale = len(rows) + 2 * qr.QUIET, 8
    left, top = (width - side * scale) // 2, (height - side * scale) // 2
    picture = bytearray(b"\x60" * (width * height))
    for y in range(side * scale):
        for x in range(side * scale):
            row, column = y // scale - qr.QUIET, x // scale - qr.QUIET
            dark = 0 <= row < len(rows) and 0 <= column < len(rows) and rows[row][column] == "1"
            picture[(top + y) * width + left + x] = 0x20 if dark else 0xD0
    colour = b"\x80" * (width * height // 2)
    return b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n" % (width, height) + b"FRAME\n" + bytes(picture) + colour
