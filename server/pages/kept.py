"""Rendered pages, kept until what they say has changed, compressed once, and answered with 304 to whoever has them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import brotli
from starlette.requests import Request
from starlette.responses import Response

PAGES_MAX = 500
# Quality 5 costs some 2 ms for a page of 30 KB and is paid once per change.
BROTLI_QUALITY = 5


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as bytes: plain and compressed, with its entity tag."""

    plain: bytes
    packed: bytes
    etag: str


def keep(plain: bytes) -> KeptPage:
    """Return *plain* with its compressed form and its tag."""
    packed = brotli.compress(plain, quality=BROTLI_QUALITY)
    return KeptPage(plain, packed, f'W/"{hashlib.sha256(plain).hexdigest()[:20]}"')


class KeptPages:
    """The pages of one process by what they depend on; the least used leave first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, KeptPage] = OrderedDict()

    def get(self, key: Hashable, render: Callable[[], str]) -> KeptPage:
        """Return the page of *key*, rendering it when it isn't kept. The key must name everything the page says."""
        page = self._kept.get(key)
        if page is None:
            page = self._kept[key] = keep(render().encode())
            if len(self._kept) > PAGES_MAX:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return page


def answer(request: Request, page: KeptPage, *, media_type: str = "text/html; charset=utf-8") -> Response:
    """Return *page*, or 304 when the reader has it. Browsers ask each time: a price is never shown from an old copy."""
    headers = {
        "ETag": page.etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
        "Content-Type": media_type,
    }
    if page.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "br" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "br"
        return Response(page.packed, headers=headers)
    return Response(page.plain, headers=headers)
