"""Pages for staff: who may see them, and where somebody who is not signed in goes."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.principal import Principal


async def staff_page(request: Request, scope: str) -> Principal | Response:
    """Return who asks for a staff page that needs *scope*, or the answer to give instead.

    Nobody signed in: off to the sign-in page and back here. Signed in without the scope: a page that says so (403).
    """
    found = await request.app.state.services.principals.principal(request)
    if not isinstance(found, Principal):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(here, safe='/')}", 303)
    if not found.may(scope):
        return problem_page(request, "not_allowed", 403)
    return found


def problem_page(request: Request, code: str, status: int) -> Response:
    """Return the page for a person who met the refusal *code*."""
    page: Response = request.app.state.services.templates.page(request, "problem.html", status=status, code=code)
    return page


def safe_next(wanted: str | None, otherwise: str) -> str:
    """Return *wanted* when it is a path on this site, else *otherwise*: nobody is sent elsewhere after signing in."""
    plain = wanted is not None and wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if plain and wanted is not None and wanted.isprintable() and "\\" not in wanted else otherwise
