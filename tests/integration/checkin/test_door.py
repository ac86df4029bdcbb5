"""The door against a real Postgres: every verdict, retries, undo, and races that admit exactly one."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from server.checkin.scan import ScanAnswer
from server.database import Database
from server.refusals import Refusal
from server.tickets.code import TicketCode, sign
from server.tickets.keys import WrappedKey
from server.tickets.lifecycle import AlreadyAdmitted, Voided, reinstate_tickets, suspend_tickets, void_tickets
from server.tickets.number import write_number
from tests.integration.checkin.conftest import WRAPPER, House, issue_seats
from tests.integration.ticket_scene import lay_scene
from tests.vectors import make_t1


async def test_a_good_ticket_enters_once(house: House) -> None:
    """Green with the words of the ticket; then red with the time and gate of the green."""
    first = await house.scan(house.tickets[3].code)
    assert (first.decision, first.colour, first.again) == ("admit", "green", False)
    assert first.ticket is not None
    assert (first.ticket.section, first.ticket.row, first.ticket.seat, first.ticket.holder) == (
        "Stalls",
        "1",
        "3",
        "Guest 3",
    )
    second = await house.scan(house.tickets[3].code, gate=house.scene.gates[1])
    assert (second.decision, second.colour, second.reason) == ("deny", "red", "already_inside")
    assert (second.first_ms, second.first_gate) == (first.at_ms, "North")


async def test_a_number_typed_by_hand_enters_like_the_code(house: House) -> None:
    """The printed number is read in any case; the code is then used."""
    number = write_number(house.tickets[0].ticket_id).lower()
    assert (await house.scan(number, method="typed")).decision == "admit"
    assert (await house.scan(house.tickets[0].code)).reason == "already_inside"


async def test_leaving_and_coming_back_is_told_apart_from_a_copy(house: House) -> None:
    """After an exit the ticket is used, not inside; nobody leaves who is not inside."""
    code = house.tickets[0].code
    assert (await house.scan(code, direction="exit")).reason == "not_inside"
    first = await house.scan(code)
    assert (await house.scan(code, direction="exit")).decision == "leave"
    again = await house.scan(code)
    assert (again.reason, again.first_ms) == ("already_used", first.at_ms)


async def test_a_retried_scan_gets_its_first_answer(house: House) -> None:
    """A reply lost on the way is no "already used" for the person standing there."""
    scan = house.reading(house.tickets[0].code)
    first = await house.door.scan(house.scene.org, scan, None)
    second = await house.door.scan(house.scene.org, scan, None)
    assert isinstance(first, ScanAnswer)
    assert isinstance(second, ScanAnswer)
    assert second.repeated
    assert {name: getattr(second, name) for name in ScanAnswer.__struct_fields__ if name != "repeated"} == {
        name: getattr(first, name) for name in ScanAnswer.__struct_fields__ if name != "repeated"
    }
    assert await house.owner.fetchval("select count(*) from scans") == 1


async def test_a_retried_refusal_gets_its_first_answer(house: House) -> None:
    """Refusals are stored with what they said, and repeated word for word."""
    await house.scan(house.tickets[0].code)
    scan = house.reading(house.tickets[0].code)
    first = await house.door.scan(house.scene.org, scan, None)
    second = await house.door.scan(house.scene.org, scan, None)
    assert isinstance(first, ScanAnswer)
    assert isinstance(second, ScanAnswer)
    assert (second.reason, second.first_ms, second.first_gate) == ("already_inside", first.first_ms, "North")


async def test_thirty_two_retries_at_once_are_one_scan(house: House) -> None:
    """However the copies of one request overlap, one row is written and all get its answer."""
    scan = house.reading(house.tickets[0].code)
    answers = await asyncio.gather(*(house.door.scan(house.scene.org, scan, None) for _ in range(32)))
    assert {answer.decision for answer in answers if isinstance(answer, ScanAnswer)} == {"admit"}
    assert len({answer.scan for answer in answers if isinstance(answer, ScanAnswer)}) == 1
    assert await house.owner.fetchval("select count(*) from scans") == 1


async def test_a_number_of_a_device_is_used_for_one_code_only(house: House) -> None:
    """A device that counts wrongly is told so, and nobody gets another person's answer."""
    await house.scan(house.tickets[0].code, seq=7)
    assert (await house.refused(house.tickets[1].code, seq=7)).refused == "scan_key_reused"
    assert (await house.refused(house.tickets[0].code, seq=7, direction="exit")).refused == "scan_key_reused"


