"""The page of the waiting room: what one visitor's one request weighs, in the phase and the language that say most."""

from __future__ import annotations

from loadtests.bench.figures import Figure
from server.rooms.page_bytes import SharedPage
from tests.browser.foyer import Foyer, phases

LOCALES = ("en", "de", "ar")


def measure() -> list[Figure]:
    """Weigh every phase in every language."""
    sizes = {(name, locale): _bytes(make(), locale) / 1000 for name, make in phases().items() for locale in LOCALES}
    heaviest = max(sizes, key=sizes.__getitem__)
    english = max(size for (_, locale), size in sizes.items() if locale == "en")
    note = f"brotli, everything in one answer; the heaviest is {heaviest[0]} in {heaviest[1]}; English {english:.2f}"
    return [Figure("room_page_kb", sizes[heaviest], "kB", 14, note=note)]


def _bytes(foyer: Foyer, locale: str) -> int:
    foyer.locale = locale
    shared, own = foyer.document()
    sent, _ = SharedPage(shared).with_own(own, "br")
    return len(sent)
