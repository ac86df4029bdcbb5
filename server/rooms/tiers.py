"""Invitations to a presale tier."""

from __future__ import annotations

from server.accounts import audit
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.desk import Desk
from server.rooms.facts import SQL
from waitingroom.access_code import AccessCode, sign_code

CODES_MAX = 10_000


async def issue_codes(
    desk: Desk, who: Principal, org_id: int, room_id: int, tier: int, count: int
) -> list[str] | Refusal:
    """Make *count* codes nobody was given yet. They are kept nowhere: who loses them asks for others.

    Refusals: `room_unknown`, `tier_unknown` (also when somebody else signs that tier's codes), `field_invalid`.
    """
    if not 1 <= count <= CODES_MAX:
        return Refusal("field_invalid", {"detail": f"Expected a number from 1 to {CODES_MAX}"}, field="/count")
    facts = await desk.own(org_id, room_id)
    if isinstance(facts, Refusal):
        return facts
    async with desk.database.tenant(org_id) as connection:
        row = await connection.fetchrow(SQL["take_serials"], room_id, tier, count)
        if row is None or row["signing_seed"] is None:
            return Refusal("tier_unknown", field="/tier")
        await audit.record(connection, who, "room.codes_issued", f"room:{room_id}", tier=tier, count=count)
    first, seed = row["first_serial"], bytes(row["signing_seed"])
    return [sign_code(seed, AccessCode(room_id, tier, first + number)) for number in range(count)]
