"""API tokens and people: what each may do, and that nobody gives away more than they have."""

from __future__ import annotations

import asyncio
import time

import pytest

from server.accounts.principals import TRUST_S
from server.accounts.roles import ROLES, SCOPES, scopes_of
from tests.integration.installation import PASSWORD, Installation


@pytest.fixture
async def org_id(server: Installation) -> int:
    return await server.organisation("harbour")


async def test_a_token_does_what_its_scopes_say_until_it_is_revoked(server: Installation, org_id: int) -> None:
    """A token works at once, only within its scopes, and not after it was revoked."""
    owner = await server.signed_in(org_id, "owner")
    made = (await owner.post("/api/v1/tokens", json={"name": "kiosk", "scopes": ["staff:read"]})).json()
    program = server.client(token=made["token"])
    assert (await program.get("/api/v1/members")).status_code == 200
    refused = await program.get("/api/v1/tokens")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    listed = (await owner.get("/api/v1/tokens")).json()["tokens"]
    assert [token["ending"] for token in listed] == [made["token"][-4:]]
    assert made["token"] not in str(listed)
    assert (await owner.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204
    gone = await program.get("/api/v1/members")
    assert (gone.status_code, gone.json()["code"]) == (401, "token_invalid")


async def test_an_expired_token_is_invalid(server: Installation, org_id: int) -> None:
    """A token whose time is over is refused."""
    owner = await server.signed_in(org_id, "owner")
    body = {"name": "old", "scopes": ["staff:read"], "expires_at_ms": int(time.time() * 1000) - 1}
    made = (await owner.post("/api/v1/tokens", json=body)).json()
    assert (await server.client(token=made["token"]).get("/api/v1/members")).json()["code"] == "token_invalid"


async def test_nobody_makes_a_token_stronger_than_themselves(server: Installation, org_id: int) -> None:
    """A program that may only make tokens cannot give one the right to change prices."""
    owner = await server.signed_in(org_id, "owner")
    made = (await owner.post("/api/v1/tokens", json={"name": "maker", "scopes": ["tokens:write"]})).json()
    maker = server.client(token=made["token"])
    refused = await maker.post("/api/v1/tokens", json={"name": "strong", "scopes": ["prices:write"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "scope_unknown")
    unknown = await owner.post("/api/v1/tokens", json={"name": "odd", "scopes": ["everything:write"]})
    assert unknown.json()["code"] == "scope_unknown"


async def test_inviting_somebody_known_does_not_change_their_password(server: Installation, org_id: int) -> None:
    """An owner elsewhere adds a known person: they keep their password, and the owner's chosen one does not work."""
    await server.staff(org_id, "ada@harbour.example", "owner")
    other = await server.signed_in(await server.organisation("meadow"), "owner")
    body = {"email": "ada@harbour.example", "name": "Eve", "role": "viewer", "password": "taken over now"}
    assert (await other.post("/api/v1/members", json=body)).status_code == 201
    client = server.client()
    stolen = await client.post("/api/v1/session", json={"email": body["email"], "password": body["password"]})
    assert stolen.status_code == 401
    assert (
        await client.post("/api/v1/session", json={"email": body["email"], "password": PASSWORD})
    ).status_code == 200
    assert (await client.get("/api/v1/me")).json()["name"] == "ada"


async def test_an_organisation_keeps_an_owner(server: Installation, org_id: int) -> None:
    """The last owner can neither leave nor step down, also when two owners remove each other at once."""
    first = await server.signed_in(org_id, "owner", email="first@harbour.example")
    numbers = {m["email"]: m["user_id"] for m in (await first.get("/api/v1/members")).json()["members"]}
    mine = numbers["first@harbour.example"]
    assert (await first.delete(f"/api/v1/members/{mine}")).json()["code"] == "last_owner"
    assert (await first.patch(f"/api/v1/members/{mine}", json={"role": "viewer"})).json()["code"] == "last_owner"
    second = await server.signed_in(org_id, "owner", email="second@harbour.example")
    numbers = {m["email"]: m["user_id"] for m in (await first.get("/api/v1/members")).json()["members"]}
    answers = await asyncio.gather(
        first.delete(f"/api/v1/members/{numbers['second@harbour.example']}"),
        second.delete(f"/api/v1/members/{numbers['first@harbour.example']}"),
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_a_removed_member_can_do_nothing_here(server: Installation, org_id: int) -> None:
    """Removal takes effect at once where it happened, and within five seconds elsewhere."""
    owner = await server.signed_in(org_id, "owner")
    manager = await server.signed_in(org_id, "manager")
    me = (await manager.get("/api/v1/me")).json()
    assert (await owner.delete(f"/api/v1/members/{me['user_id']}")).status_code == 204
    assert (await manager.get("/api/v1/members")).status_code == 403
    assert TRUST_S <= 5


async def test_what_staff_did_is_on_record(server: Installation, org_id: int) -> None:
    """The audit log names the deed, the subject and who did it; it cannot be changed by the application."""
    owner = await server.signed_in(org_id, "owner")
    made = (await owner.post("/api/v1/tokens", json={"name": "kiosk", "scopes": ["staff:read"]})).json()
    entries = (await owner.get("/api/v1/audit")).json()["entries"]
    assert [(e["deed"], e["subject"], e["actor"]) for e in entries] == [
        ("token.created", f"token:{made['id']}", "owner")
    ]
    assert made["token"] not in str(entries)
    async with server.services.database.tenant(org_id) as connection:
        for privilege in ("update", "delete"):
            assert not await connection.fetchval("select has_table_privilege('audit_log', $1)", privilege)


def test_roles_grant_known_scopes_and_grow_with_responsibility() -> None:
    """Each role's scopes exist; viewer ⊂ box office ⊂ manager ⊂ owner; door staff see no money."""
    viewer, box_office, manager, owner = (scopes_of(role) for role in ("viewer", "box_office", "manager", "owner"))
    assert viewer < box_office < manager < owner == frozenset(SCOPES)
    assert not {"orders:read", "sales:read"} & scopes_of("door")
    assert scopes_of(None) == frozenset()
    assert {role for role in ROLES if "tokens:write" in scopes_of(role)} == {"owner"}
