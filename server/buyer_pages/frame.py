"""What the buyer's pages share: the organisation in the frame, privacy, words that scripts need, problems as pages."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.catalog.facts import EventFacts, ShowFacts
from server.refusals import REFUSALS, Refusal
from server.services import Services
from server.templating import clock, day, locale_of, words

# Whoever has the address has the order: no cache may keep it and no other site may learn it. `same-origin` and not
# `no-referrer`: with that a browser sends `Origin: null` with our own forms.
PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex"}


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def organisation(event: EventFacts) -> dict[str, Any]:
    """Return the frame's `org`."""
    return {"name": event.organisation.name, "url": "/", "accent": event.organisation.accent}


def when(facts: ShowFacts, locale: str) -> str:
    """Return date and time at the venue: Sat, 12 Dec 2026, 19:30."""
    starts, zone = facts.show.starts_at, facts.time_zone
    return f"{day(starts, zone, locale, 'medium')}, {clock(starts, zone, locale)}"


def heading(facts: ShowFacts) -> str:
    """Return the event's title with the show's own label."""
    return f"{facts.event.title}, {facts.show.label}" if facts.show.label else facts.event.title


def place(facts: ShowFacts) -> str:
    """Return the venue with its town."""
    return f"{facts.show.venue.name}, {facts.show.venue.city}"


def said(request: Request, refusal: Refusal) -> str:
    """Return what to tell a person about *refusal*: the catalogue's words, else the code's own sentence."""
    t = words(locale_of(request))
    key = f"refusal.{refusal.code}"
    return t(key) if t.has(key) else REFUSALS[refusal.code].title


def problem(request: Request, code: str) -> Response:
    """Return the page that says *code* in words."""
    return services_of(request).templates.page(request, "problem.html", status=REFUSALS[code].status, code=code)
