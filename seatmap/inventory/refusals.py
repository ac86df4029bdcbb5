"""Every stable refusal code of the inventory, each with the sentence an engineer needs. Callers map them to people's words."""

from typing import Final

REFUSALS: Final = {
    "show_unknown": "The store knows no such show: never opened, or lost and to be rebuilt (see rebuild).",
    "empty_hold": "Nothing was asked for, or a quantity below one.",
    "duplicate_seat": "A seat is named twice in one request; seats lists them.",
    "too_many_seats": "More places than one order or one visitor may have; limit is the one in force.",
    "sale_not_open": "Holds open later.",
    "sale_closed": "Holds closed.",
    "sale_paused": "The organiser paused the sale; existing holds and payments go on.",
    "pass_required": "The show demands a waiting-room pass and the visitor has none.",
    "seat_unknown": "No seat of that index; seats lists them.",
    "area_unknown": "No general-admission area of that index; areas lists them.",
    "type_not_sold": "The ticket type is not sold in that category; seats and areas list where.",
    "seat_reserved_accessible": "Kept for those who need it; ask with accessible.",
    "seat_reserved": "Belongs to an allocation the request does not name.",
    "seat_taken": "Held by somebody else or sold; seats lists all unavailable ones.",
    "seat_off_sale": "Not for sale; seats lists them.",
    "area_full": "Not enough places left; areas lists which.",
    "quota_full": "A quota of the ticket type is exhausted; limit is the quota's id.",
    "hold_gone": "The hold lapsed, was released, or never was.",
    "hold_not_yours": "The hold belongs to another visitor.",
    "hold_paying": "The hold is frozen while a payment is open (another order's, where an order is named).",
    "already_extended": "A hold is extended once, and never beyond its maximal life.",
    "order_unknown": "No such order was sold here, or all of it has been given back.",
    "price_version_stale": "A newer price list is already in force; limit is its version.",
    "prices_incomplete": "A new price list must price exactly the (category, type) pairs on sale.",
    "rebuild_superseded": "Another rebuild began later and has newer facts; read again.",
    "stranded_single": "The pick would leave a single seat nobody can buy; offers shift it by one.",
}
