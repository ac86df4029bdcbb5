"""The refusals of the whole product: one stable code each, and what it means in HTTP.

A refusal is an expected "no". Browsers and programs switch on the code, never on the text; the text a person reads comes from
the message catalogue under `refusal.<code>`. Codes are never renamed and never reused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RefusalKind:
    """What a code means: its HTTP status, one English sentence that says what to do, and when trying again may help."""

    status: int
    title: str
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One "no". *field* names the input at fault (a JSON pointer); *params* are facts for the reader (seats, limits)."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)
    field: str | None = None

    def __post_init__(self) -> None:
        assert self.code in REFUSALS, f"{self.code} is not in the catalogue of refusals"


_K = RefusalKind

REFUSALS: dict[str, RefusalKind] = {
    # requests
    "bad_request": _K(400, "The request could not be read."),
    "json_malformed": _K(400, "The body is not JSON (UTF-8)."),
    "json_too_deep": _K(400, "The body is nested too deeply."),
    "field_invalid": _K(422, "A field has a value it cannot have."),
    "body_too_large": _K(413, "The body is larger than this operation takes."),
    "content_type_unsupported": _K(415, "Send application/json."),
    "not_found": _K(404, "There is nothing at this address."),
    "method_not_allowed": _K(405, "This address does not know that method."),
    "origin_refused": _K(403, "The request came from another site."),
    "rate_limited": _K(429, "Too many requests. Wait a moment.", 1000),
    "idempotency_key_missing": _K(400, "Send an Idempotency-Key header, so that a retry cannot buy twice."),
    "idempotency_key_reused": _K(409, "This Idempotency-Key was used for a different request."),
    "request_in_progress": _K(409, "The same request is being carried out right now.", 500),
    "unavailable": _K(503, "This is not available right now. Nothing was lost; try again in a moment.", 2000),
    "internal": _K(500, "Something broke on our side. Nothing was charged by this request."),
    # people
    "sign_in_required": _K(401, "Sign in first."),
    "sign_in_failed": _K(401, "E-mail or password is wrong."),
    "token_invalid": _K(401, "The token is unknown, expired or revoked."),
    "not_allowed": _K(403, "Your role does not include this."),
    "session_missing": _K(401, "Open the page first: there is no session to hold seats for."),
    "session_expired": _K(401, "Your session has expired. Open the page again."),
    # seats
    "show_unknown": _K(404, "There is no such show on sale."),
    "seat_unknown": _K(422, "There is no such seat."),
    "seat_taken": _K(409, "Somebody else was faster."),
    "seat_off_sale": _K(409, "This seat is not on sale."),
    "seat_reserved_accessible": _K(409, "These places are kept for people who need them."),
    "area_unknown": _K(422, "There is no such area."),
    "area_full": _K(409, "There are not that many places left in this area."),
    "quota_full": _K(409, "There are not that many tickets of this type left."),
    "too_many_seats": _K(409, "That is more than one person may hold."),
    "empty_hold": _K(422, "Choose at least one seat."),
    "duplicate_seat": _K(422, "A seat is named twice."),
    "stranded_single": _K(409, "This would leave a single seat nobody can use."),
    "no_seats_together": _K(409, "There are not that many seats left together."),
    "type_not_sold": _K(422, "This ticket type is not sold for this seat."),
    "sale_not_open": _K(409, "The sale has not opened yet."),
    "sale_closed": _K(409, "The sale is over."),
    "sale_paused": _K(409, "The organiser has paused the sale. Your seats are safe.", 5000),
    "hold_gone": _K(409, "The time for these seats ran out."),
    "hold_paying": _K(409, "These seats are being paid for right now."),
    "hold_not_yours": _K(403, "These seats are held by somebody else."),
    "already_extended": _K(409, "The time was extended once already."),
    # orders
    "terms_not_accepted": _K(422, "The terms must be accepted to buy."),
    "amount_changed": _K(409, "The price is not the one you were shown. Look at it again; nothing was bought."),
    "currency_changed": _K(409, "The show is not sold in that currency."),
    "per_person_limit": _K(409, "That is more than one person may buy for this show."),
    "attendee_unknown": _K(422, "An attendee is named for a place that is not held."),
    "order_unknown": _K(404, "There is no such order, or it is not yours."),
    "order_not_payable": _K(409, "This order can not be paid any more."),
    "order_not_refundable": _K(409, "There is nothing left to give back on this order."),
    "tickets_used": _K(409, "Somebody entered with a ticket of this order. Refund without cancelling, or not at all."),
    "payment_in_doubt": _K(
        409, "The payment provider has not said yet what became of the payment. Do not pay again.", 2000
    ),
    "payment_refused": _K(409, "The payment provider will not take this amount."),
    "webhook_unsigned": _K(400, "The webhook carries no signature."),
    "webhook_forged": _K(400, "The webhook is not signed with our secret."),
    "webhook_stale": _K(400, "The webhook was signed too long ago."),
    "webhook_future": _K(400, "The webhook is dated in the future."),
    "webhook_not_utf8": _K(400, "The webhook is not UTF-8."),
    "webhook_malformed": _K(400, "The webhook is not an event we can read."),
    "webhook_wrong_mode": _K(400, "A test webhook reached a live endpoint, or the reverse."),
    # catalogue
    "event_unknown": _K(404, "There is no such event."),
    "slug_taken": _K(409, "Another event has this address. Choose another one."),
    "time_zone_unknown": _K(422, "There is no such time zone. Use a name such as Europe/Berlin."),
    "currency_unknown": _K(422, "There is no such currency. Use an ISO 4217 code in lower case, such as eur."),
    "currency_fixed": _K(409, "Prices exist in this event's currency, so it cannot change any more."),
    "venue_unknown": _K(422, "There is no such venue in your organisation."),
    "chart_unknown": _K(422, "There is no such chart revision in your organisation."),
    "chart_invalid": _K(422, "This plan can not be used as it is. The findings say what to repair."),
    "chart_revision_refused": _K(409, "This would change seats that people have. The findings say whose."),
    "chart_without_source": _K(409, "This chart was stored compiled only, so there is nothing to export."),
    "type_unknown": _K(422, "There is no such ticket type in this event."),
    "category_unknown": _K(422, "The show's chart has no such category."),
    "price_twice": _K(422, "A category and ticket type is priced twice."),
    "times_contradict": _K(422, "These times contradict each other: doors, start, end; sale opens, sale closes."),
    "event_not_published": _K(409, "Publish the event first."),
    "event_cancelled": _K(409, "The event is cancelled."),
    "event_empty": _K(409, "The event has no show yet."),
    "prices_missing": _K(409, "The show has no prices yet, so there is nothing to sell."),
    "sale_state": _K(409, "The sale is not in a state that allows this."),
    # waiting rooms
    "room_unknown": _K(404, "There is no such waiting room."),
    "room_slug_taken": _K(409, "Another waiting room has this address. Choose another one."),
    "room_state": _K(409, "The waiting room is not in a state that allows this."),
    "room_show_taken": _K(409, "This show is sold through another waiting room."),
    "room_show_foreign": _K(422, "A waiting room stands before shows of one event."),
    "room_times_contradict": _K(422, "These times contradict each other: the lobby opens, the draw, the room closes."),
    "room_started": _K(409, "The lobby has opened, so this cannot change any more."),
    "draw_announced": _K(409, "The second of the draw is announced: it may be put off, not brought forward."),
    "tier_unknown": _K(422, "The waiting room has no such presale tier, or its codes are signed elsewhere."),
    "place_unknown": _K(404, "You have no place in this line."),
    "pass_required": _K(403, "This show is sold through a waiting room. Take a place in its line first."),
    "place_superseded": _K(409, "You have a newer place in this line."),
    "room_not_open": _K(409, "The line has not opened yet."),
    "room_draining": _K(409, "The line takes nobody any more. Who waits is still served."),
    "room_full": _K(409, "The line is full."),
    "method_unavailable": _K(422, "This line cannot be joined like that."),
    "holder_key_invalid": _K(422, "The key is not a public key of P-256."),
    "email_invalid": _K(422, "This is not an e-mail address."),
    "email_code_wrong": _K(422, "The code is wrong or too old. Ask for a new one."),
    "access_code_invalid": _K(422, "This code opens no place in this line."),
    "nonce_invalid": _K(409, "The proof came too late. Ask for a new nonce."),
    "nonce_spent": _K(409, "This proof was used already. Ask for a new nonce."),
    "proof_invalid": _K(403, "Only the device that took the place can use it. Join again there."),
    "not_called": _K(409, "It is not your turn yet. Your place is safe.", 2000),
    "place_lapsed": _K(409, "Your turn came and passed. Joining again takes a place at the end."),
    "place_left": _K(409, "You gave this place up. Joining again takes one at the end."),
    "visit_over": _K(409, "The visit this place gave has ended. Joining again takes a place at the end."),
    "visits_full": _K(409, "You are next: somebody at the seats has to finish first. Your place is safe.", 2000),
    "visits_busy": _K(409, "You are next: others go in this minute. Your place is safe.", 2000),
    "room_paused": _K(409, "The organiser has paused the line. Your place is safe.", 5000),
    "room_closed": _K(409, "The line is closed."),
    "holder_differs": _K(403, "This place was taken up on another device."),
    "draw_pending": _K(409, "The draw has not been made yet."),
    # the bot door: what it asks for, and what becomes of a contest
    "challenge_required": _K(403, "Solve the challenge first: your browser does it by itself."),
    "challenge_invalid": _K(422, "This is not a solution of a challenge made for you. Ask for a new one."),
    "challenge_expired": _K(409, "The challenge has expired. Ask for a new one."),
    "challenge_spent": _K(409, "This solution was used before. Ask for a new challenge."),
    "challenge_dearer": _K(403, "A longer challenge is asked for now. Ask for a new one."),
    "second_step_required": _K(403, "Confirm an e-mail address to join."),
    "held_for_review": _K(403, "Somebody is looking at your place. You keep it meanwhile.", 15_000),
    "nothing_to_contest": _K(409, "Nothing was held against your place."),
    "contest_unknown": _K(404, "There is no such contest in your organisation."),
    "contest_decided": _K(409, "The contest was decided the other way."),
    # staff
    "member_exists": _K(409, "This person works here already."),
    "member_unknown": _K(404, "This person does not work here."),
    "last_owner": _K(409, "An organisation needs an owner. Name another one first."),
    "organisation_unknown": _K(404, "There is no such organisation, or you do not work there."),
    "token_unknown": _K(404, "There is no such token."),
    "scope_unknown": _K(422, "There is no such scope, or you do not have it yourself."),
    "password_short": _K(422, "A password has at least 10 characters."),
    # door: a scan's own verdicts are in server/checkin
    "ticket_unknown": _K(404, "There is no such ticket."),
    "gate_unknown": _K(422, "This venue has no such gate."),
    "gate_name_taken": _K(409, "The venue has a gate of this name already."),
    "device_unknown": _K(422, "This device is not enrolled here."),
    "device_revoked": _K(403, "This device may not scan any more."),
    "scan_unknown": _K(404, "There is no such scan."),
    "scan_not_undoable": _K(409, "Only a ticket's last admission or exit can be taken back, and only once."),
    "scan_key_reused": _K(409, "The device used this number for another scan."),
}
