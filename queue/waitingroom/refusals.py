"""Every stable refusal code of the line, each with the sentence an engineer needs. Callers map them to people's words."""

from typing import Final

REFUSALS: Final = {
    "room_unknown": "The store knows no such room: never opened, or lost; open it again.",
    "room_not_open": "The lobby opens later.",
    "room_draining": "Nobody joins any more; who waits is still served.",
    "room_closed": "The room is closed.",
    "room_full": "The room has as many places as it may have.",
    "room_paused": "The organiser paused the room: places, turns and visits stay, nobody is called or let in.",
    "phase_not_reachable": "The room cannot go from its present phase to that one.",
    "draw_announced": "The lobby is open and its closing second announced: it may be put off, not brought forward.",
    "lobby_open": "The lobby is not closed yet: there is nothing to draw or read.",
    "lobby_differs": "The draw does not place exactly the lobby's indices.",
    "already_drawn": "Another draw is in force.",
    "fenced": "Another leader has taken over; stop moving this line.",
    "place_unknown": "Nobody was ever given that index.",
    "place_superseded": "The identity has a newer place; this one no longer counts.",
    "not_called": "The turn has not come.",
    "lapsed": "The turn came and passed, and so did the re-entry; joining again takes a place at the end.",
    "left": "The place was given up; joining again takes a place at the end.",
    "full": "As many visits as the cap allows: you are next, keep the place and ask again.",
    "busy": "As many admissions in this minute as the rate allows: you are next, keep the place and ask again.",
    "holder_differs": "The place was claimed by another browser; only that one can use it.",
    "visit_over": "The visit this place gave has ended; joining again takes a place at the end.",
}

# When asking again may help. A full room is asked every second at most: visits last minutes.
RETRY_AFTER_MS: Final = {"full": 1_000, "busy": 500, "room_paused": 2_000}