async def test_what_is_no_ticket_of_this_show_is_named(house: House) -> None:
    """Rubbish, damage, forgery, strangers' events, unknown keys and numbers: each has its own name, and is on record."""
    code = house.tickets[0].code
    stranger = TicketCode(event=house.scene.event, ticket_id=house.tickets[0].ticket_id, generation=0)
    expected = {
        "https://example.org": "code_unreadable",
        code.replace("T1.", "T2."): "code_unknown_format",
        code[:-2]: "code_damaged",
        sign(TicketCode(event=house.scene.event + 1, ticket_id=1, generation=0), make_t1.SIGNING): "code_wrong_event",
        sign(stranger, make_t1.SIGNING): "code_forged",
        sign(
            TicketCode(event=house.scene.event, ticket_id=1, generation=0, kid=9), make_t1.SIGNING
        ): "code_unknown_key",
        write_number(5): "ticket_unknown",
    }
    for text, reason in expected.items():
        answer = await house.scan(text)
        assert (answer.decision, answer.reason, answer.ticket) == ("deny", reason, None)
    stored = await house.owner.fetch("select reason from scans where ticket_id is null order by id")
    assert [row["reason"] for row in stored] == list(expected.values())


async def test_a_genuine_code_without_its_ticket_is_unknown(house: House) -> None:
    """A good signature is not enough: the ticket must exist."""
    key = await house.owner.fetchrow("select kid, public_key, wrapped_key from ticket_keys")
    assert key is not None
    private = WRAPPER.unwrap(WrappedKey(house.scene.event, key["kid"], key["public_key"], key["wrapped_key"]))
    code = sign(TicketCode(event=house.scene.event, ticket_id=12345, generation=0), private)
    assert (await house.scan(code)).reason == "ticket_unknown"


async def test_another_date_of_the_event_is_the_wrong_show(house: House) -> None:
    """The code is genuine and the ticket alive, but not for tonight."""
    answer = await house.scan(house.tickets[0].code, show=house.scene.other_show)
    assert answer.reason == "wrong_show"
    assert answer.ticket is not None
    assert answer.ticket.show == house.scene.show


async def test_void_and_suspended_tickets_stay_outside(house: House) -> None:
    """Refunded is red, disputed is amber, and a dispute that ended lets the holder in again."""
    async with house.database.tenant(house.scene.org) as connection:
        await suspend_tickets(connection, 1)
    answer = await house.scan(house.tickets[0].code)
    assert (answer.reason, answer.colour) == ("ticket_suspended", "amber")
    async with house.database.tenant(house.scene.org) as connection:
        assert len(await reinstate_tickets(connection, 1)) == 16
    assert (await house.scan(house.tickets[0].code)).decision == "admit"
    async with house.database.tenant(house.scene.org) as connection:
        assert await void_tickets(connection, 1) == AlreadyAdmitted((house.tickets[0].ticket_id,))
        assert isinstance(await void_tickets(connection, 1, even_admitted=True), Voided)
    answer = await house.scan(house.tickets[1].code)
    assert (answer.reason, answer.colour) == ("ticket_void", "red")


