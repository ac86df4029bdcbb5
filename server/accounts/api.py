"""People and tokens over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from server.accounts import audit
from server.accounts.pages import client_of, end_session, forget, give_session
from server.accounts.passwords import PASSWORD_MAX, PASSWORD_MIN, Passwords
from server.accounts.principals import STAFF_COOKIE, StaffPrincipals, digest, new_token
from server.accounts.roles import SCOPES, Role
from server.endpoint import endpoint, query
from server.principal import Principal
from server.refusals import Refusal
from server.services import Services
from server.sql_blocks import load_blocks

_SQL = load_blocks(__package__, "accounts.sql")

Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
Password = Annotated[str, Meta(min_length=1, max_length=PASSWORD_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]


class Body(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request body: fields nobody knows are refused."""


class Credentials(Body, frozen=True):
    """E-mail and password of a member of staff."""

    email: Email
    password: Password


class NewMember(Body, frozen=True):
    """Somebody who works here. *password* is their first one, needed for an address that is new on this installation."""

    email: Email
    name: Name
    role: Role
    password: Password | None = None


class RoleChange(Body, frozen=True):
    """The role from now on."""

    role: Role


class NewToken(Body, frozen=True):
    """A token for a program. It can do what its *scopes* say and never more than whoever makes it."""

    name: Name
    scopes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=len(SCOPES))]
    expires_at_ms: Annotated[int, Meta(ge=0, le=253_370_764_800_000)] | None = None


class AuditFilter(Body, frozen=True):
    """Which part of the record to list: of one subject (`show:12`), below a cursor."""

    subject: Annotated[str, Meta(max_length=80)] | None = None
    cursor: Annotated[int, Meta(ge=1, le=2**62)] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class Me(Struct, frozen=True):
    """Who is asking, and what they may do in which organisation."""

    name: str
    org_id: int
    role: str
    scopes: list[str]
    user_id: int | None
    token_id: int | None


class Member(Struct, frozen=True):
    """Somebody who works here."""

    user_id: int
    name: str
    email: str
    role: Role
    since: datetime


class Members(Struct, frozen=True):
    """Everybody who works here, longest first."""

    members: list[Member]


class Token(Struct, frozen=True):
    """A token that is alive. *ending* are its last four characters; the rest was shown once, when it was made."""

    id: int
    name: str
    ending: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None


class Tokens(Struct, frozen=True):
    """All tokens that are alive."""

    tokens: list[Token]


class MadeToken(Struct, frozen=True):
    """A new token. *token* is shown this once and stored nowhere."""

    id: int
    token: str
    scopes: list[str]


class AuditEntry(Struct, frozen=True):
    """Something that was done."""

    id: int
    at: datetime
    actor: str
    deed: str
    subject: str
    details: dict[str, Any]


class AuditPage(Struct, frozen=True):
    """One page of the record, newest first; *next_cursor* is null at the end."""

    entries: list[AuditEntry]
    next_cursor: int | None


@endpoint(
    "POST",
    "/api/v1/session",
    summary="Sign in as staff; the answer sets the session cookie",
    body=Credentials,
    reply=Me,
    refusals=("sign_in_failed", "rate_limited"),
)
async def sign_in(request: Request, body: Credentials) -> Response | Refusal:
    services: Services = request.app.state.services
    result = await services.sign_in.with_password(body.email, body.password, client_of(request))
    if isinstance(result, Refusal):
        return result
    principals = services.principals
    assert isinstance(principals, StaffPrincipals)
    who = await principals.of_session(result.session)
    assert who is not None, "the session was opened a moment ago"
    response = Response(msgspec.json.encode(_me(who)), media_type="application/json")
    give_session(request, response, result)
    return response


@endpoint("DELETE", "/api/v1/session", summary="Sign out", status=204)
async def sign_out(request: Request) -> Response:
    await end_session(request)
    response = Response(status_code=204)
    response.delete_cookie(STAFF_COOKIE, path="/")
    return response


@endpoint(
    "GET",
    "/api/v1/me",
    summary="Read who is asking, by cookie or token",
    reply=Me,
    refusals=("sign_in_required", "token_invalid"),
)
async def me(request: Request) -> Me | Refusal:
    found = await request.app.state.services.principals.principal(request)
    if found is None:
        return Refusal("sign_in_required")
    return found if isinstance(found, Refusal) else _me(found)


@endpoint("GET", "/api/v1/members", summary="List who works here", reply=Members, scope="staff:read")
async def list_members(request: Request) -> Members:
    async with _tenant(request) as connection:
        return Members([Member(**dict(row)) for row in await connection.fetch(_SQL["members"])])


@endpoint(
    "POST",
    "/api/v1/members",
    summary="Let somebody work here",
    body=NewMember,
    reply=Members,
    status=201,
    scope="staff:write",
    refusals=("member_exists", "password_short"),
)
async def add_member(request: Request, body: NewMember) -> Members | Refusal:
    if body.password is not None and len(body.password) < PASSWORD_MIN:
        return Refusal("password_short", field="/password")
    hashed = "" if body.password is None else await Passwords().hash(body.password)
    async with _tenant(request) as connection:
        # Somebody known keeps their name and password: being invited must not be a way to take an account over.
        user_id = await connection.fetchval(_SQL["ensure_user"], body.email, body.name, hashed, False)
        if await connection.fetchval(_SQL["add_member"], user_id, body.role) is None:
            return Refusal("member_exists", field="/email")
        await audit.record(connection, _who(request), "member.added", f"user:{user_id}", role=body.role)
        return Members([Member(**dict(row)) for row in await connection.fetch(_SQL["members"])])


