"""Every metric of the gateway, in one place. Units are in the names; labels have few values."""

from prometheus_client import Counter, Gauge, Histogram

SOCKETS = Gauge("frontrow_live_sockets", "Open sockets.")
REFUSED_SOCKETS = Counter("frontrow_live_refused_sockets", "Sockets refused because there are too many.")
CLOSED = Counter("frontrow_live_closed", "Closed sockets by close code.", ["code"])
STRIKES = Counter("frontrow_live_strikes", "Messages that could not be understood.", ["code"])
RATE_LIMITED = Counter("frontrow_live_rate_limited", "Messages beyond a rate.")
COMMANDS = Counter(
    "frontrow_live_commands", "Commands by kind and outcome (held, released or the refusal code).", ["kind", "outcome"]
)
COMMAND_SECONDS = Histogram(
    "frontrow_live_command_seconds",
    "Time from a command to its answer.",
    ["kind"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
SHOWS = Gauge("frontrow_live_shows", "Shows that somebody watches here.")
TICK_SECONDS = Histogram(
    "frontrow_live_tick_seconds",
    "Time to encode and write the frames of one tick.",
    buckets=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1),
)
FRAMES = Counter("frontrow_live_frames", "Frames made.")
DELIVERED = Counter("frontrow_live_delivered", "Frames written, one per socket.")
SLOW_READERS = Counter("frontrow_live_slow_readers", "Sockets closed because they read too slowly.")
RESYNCS = Counter("frontrow_live_resyncs", "Times a show was read afresh, by reason.", ["reason"])
FEED_ENTRIES = Counter("frontrow_live_feed_entries", "Changes read from the store.")
FEED_FAULTS = Counter("frontrow_live_feed_faults", "Times the store did not answer the feed reader.")
WAITING = Gauge("frontrow_live_waiting", "Sockets that wait in a room.")
LINE_SECONDS = Histogram(
    "frontrow_live_line_seconds",
    "Time to write one frame of a waiting room to those for whom it is time.",
    buckets=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1),
)
LINE_LOAD = Gauge(
    "frontrow_live_line_load", "How much less often than usual those far away in line are told; 1 as usual."
)
LINE_DELIVERED = Counter("frontrow_live_line_delivered", "Frames of waiting rooms written, one per socket.")
