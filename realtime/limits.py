"""How much one socket and one address may do, and how that is counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """*per_s* on average and *burst* at once; past *burst* more below zero the sender is flooding."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that bounds a stranger. Bytes, seconds and counts; the numbers are explained in docs/messages.md."""

    message_bytes: int = 4096
    strikes: int = 3
    socket_rate: Rate = Rate(20, 40)
    address_rate: Rate = Rate(400, 2000)
    sockets_per_address: int = 2000
    sockets: int = 50_000
    commands_under_way: int = 8
    # Unread bytes at which frames are left out, at which they are taken up again, and at which even answers are too many.
    buffer_high: int = 64 * 1024
    buffer_low: int = 8 * 1024
    buffer_max: int = 256 * 1024
    slow_s: float = 15
    handshake_s: float = 10
    # A close that the other side does not answer is ended after this time.
    close_s: float = 5
    # 45 s: home routers drop idle connections after 60.
    ping_s: int = 45
    silent_pings: int = 2


class TokenBucket:
    """Count against a rate: whole again after burst / per_s seconds without use."""

    __slots__ = ("stamp", "tokens")

    def __init__(self, rate: Rate, now_s: float) -> None:
        self.tokens: float = rate.burst
        self.stamp = now_s

    def take(self, rate: Rate, now_s: float) -> float:
        """Take one token and tell what is left; below zero it was one too many, below -burst it is a flood."""
        refilled = self.tokens + (now_s - self.stamp) * rate.per_s
        self.tokens = min(refilled, rate.burst) - 1
        self.stamp = now_s
        # What was refused costs nothing further: the debt is bounded, so that waiting as told is enough.
        self.tokens = max(self.tokens, -2.0 * rate.burst)
        return self.tokens

    @staticmethod
    def wait_ms(left: float, rate: Rate) -> int:
        """Tell how long until one more is allowed."""
        return max(0, int((1 - left) / rate.per_s * 1000) + 1)
