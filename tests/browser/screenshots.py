"""`make screenshots`: every page on phone and desktop, dark and light, into var/screenshots. Pictures for people to look at."""

from __future__ import annotations

import argparse
import asyncio
import re
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from loadtests.bench.installation import Installation, installation
from tests.browser.chromium import chromium
from tests.browser.drawn_room import DrawnRoom
from tests.browser.foyer import MINUTE_MS, facts_of, now_ms, phases

SCREENS = {"phone": (360, 780), "desktop": (1440, 900)}
# Pictures are taken when nothing moves any more: motion is reduced, and the map draws on demand.
SETTLE_MS = 900
Deed = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True)
class Shot:
    """One page: how to get there, and whether the whole length is shown."""

    name: str
    go: Deed
    whole: bool = False


def visit(path: str) -> Deed:
    """Return the deed of opening *path*."""

    async def go(page: Page) -> None:
        await page.goto(path)

    return go


async def hold_two(page: Page) -> None:
    await page.goto("/shows/1")
    await page.get_by_role("button", name="Find seats").click()
    await expect(page.get_by_role("heading", name="Your 2 seats")).to_be_visible()


async def the_list(page: Page) -> None:
    await page.goto("/shows/1")
    await page.get_by_role("button", name="Choose from a list").click()


async def check_out(page: Page) -> None:
    await hold_two(page)
    await page.get_by_role("link", name="Continue").click()
    await expect(page.get_by_label("Full name")).to_be_visible()


async def fill_in(page: Page, card: str) -> None:
    await check_out(page)
    await page.get_by_label("Full name").fill("Ada Byron")
    await page.get_by_label("E-mail").fill(f"ada.{secrets.token_hex(5)}@example.org")
    await page.get_by_role("button", name=card).click()
    await page.get_by_label("I accept").check()
    await page.get_by_role("button", name=re.compile("^Pay €")).click()


async def declined(page: Page) -> None:
    await fill_in(page, "Is declined")
    await expect(page.get_by_text(re.compile("declined", re.IGNORECASE)).first).to_be_visible()


async def bank(page: Page) -> None:
    await fill_in(page, "Asks the bank")
    await expect(page.get_by_role("button", name=re.compile("approve", re.IGNORECASE))).to_be_visible()


async def bought(page: Page) -> None:
    await fill_in(page, "Pays")
    await expect(page.get_by_role("heading", name="Your tickets")).to_be_visible()


async def my_tickets(page: Page) -> None:
    await bought(page)
    await page.goto("/tickets")


async def mail(page: Page) -> None:
    await page.goto("/mailbox")
    await page.locator("main a").first.click()


def room_phase(name: str) -> Deed:
    """Return the deed of standing in a waiting room, in one of the states it can be in."""

    async def go(page: Page) -> None:
        await phases()[name]().open(page)

    return go


async def room_opened_up(page: Page) -> None:
    """Everything that folds out while one waits."""
    await phases()["waiting"]().open(page)
    for summary in await page.locator("summary:visible").all():
        await summary.click()


async def room_code_asked(page: Page) -> None:
    """The six digits are on their way by mail."""
    foyer = phases()["join"]()
    foyer.answers["places"] = (202, {"needs": "email_code"})
    await foyer.open(page)
    await page.get_by_label("E-mail").filter(visible=True).fill("ada@example.org")
    await page.get_by_role("button", name="Send me a code").click()
    await expect(page.get_by_label("Six digits")).to_be_visible()


async def room_refused(page: Page) -> None:
    """A place of another device."""
    foyer = phases()["called"]()
    foyer.answers["claim"] = (403, {"code": "proof_invalid"})
    await foyer.open(page)
    await page.get_by_role("button", name="Choose your seats").click()
    await expect(page.locator(".bad")).to_be_visible()


async def room_full(page: Page) -> None:
    """One's turn, and every place at the seats taken for a moment."""
    foyer = phases()["called"]()
    foyer.answers["claim"] = (409, {"code": "visits_full", "retry_after_ms": 2000})
    await foyer.open(page)
    await page.get_by_role("button", name="Choose your seats").click()
    await expect(page.get_by_text("You are next: we keep trying")).to_be_visible()


async def room_lost(page: Page) -> None:
    """Nothing was heard for a while."""
    await page.clock.install()
    foyer = phases()["waiting"]()
    await foyer.open(page)
    await expect(page.locator("main")).to_contain_text("1,204")
    foyer.down = {"socket", "events", "state"}
    for socket in foyer.sockets:
        await socket.close(code=1011)
    await page.clock.run_for(60_000)
    await expect(page.get_by_text("No connection right now")).to_be_visible()


def draw_of(state: str) -> Deed:
    """Return the deed of opening the page that checks a draw: of a true one, a forged one, or one still to come."""

    async def go(page: Page) -> None:
        if state == "promised":
            await DrawnRoom(people=None, index=None, facts=facts_of(draws_ms=now_ms() + 12 * MINUTE_MS)).open(page)
            return
        room = DrawnRoom(people=8200, index=4021, locale="de" if state == "german" else "en")
        if state == "forged":
            room.exchange(4021, 17)
        await room.open(page)
        verdict = "bad" if state == "forged" else "ok"
        await expect(page.locator("#verdict")).to_have_attribute("data-state", verdict)

    return go


