"""Write tests/vectors/qr.json: pictures of ticket codes, for a real decoder in another language to read back.

`python -m tests.vectors.make_qr` rewrites the file; a test fails when it is not what this program writes.
"""

import json
from pathlib import Path

from server.tickets.code import sign
from server.tickets.qr import symbol
from tests.vectors import make_t1

PATH = Path(__file__).with_name("qr.json")
LIVE_PART = ".12345678"  # a rotating part, the longest text that must fit


def texts() -> list[str]:
    """A plain code, the one with every field at its greatest, and the longest with a rotating part."""
    plain, full = sign(make_t1.PLAIN, make_t1.SIGNING), sign(make_t1.FULL, make_t1.SIGNING)
    return [plain, full, full + LIVE_PART]


def rendered() -> str:
    """The file's text."""
    pictures = [{"text": text, "rows": symbol(text)} for text in texts()]
    return (
        json.dumps({"about": "QR symbols by server/tickets/qr.py, 1 for dark.", "symbols": pictures}, indent=1) + "\n"
    )


if __name__ == "__main__":
    PATH.write_text(rendered(), encoding="utf-8")
