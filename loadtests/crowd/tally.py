"""What the crowd saw: counts, latencies, refusals, and everything that must not happen."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

# Violations are printed one by one up to here, then only counted.
VIOLATIONS_SHOWN = 20


class Tally:
    """Filled by all buyers of one crowd."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.counts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.latencies_ms: dict[str, list[float]] = defaultdict(list)
        self.violations: list[str] = []
        self.seats_paid: dict[tuple[int, int], str] = {}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Measure one step; a step that raises is not a latency."""
        began = time.perf_counter()
        yield
        self.latencies_ms[step].append((time.perf_counter() - began) * 1000)

    def refused(self, where: str, code: str) -> None:
        """Count an expected no."""
        self.refusals[f"{where} {code}"] += 1

    def violated(self, what: str) -> None:
        """Note something that must not happen."""
        self.violations.append(what)

    def paid(self, show: int, seats: list[int], places: int, ref: str) -> None:
        """Note a paid order; a seat that two buyers paid for is the worst that can happen."""
        self.counts["orders paid"] += 1
        self.counts["places sold"] += places
        for k in seats:
            other = self.seats_paid.setdefault((show, k), ref)
            if other != ref:
                self.violated(f"seat {k} of show {show} was sold twice: orders {other} and {ref}")

    def line(self, about: int, free: int | None) -> str:
        """Summarise in one line."""
        seconds = max(time.monotonic() - self.started, 0.001)
        counts = self.counts
        parts = [
            f"{seconds:6.0f} s",
            f"{about} about",
            f"{counts['holds']} holds",
            f"{counts['orders paid']} orders ({counts['orders paid'] / seconds:.1f}/s)",
            f"{counts['places sold']} places",
            f"{counts['cards declined']} declined",
            f"{sum(self.refusals.values())} refusals",
        ]
        if free is not None:
            parts.append(f"{free} free")
        if self.violations:
            parts.append(f"{len(self.violations)} VIOLATIONS")
        return " · ".join(parts)

    def table(self) -> str:
        """Tell everything at the end."""
        lines = ["", f"{'step':<22}{'count':>8}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'max ms':>10}"]
        for step, values in self.latencies_ms.items():
            ordered = sorted(values)
            figures = "".join(f"{ordered[_rank(len(ordered), part)]:>10.1f}" for part in (0.5, 0.95, 0.99, 1.0))
            lines.append(f"{step:<22}{len(ordered):>8}{figures}")
        lines += ["", *(f"{name:<40}{count:>8}" for name, count in sorted(self.counts.items()))]
        if self.refusals:
            lines += ["", "refusals"]
            lines += [f"  {name:<38}{count:>8}" for name, count in self.refusals.most_common()]
        lines += ["", "nothing that must not happen" if not self.violations else "THIS MUST NOT HAPPEN"]
        lines += [f"  {violation}" for violation in self.violations[:VIOLATIONS_SHOWN]]
        if len(self.violations) > VIOLATIONS_SHOWN:
            lines.append(f"  … and {len(self.violations) - VIOLATIONS_SHOWN} more")
        return "\n".join(lines)


def _rank(count: int, part: float) -> int:
    return min(count - 1, int(count * part))
