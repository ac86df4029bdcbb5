"""The catalogue of findings in docs/chart-import.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
CALL = re.compile(r"\b(?:error|warning|note|refuse)\(\s*(f?)\"([a-z_{}0-9]+)\"")


def test_the_catalogue_is_complete() -> None:
    """Every code the package can answer with is in the document, and the document lists no other."""
    text = (ROOT / "docs" / "chart-import.md").read_text(encoding="utf-8")
    listed = {
        code
        for row in re.findall(r"^\| ((?:`[a-z_0-9]+` ?)+)\|", text.partition("## Findings")[2], re.MULTILINE)
        for code in re.findall(r"`([a-z_0-9]+)`", row)
    }
    used = set()
    for path in (ROOT / "seatmap" / "chart").rglob("*.py"):
        for formatted, code in CALL.findall(path.read_text(encoding="utf-8")):
            used |= {f"{word}_renumbered" for word in ("categories", "areas")} if formatted else {code}
    # Codes that `publish.compare` takes from its table.
    used |= {"taken_seat_removed", "taken_seat_relocated", "taken_seat_recategorised"}
    assert listed - used == set()
    assert used - listed == set()
