"""The gateway addressed directly, past the room's page: holding needs a pass, and the pass its holder."""

from __future__ import annotations

from loadtests.attackers.report import Report
from loadtests.attackers.target import Person, Target, held
from loadtests.crowd.room import HolderKey


async def go_around(target: Target) -> Report:
    """Hold seats without a pass, with a place but no turn, with another's pass, with another's key."""
    report = Report("direct gateway access")
    outsider = await target.person()
    report.add("a fresh session", held(await outsider.hold(0)), "pass_required")
    report.add("any seats, best available", held(await _best(outsider)), "pass_required")
    report.add("with a key of one's own", held(await outsider.hold(0, holder=HolderKey())), "pass_required")
    (waiting,) = await target.people(1)
    report.add("with a place that was not claimed", held(await waiting.hold(0, holder=waiting.key)), "pass_required")

    (inside,) = await target.called()
    assert (await inside.claim()).is_success
    stolen = await outsider.hold(0, session=inside.session)
    report.add("with the session of somebody inside", held(stolen), "pass_unproven", gained=stolen["t"] == "held")
    keyed = await outsider.hold(0, session=inside.session, holder=outsider.key)
    report.add("and a key of one's own", held(keyed), "pass_unproven", gained=keyed["t"] == "held")
    own = await inside.hold(0, holder=inside.key)
    report.add("the one inside, with their key", held(own), "", gained=own["t"] != "held")
    await inside.leave()
    after = await inside.hold(1, holder=inside.key)
    report.add("the one inside, after leaving", held(after), "pass_required", gained=after["t"] == "held")
    await waiting.leave()
    return report


async def _best(person: Person) -> dict[str, object]:
    async with person.socket() as socket:
        return await socket.command("best", types=[[person.target.type_id, 2]])