def staff(person: tuple[str, str], path: str) -> Deed:
    """Return the deed of signing in and opening *path*."""

    async def go(page: Page) -> None:
        await page.goto(path)
        await page.get_by_label("E-mail").fill(person[0])
        await page.get_by_label("Password").fill(person[1])
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_label("Password")).to_have_count(0)

    return go


def room_set_up(person: tuple[str, str]) -> Deed:
    """Return the deed of opening the form that makes a waiting room."""

    async def go(page: Page) -> None:
        await staff(person, "/organise/rooms/new")(page)
        await page.locator(".card--link a").first.click()
        await expect(page.get_by_label("Name")).to_be_visible()

    return go


def room_of(person: tuple[str, str], link: str = "") -> Deed:
    """Return the deed of opening the organiser's waiting room, made when there is none, and a page behind *link*."""

    async def go(page: Page) -> None:
        await staff(person, "/organise/rooms")(page)
        rooms = page.get_by_role("link", name=re.compile("^Open: (?!Rehearsal)"))
        if not await rooms.count():
            await page.goto("/organise/rooms/new")
            await page.locator(".card--link a").first.click()
            await page.get_by_role("button", name="Make the waiting room").click()
        else:
            await rooms.first.click()
        await expect(page.locator("#room-board dl").first).to_be_visible()
        if link:
            await page.get_by_role("link", name=link).click()

    return go


def rehearsal_of(person: tuple[str, str]) -> Deed:
    """Return the deed of watching a rehearsal once people have been let in."""

    async def go(page: Page) -> None:
        await room_of(person)(page)
        await page.get_by_role("button", name="Rehearse").click()
        let_in = page.locator(".room-stat", has_text="Let in").locator(".room-stat__value")
        await expect(let_in).not_to_have_text(re.compile("^0+$"), timeout=60_000)

    return go


def drained(person: tuple[str, str], lang: str = "en") -> Deed:
    """Return the deed of watching a rehearsal that takes nobody new any more."""

    async def go(page: Page) -> None:
        await rehearsal_of(person)(page)
        drain, again = (page.locator(f"[data-control={action}]") for action in ("drain", "reopen"))
        await expect(drain.or_(again).filter(visible=True)).to_be_visible()
        if await drain.is_visible():
            await drain.get_by_role("button").click()
            await page.get_by_role("dialog").get_by_role("button").last.click()
        await expect(again).to_be_visible()
        await page.goto(f"{page.url.partition('?')[0]}?lang={lang}")
        await expect(page.locator("#room-board dl").first).to_be_visible()

    return go


def at_the_gate(person: tuple[str, str]) -> Deed:
    """Return the deed of standing at the door, ready to scan."""

    async def go(page: Page) -> None:
        await staff(person, "/door")(page)
        await page.get_by_role("button", name="Start scanning").click()
        await expect(page.get_by_label("Ticket number or code")).to_be_visible()

    return go


def scanned(person: tuple[str, str], code: Callable[[], str]) -> Deed:
    """Return the deed of scanning a code at the door."""

    async def go(page: Page) -> None:
        await staff(person, "/door")(page)
        await page.get_by_role("button", name="Start scanning").click()
        await page.get_by_label("Ticket number or code").fill(code())
        await page.get_by_role("button", name="Check").click()
        await expect(page.get_by_role("alert")).to_be_visible()

    return go


def room_shots() -> list[Shot]:
    """Return every state of the room page and of the page that checks its draw. They need no installation."""
    draws = ("promised", "true", "forged", "german")
    deeds = (room_opened_up, room_code_asked, room_refused, room_full, room_lost)
    return [
        *(Shot(f"54{number}-{deed.__name__.replace('_', '-')}", deed, whole=True) for number, deed in enumerate(deeds)),
        *(Shot(f"5{number:02}-room-{name}", room_phase(name), whole=True) for number, name in enumerate(phases())),
        *(Shot(f"53{number}-draw-{name}", draw_of(name), whole=True) for number, name in enumerate(draws)),
    ]


