"""The built browser files: hashed names, cached for ever, sent brotli-compressed from beside the original."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.templating import WEB

FOREVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """`/assets/…`: a file named after its content never changes."""

    def __init__(self) -> None:
        super().__init__(directory=WEB / "dist" / "assets", check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        accepted = Headers(scope=scope).get("accept-encoding", "")
        if "br" in accepted and not path.endswith(".br"):
            packed, status = self.lookup_path(f"{path}.br")
            if status is not None:
                return self._packed(path, packed, status, scope)
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = FOREVER
            response.headers["Vary"] = "Accept-Encoding"
        return response

    def _packed(self, path: str, packed: str, status: Any, scope: Scope) -> Response:
        response = self.file_response(packed, status, scope)
        if response.status_code == 200:
            response.headers["Content-Type"] = _media_type(path)
            response.headers["Content-Encoding"] = "br"
        response.headers["Cache-Control"] = FOREVER
        response.headers["Vary"] = "Accept-Encoding"
        return response


def _media_type(path: str) -> str:
    ending = path.rpartition(".")[2]
    return {
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml",
        "json": "application/json",
        "wasm": "application/wasm",
    }.get(ending, "application/octet-stream")
