"""Every metric of orders and their effects."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

STARTED = Counter("frontrow_orders_started", "Orders begun.", ["outcome"])
SETTLED = Counter("frontrow_orders_settled", "Payments applied to orders, by what became of them.", ["outcome"])
INCIDENTS = Counter("frontrow_incidents", "Incidents opened.", ["kind"])
WEBHOOKS = Counter("frontrow_webhooks", "Webhooks received, by what became of them.", ["outcome"])
EFFECTS = Counter("frontrow_effects", "Effects carried out after a commit.", ["kind", "outcome"])
DRAIN_SECONDS = Histogram(
    "frontrow_drain_seconds", "Time of one pass over inbox and stock effects.", buckets=(0.005, 0.02, 0.1, 0.5, 2, 10)
)
WAITING = Gauge("frontrow_delivery_waiting", "Rows waiting in inbox or outbox.", ["box"])
OVERDUE = Gauge("frontrow_delivery_overdue", "Rows past the time somebody should have noticed.", ["box"])
DEAD = Gauge("frontrow_delivery_dead", "Rows given up; a person has to look at them.", ["box"])
REBUILT = Counter("frontrow_shows_rebuilt", "Shows rebuilt in Valkey from Postgres.")