@endpoint(
    "PATCH",
    "/api/v1/members/{user}",
    summary="Change somebody's role",
    body=RoleChange,
    status=204,
    scope="staff:write",
    refusals=("member_unknown", "last_owner"),
)
async def change_role(request: Request, body: RoleChange) -> Response | Refusal:
    user_id = _number(request, "user")
    async with _tenant(request) as connection:
        owners = [row["user_id"] for row in await connection.fetch(_SQL["lock_owners"])]
        if owners == [user_id] and body.role != "owner":
            return Refusal("last_owner")
        if await connection.fetchval(_SQL["change_role"], user_id, body.role) is None:
            return Refusal("member_unknown")
        await audit.record(connection, _who(request), "member.changed", f"user:{user_id}", role=body.role)
    forget(request.app.state.services)
    return Response(status_code=204)


@endpoint(
    "DELETE",
    "/api/v1/members/{user}",
    summary="End somebody's work here",
    status=204,
    scope="staff:write",
    refusals=("member_unknown", "last_owner"),
)
async def remove_member(request: Request) -> Response | Refusal:
    user_id = _number(request, "user")
    async with _tenant(request) as connection:
        owners = [row["user_id"] for row in await connection.fetch(_SQL["lock_owners"])]
        if owners == [user_id]:
            return Refusal("last_owner")
        if await connection.fetchval(_SQL["remove_member"], user_id) is None:
            return Refusal("member_unknown")
        await audit.record(connection, _who(request), "member.removed", f"user:{user_id}")
    forget(request.app.state.services)
    return Response(status_code=204)


@endpoint("GET", "/api/v1/tokens", summary="List API tokens", reply=Tokens, scope="tokens:write")
async def list_tokens(request: Request) -> Tokens:
    async with _tenant(request) as connection:
        rows = await connection.fetch(_SQL["tokens"])
    return Tokens([Token(**dict(row)) for row in rows])


@endpoint(
    "POST",
    "/api/v1/tokens",
    summary="Make an API token",
    body=NewToken,
    reply=MadeToken,
    status=201,
    scope="tokens:write",
    refusals=("scope_unknown",),
)
async def make_token(request: Request, body: NewToken) -> MadeToken | Refusal:
    who = _who(request)
    scopes = sorted(set(body.scopes))
    if foreign := [scope for scope in scopes if not who.may(scope) or scope not in SCOPES]:
        return Refusal("scope_unknown", {"scopes": foreign}, field="/scopes")
    token = new_token()
    expires = None if body.expires_at_ms is None else datetime.fromtimestamp(body.expires_at_ms / 1000, UTC)
    async with _tenant(request) as connection:
        row = await connection.fetchrow(
            _SQL["insert_token"], body.name, digest(token), token[-4:], scopes, who.user_id, expires
        )
        assert row is not None
        await audit.record(connection, who, "token.created", f"token:{row['id']}", scopes=scopes)
    return MadeToken(row["id"], token, scopes)


@endpoint(
    "DELETE",
    "/api/v1/tokens/{token}",
    summary="Revoke an API token",
    status=204,
    scope="tokens:write",
    refusals=("token_unknown",),
)
async def revoke_token(request: Request) -> Response | Refusal:
    token_id = _number(request, "token")
    async with _tenant(request) as connection:
        if await connection.fetchval(_SQL["revoke_token"], token_id) is None:
            return Refusal("token_unknown")
        await audit.record(connection, _who(request), "token.revoked", f"token:{token_id}")
    forget(request.app.state.services)
    return Response(status_code=204)


@endpoint(
    "GET",
    "/api/v1/audit",
    summary="Read who changed money, stock, people and prices",
    query=AuditFilter,
    reply=AuditPage,
    scope="audit:read",
)
async def read_audit(request: Request) -> AuditPage | Refusal:
    wanted = query(request, AuditFilter)
    if isinstance(wanted, Refusal):
        return wanted
    async with _tenant(request) as connection:
        rows = await connection.fetch(_SQL["audit_page"], wanted.cursor, wanted.subject, wanted.limit + 1)
    entries = [
        AuditEntry(row["id"], row["at"], row["actor"], row["deed"], row["subject"], msgspec.json.decode(row["details"]))
        for row in rows[: wanted.limit]
    ]
    return AuditPage(entries, entries[-1].id if len(rows) > wanted.limit else None)


routes = [
    sign_in, sign_out, me, list_members, add_member, change_role, remove_member, list_tokens, make_token, revoke_token,
    read_audit,
]  # fmt: skip


def _who(request: Request) -> Principal:
    who: Principal = request.state.principal
    return who


def _tenant(request: Request) -> Any:
    return request.app.state.services.database.tenant(_who(request).org_id)


def _me(who: Principal) -> Me:
    return Me(who.name, who.org_id, who.role, sorted(who.scopes), who.user_id, who.token_id)


def _number(request: Request, name: str) -> int:
    """Return the number in the path; 0, which nothing has, for a text that cannot be one."""
    text = str(request.path_params[name])
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
