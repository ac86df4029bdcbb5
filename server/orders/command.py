"""`frontrow refund REF`: give an order's money back, void its tickets and free its seats."""

from __future__ import annotations

import argparse
import asyncio
import sys

from server.orders.desk import Desk, desk_of
from server.orders.reading import Found
from server.orders.references import read_ref
from server.orders.refund import RefundPromised, refund_order
from server.refusals import REFUSALS, Refusal


def main(arguments: list[str]) -> int:
    """Refund one order; exit code 1 when that is refused. The workers carry it out."""
    parser = argparse.ArgumentParser(prog="frontrow refund", description=__doc__)
    parser.add_argument("ref", help="the order's reference, such as 7K3QM2XPA9")
    parser.add_argument("--keep-tickets", action="store_true", help="give the money back and let the tickets stand")
    parser.add_argument("--even-admitted", action="store_true", help="void tickets somebody entered with, too")
    parser.add_argument("--note", default="", help="why, for the record")
    return asyncio.run(_main(parser.parse_args(arguments)))


async def _main(options: argparse.Namespace) -> int:
    from server.app import open_services  # only the command composes
    from server.settings import read
    from server.supervisor.attach import attached

    async with open_services(attached(read()), "refund") as services:
        answer = await refund_by_ref(
            desk_of(services),
            options.ref,
            cancel=not options.keep_tickets,
            even_admitted=options.even_admitted,
            note=options.note,
        )
    if isinstance(answer, Refusal):
        print(f"refused ({answer.code}): {REFUSALS[answer.code].title}", file=sys.stderr)
        return 1
    print(f"{answer.amount} {answer.currency} (minor units) on their way back")
    return 0


async def refund_by_ref(
    desk: Desk, ref: str, *, cancel: bool, even_admitted: bool, note: str
) -> RefundPromised | Refusal:
    """Refund the order of a reference as typed, whichever organisation it belongs to."""
    found = await _find(desk, ref)
    if found is None:
        return Refusal("order_unknown")
    return await refund_order(desk, found.org_id, found.order_id, cancel=cancel, even_admitted=even_admitted, note=note)


async def _find(desk: Desk, text: str) -> Found | None:
    ref = read_ref(text)
    if ref is None:
        return None
    async with desk.database.installation() as connection:
        row = await connection.fetchrow("select org_id, order_id from owner_of_order($1)", ref)
    return None if row is None else Found(row["org_id"], row["order_id"], ref)