async def test_a_code_of_an_earlier_generation_is_superseded(house: House) -> None:
    """After a re-issue the old code says that somebody holds a newer one."""
    await house.owner.execute("update tickets set generation = 1 where ticket_id = $1", house.tickets[0].ticket_id)
    assert (await house.scan(house.tickets[0].code)).reason == "ticket_superseded"


async def test_a_key_that_was_given_up_is_not_believed(house: House) -> None:
    """Codes under it are sent back to be opened again."""
    await house.owner.execute("update ticket_keys set status = 'given_up'")
    assert (await house.scan(house.tickets[0].code)).reason == "code_key_retired"


async def test_a_gate_for_others_sends_to_the_right_one(house: House) -> None:
    """A gate with classes admits those alone."""
    await house.owner.execute("update gates set classes = '{4}' where id = $1", house.scene.gates[0])
    assert (await house.scan(house.tickets[0].code)).reason == "wrong_gate"
    assert (await house.scan(house.tickets[0].code, gate=house.scene.gates[1])).decision == "admit"


async def test_strange_devices_gates_and_shows_are_refused_without_a_verdict(house: House) -> None:
    """Nothing is recorded under a device, gate or show that is not this organisation's."""
    code = house.tickets[0].code
    assert (await house.refused(code, show=999_999)).refused == "show_unknown"
    assert (await house.refused(code, gate=999_999)).refused == "gate_unknown"
    assert (await house.refused(code, device=999_999)).refused == "device_unknown"
    await house.owner.execute("update devices set revoked_at = now()")
    assert (await house.refused(code)).refused == "device_revoked"
    assert await house.owner.fetchval("select count(*) from scans") == 0


async def test_another_organisation_sees_no_ticket(house: House, database: Database) -> None:
    """A neighbour's staff cannot admit, nor learn anything about, a ticket that is not theirs."""
    other = await lay_scene(house.owner, "neighbour", first_order=1000)
    scan = house.reading(house.tickets[0].code, device=other.device, show=other.show, gate=other.gates[0])
    answer = await house.door.scan(other.org, scan, None)
    assert isinstance(answer, ScanAnswer)
    assert (answer.reason, answer.ticket) == ("code_wrong_event", None)
    number = house.reading(
        write_number(house.tickets[0].ticket_id), device=other.device, show=other.show, gate=other.gates[0]
    )
    answer = await house.door.scan(other.org, number, None)
    assert isinstance(answer, ScanAnswer)
    assert (answer.reason, answer.ticket) == ("ticket_unknown", None)


async def test_an_undone_admission_can_be_repeated(house: House) -> None:
    """Undo takes back the last thing only, once, and the ticket is as it was."""
    admitted = await house.scan(house.tickets[0].code)
    undone = await house.door.undo(house.scene.org, admitted.scan, house.scene.device, 1000, None)
    assert isinstance(undone, ScanAnswer)
    assert undone.decision == "undo"
    repeated = await house.door.undo(house.scene.org, admitted.scan, house.scene.device, 1000, None)
    assert isinstance(repeated, ScanAnswer)
    assert (repeated.scan, repeated.repeated) == (undone.scan, True)
    assert await house.door.undo(house.scene.org, admitted.scan, house.scene.device, 1001, None) == Refusal(
        "scan_not_undoable"
    )
    assert (await house.scan(house.tickets[0].code)).again is False


async def test_undoing_an_exit_puts_the_holder_back_inside(house: House) -> None:
    """The first admission stays the one that is named."""
    entered = await house.scan(house.tickets[0].code)
    left = await house.scan(house.tickets[0].code, direction="exit")
    assert await house.door.undo(house.scene.org, entered.scan, house.scene.device, 1000, None) == Refusal(
        "scan_not_undoable"
    )
    await house.door.undo(house.scene.org, left.scan, house.scene.device, 1001, None)
    answer = await house.scan(house.tickets[0].code)
    assert (answer.reason, answer.first_ms) == ("already_inside", entered.at_ms)


