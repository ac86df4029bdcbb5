"""The sign-in page and the account page. They work without JavaScript, over plain HTTP and on a bare address."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import problems
from server.accounts.guard import safe_next, staff_page
from server.accounts.principals import STAFF_COOKIE, StaffPrincipals, digest
from server.accounts.sign_in import SESSION_DAYS, SignedIn
from server.endpoint import bounded_body
from server.principal import Principal
from server.refusals import REFUSALS, Refusal
from server.services import Services
from server.sql_blocks import load_blocks
from server.templating import locale_of, words

_SQL = load_blocks(__package__, "accounts.sql")
_FORM_BYTES_MAX = 8_192
# Where somebody works who says nothing else, by what they may do.
_HOMES = (("sales:read", "/organise"), ("scans:write", "/door"))
_ANYBODY = "/account"


async def sign_in_page(request: Request) -> Response:
    """Show the form; somebody signed in goes on to where they were going."""
    services: Services = request.app.state.services
    found = await services.principals.principal(request)
    if isinstance(found, Principal):
        return RedirectResponse(safe_next(request.query_params.get("next"), home_of(found)), 303)
    return _form(request, safe_next(request.query_params.get("next"), ""))


async def sign_in(request: Request) -> Response:
    """Take the form: a cookie and on to the page wanted, or the form again with one sentence."""
    services: Services = request.app.state.services
    fields = await form_fields(request)
    if isinstance(fields, Refusal):
        return problems.response(fields)
    going = safe_next(fields.get("next"), "")
    email, password = fields.get("email", ""), fields.get("password", "")
    result = await services.sign_in.with_password(email, password, client_of(request))
    if isinstance(result, Refusal):
        return _form(request, going, email=email, code=result.code, status=REFUSALS[result.code].status)
    assert isinstance(services.principals, StaffPrincipals)
    found = await services.principals.of_session(result.session)
    response = RedirectResponse(going or (_ANYBODY if found is None else home_of(found)), 303)
    give_session(request, response, result)
    return response


async def sign_out(request: Request) -> Response:
    """End the session and go to the public pages."""
    await end_session(request)
    response = RedirectResponse("/", 303)
    response.delete_cookie(STAFF_COOKIE, path="/")
    return response


async def account_page(request: Request) -> Response:
    """Show who is signed in, where they may work, and what they may do there."""
    services: Services = request.app.state.services
    found = await services.principals.principal(request)
    if not isinstance(found, Principal) or found.user_id is None:
        return await _sign_in_first(request)
    async with services.database.installation() as connection:
        organisations = await connection.fetch(_SQL["organisations_of"], found.user_id)
    return services.templates.page(request, "account.html", who=found, organisations=organisations)


async def switch_organisation(request: Request) -> Response:
    """Work in another organisation from now on."""
    services: Services = request.app.state.services
    fields = await form_fields(request)
    if isinstance(fields, Refusal):
        return problems.response(fields)
    wanted = fields.get("organisation", "")
    session = request.cookies.get(STAFF_COOKIE, "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        async with services.database.installation() as connection:
            await connection.execute(_SQL["switch_session"], digest(session), int(wanted))
        forget(services)
    return RedirectResponse(safe_next(fields.get("next"), _ANYBODY), 303)


def home_of(who: Principal) -> str:
    """Return the page where *who* works."""
    return next((page for scope, page in _HOMES if who.may(scope)), _ANYBODY)


async def form_fields(request: Request) -> dict[str, str] | Refusal:
    """Return the last value of each field of a posted form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return Refusal("content_type_unsupported", {"received": kind[:100]})
    raw = await bounded_body(request, _FORM_BYTES_MAX)
    if isinstance(raw, Refusal):
        return raw
    try:
        return {name: values[-1] for name, values in parse_qs(raw.decode(), max_num_fields=100).items()}
    except ValueError:  # not UTF-8, or more fields than any form of ours has
        return Refusal("bad_request")


def client_of(request: Request) -> str:
    """Name where the request came from, for counting failures."""
    return request.client.host if request.client is not None else "unknown"


def give_session(request: Request, response: Response, signed_in: SignedIn) -> None:
    """Put the session on *response*. `Secure` only over https: the first sign-in on http://<address> must work too."""
    response.set_cookie(
        STAFF_COOKIE,
        signed_in.session,
        max_age=SESSION_DAYS * 24 * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


async def end_session(request: Request) -> None:
    """End the session of the request's cookie, if it has one."""
    services: Services = request.app.state.services
    if session := request.cookies.get(STAFF_COOKIE):
        await services.sign_in.out(session)
        forget(services)


def forget(services: Services) -> None:
    """Make this process look everybody up again."""
    if isinstance(services.principals, StaffPrincipals):
        services.principals.forget_all()


async def _sign_in_first(request: Request) -> Response:
    answer = await staff_page(request, "")
    assert isinstance(answer, Response)
    return answer


def _form(request: Request, going: str, *, email: str = "", code: str | None = None, status: int = 200) -> Response:
    services: Services = request.app.state.services
    t = words(locale_of(request))
    problem = None if code is None else t(f"account.{code}")
    page = services.templates.page(request, "sign_in.html", status=status, next=going, email=email, problem=problem)
    page.headers["Cache-Control"] = "no-store"
    return page


routes = [
    Route("/sign-in", sign_in_page, methods=["GET"], name="accounts.sign_in_page"),
    Route("/sign-in", sign_in, methods=["POST"], name="accounts.sign_in"),
    Route("/sign-out", sign_out, methods=["POST"], name="accounts.sign_out"),
    Route("/account", account_page, methods=["GET"], name="accounts.account"),
    Route("/account/organisation", switch_organisation, methods=["POST"], name="accounts.switch"),
]
