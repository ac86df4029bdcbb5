"""The addresses of an order. With the key they open from anywhere; its visitor needs none."""

from __future__ import annotations

from server.settings import Settings


def order_address(ref: str, key: str | None = None) -> str:
    """Return the path of the order's page: confirmation, tickets, what became of the money."""
    return f"/orders/{ref}" + _with(key)


def tickets_pdf_address(ref: str, key: str | None = None) -> str:
    """Return the path of all its tickets on paper."""
    return f"/orders/{ref}/tickets.pdf" + _with(key)


def ticket_address(number: str) -> str:
    """Return the path of one ticket's page; its number is the secret that opens it."""
    return f"/tickets/{number}"


def ticket_pdf_address(number: str) -> str:
    """Return the path of one ticket on paper."""
    return f"/tickets/{number}/ticket.pdf"


def calendar_address(ref: str, key: str | None = None) -> str:
    """Return the path of its calendar file."""
    return f"/orders/{ref}/calendar.ics" + _with(key)


def return_address(ref: str) -> str:
    """Return the path the provider sends the browser back to."""
    return f"/orders/{ref}/return"


def base_url(settings: Settings) -> str:
    """Return where people reach this installation, for letters."""
    return settings.public_url.rstrip("/") or f"http://localhost:{settings.port}"


def _with(key: str | None) -> str:
    return f"?key={key}" if key else ""