async def race(house: House, code: str) -> list[ScanAnswer]:
    return await asyncio.gather(*(house.scan(code, gate=house.scene.gates[turn % 2]) for turn in range(32)))


@pytest.mark.longer
@pytest.mark.timeout(900)
async def test_thirty_two_scanners_admit_one(house: House, request: pytest.FixtureRequest) -> None:
    """Round after round exactly one says yes, and every other names the winner's time and gate."""
    rounds = 1_000 if request.config.getoption("--long") else len(house.tickets)
    for turn in range(rounds):
        if turn >= len(house.tickets):
            (ticket,) = await issue_seats(house.database, house.scene, order=2, seats=range(100 + turn, 101 + turn))
        else:
            ticket = house.tickets[turn]
        answers = await race(house, ticket.code)
        (winner,) = [answer for answer in answers if answer.decision == "admit"]
        gates = dict(zip(house.scene.gates, ("North", "South"), strict=True))
        won_at = await house.owner.fetchval("select gate_id from scans where id = $1", winner.scan)
        for loser in answers:
            if loser is not winner:
                assert (loser.reason, loser.first_ms, loser.first_gate) == (
                    "already_inside",
                    winner.at_ms,
                    gates[won_at],
                )


async def test_without_the_lock_several_are_admitted(house: House) -> None:
    """Negative control: take the row lock out of the function and the race above is lost."""
    body = await house.owner.fetchval("select pg_get_functiondef('lock_ticket'::regproc)")
    assert " for update" in body
    await house.owner.execute(body.replace(" for update", ""))
    admitted = 0
    for ticket in house.tickets:
        admitted += sum(answer.decision == "admit" for answer in await race(house, ticket.code))
    assert admitted > len(house.tickets)


async def test_a_refund_and_a_scan_cannot_both_win(house: House) -> None:
    """Whichever locks the ticket first decides: admitted and not voided, or voided and not admitted."""
    for ticket in house.tickets:

        async def refund(line: int = ticket.line_id) -> Voided | AlreadyAdmitted:
            async with house.database.tenant(house.scene.org) as connection:
                return await void_tickets(connection, 1, [line])

        voided, scanned = await asyncio.gather(refund(), house.scan(ticket.code))
        assert isinstance(voided, Voided) == (scanned.reason == "ticket_void")
        assert isinstance(voided, AlreadyAdmitted) == (scanned.decision == "admit")


async def test_scans_cannot_be_changed_by_the_application(house: House) -> None:
    """What was recorded stays, whatever a bug or an intruder in the server tries."""
    await house.scan(house.tickets[0].code)
    for statement in ("update scans set decision = 'deny'", "delete from scans", "delete from presence"):
        async with house.database.tenant(house.scene.org) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
            await connection.execute("rollback")


async def test_presence_can_be_recomputed_from_the_scans(house: House) -> None:
    """What the door remembers is what its records say: admissions less undos, and whether the last move was inward."""
    first = await house.scan(house.tickets[0].code)
    await house.scan(house.tickets[0].code, direction="exit")
    undone = await house.scan(house.tickets[1].code)
    await house.door.undo(house.scene.org, undone.scan, house.scene.device, 1000, None)
    await house.scan(house.tickets[2].code)
    rows = await house.owner.fetch(
        """
        with standing as (
          select s.* from scans s where s.decision in ('admit', 'leave')
             and not exists (select from scans u where u.undoes_scan_id = s.id))
        select p.ticket_id from presence p
         where p.entries <> (select count(*) from standing s where s.ticket_id = p.ticket_id and s.decision = 'admit')
            or p.inside <> coalesce((select s.decision = 'admit' from standing s where s.ticket_id = p.ticket_id
                                      order by s.id desc limit 1), false)
        """
    )
    assert rows == []
    assert (
        await house.owner.fetchval(
            "select first_scan_id from presence where ticket_id = $1", house.tickets[0].ticket_id
        )
        == first.scan
    )
