"""What the bot door counts. Labels are classes, never people."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

CHALLENGES = Counter("frontrow_door_challenges", "Challenges handed out, by price.", ["price"])
VERDICTS = Counter("frontrow_door_verdicts", "Joins let through, by the price they paid.", ["price"])
REFUSED = Counter("frontrow_door_refused", "Attempts refused, by code.", ["code"])
ACTIONS = Counter("frontrow_door_actions", "Adverse actions, by kind and reason class.", ["action", "reason"])
SCORES_MISSING = Counter("frontrow_door_scores_missing", "Attempts scored neutral because the model did not answer.")
UNWRITTEN = Gauge("frontrow_door_actions_unwritten", "Adverse actions not yet in Postgres.")
MINTED = Gauge("frontrow_door_pool", "Challenges minted and not yet handed out.")