def all_shots(owner: tuple[str, str], door: tuple[str, str], codes: list[str]) -> list[Shot]:
    """Return the pages in the order of the album."""
    return [
        Shot("01-events", visit("/"), whole=True),
        Shot("02-events-empty", visit("/?q=nothing+like+this")),
        Shot("03-event", visit("/events/the-glass-orchard"), whole=True),
        Shot("04-seats-theatre", visit("/shows/1")),
        Shot("05-seats-stadium", visit("/shows/4")),
        Shot("06-seats-festival", visit("/shows/5")),
        Shot("07-seats-list", the_list),
        Shot("08-seats-held", hold_two),
        Shot("09-checkout", check_out, whole=True),
        Shot("10-declined", declined, whole=True),
        Shot("11-bank", bank),
        Shot("12-order", bought, whole=True),
        Shot("13-my-tickets", my_tickets),
        Shot("14-mail", mail, whole=True),
        Shot("15-not-found", visit("/nowhere")),
        Shot("16-german", visit("/events/the-glass-orchard?lang=de"), whole=True),
        Shot("17-right-to-left", visit("/shows/1?lang=en-XB")),
        Shot("18-event-with-room", visit("/events/juno-vale-one-night"), whole=True),
        Shot("19-mailbox", visit("/mailbox")),
        Shot("20-sign-in", visit("/sign-in")),
        Shot("21-organiser", staff(owner, "/organise"), whole=True),
        Shot("22-live-sale", staff(owner, "/organise/shows/1"), whole=True),
        Shot("23-account", staff(owner, "/account"), whole=True),
        Shot("24-rooms", staff(owner, "/organise/rooms"), whole=True),
        Shot("25-room-set-up", room_set_up(owner), whole=True),
        Shot("26-room-before", room_of(owner), whole=True),
        Shot("27-room-settings", room_of(owner, "Settings"), whole=True),
        Shot("28-room-reviews", room_of(owner, "Reviews"), whole=True),
        Shot("29-room-rehearsal", rehearsal_of(owner), whole=True),
        Shot("291-room-draining", drained(owner), whole=True),
        Shot("292-room-draining-german", drained(owner, "de"), whole=True),
        Shot("293-rooms-list", staff(owner, "/organise/rooms"), whole=True),
        Shot("30-door", staff(door, "/door")),
        Shot("31-door-verdict", scanned(door, codes.pop)),
        Shot("32-door-refused", scanned(door, lambda: "T1.NOTATICKET")),
        Shot("33-door-scanning", at_the_gate(door)),
        Shot("40-api", visit("/api/v1/docs")),
    ]


@asynccontextmanager
async def page_of(browser: Browser, url: str, screen: str, scheme: str) -> AsyncIterator[Page]:
    width, height = SCREENS[screen]
    context = await browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=screen == "phone",
    )
    context.set_default_timeout(30_000)
    try:
        yield await context.new_page()
    finally:
        await context.close()


def _sign_in(running: Installation, role: str) -> tuple[str, str]:
    printed = (running.var / "run.log").read_text()
    found = re.search(rf"^ {{4}}{role} +(\S+@\S+) +(\S+)$", printed, re.MULTILINE)
    assert found is not None, f"the start printed no {role}"
    return found[1], found[2]


async def _ticket_codes(browser: Browser, url: str, count: int) -> list[str]:
    """Buy tickets for the door's pictures."""
    codes: list[str] = []
    while len(codes) < count:
        async with page_of(browser, url, "desktop", "light") as page:
            await bought(page)
            found = re.search(r"/orders/(\w+)\?key=([\w-]+)", page.url)
            assert found is not None
            answer = await page.context.request.get(f"/api/v1/orders/{found[1]}?key={found[2]}")
            codes += [ticket["code"] for ticket in (await answer.json())["tickets"]]
    return codes


async def _take(browser: Browser, url: str, shots: list[Shot], folder: Path) -> int:
    failures = 0
    for shot in shots:
        for screen in SCREENS:
            for scheme in ("light", "dark"):
                async with page_of(browser, url, screen, scheme) as page:
                    try:
                        await shot.go(page)
                        await page.wait_for_timeout(SETTLE_MS)
                        await page.screenshot(path=folder / f"{shot.name}-{screen}-{scheme}.png", full_page=shot.whole)
                    except Exception as error:  # noqa: BLE001 (one page that fails must not hide the others)
                        failures += 1
                        print(f"{shot.name} {screen} {scheme}: {str(error).splitlines()[0]}", file=sys.stderr)
    return failures


async def _take_all(folder: Path, only: str) -> int:
    """Take the pictures whose name *only* finds; an installation is started if one of them needs it. Return how many failed."""
    rooms = [shot for shot in room_shots() if re.search(only, shot.name)]
    async with chromium() as browser:
        failures = await _take(browser, "", rooms, folder)
        nobody = ("", "")
        if not any(re.search(only, shot.name) for shot in all_shots(nobody, nobody, [""])):
            return failures
        with installation() as running:
            codes = await _ticket_codes(browser, running.url, 4)
            shots = all_shots(_sign_in(running, "owner"), _sign_in(running, "door"), codes)
            return failures + await _take(
                browser, running.url, [one for one in shots if re.search(only, one.name)], folder
            )


def main() -> int:
    """Take the pictures, and say where they are."""
    parser = argparse.ArgumentParser(prog="make screenshots ARGS=…", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("var/screenshots"))
    parser.add_argument("--only", default="", help="take only pages whose name this regular expression finds")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    failures = asyncio.run(_take_all(options.out, options.only))
    print(f"{len(list(options.out.glob('*.png')))} pictures in {options.out}, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
