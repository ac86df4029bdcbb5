"""What each role may do. A scope is `noun:read` or `noun:write`; tokens carry scopes, people carry a role that grants them."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["owner", "manager", "box_office", "door", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)

# What a scope lets its bearer do, in the words of the API documentation.
SCOPES: dict[str, str] = {
    "events:read": "See events, shows, venues and prices, drafts included",
    "events:write": "Create and change events, shows, venues, ticket types, fees and limits",
    "prices:write": "Change prices",
    "sales:read": "See what was sold and the live sale",
    "stock:write": "Put shows on sale, pause and close sales, take seats off sale",
    "charts:read": "See charts and their findings",
    "charts:write": "Import and change charts",
    "orders:read": "See orders and who bought",
    "orders:write": "Refund orders and send their tickets again",
    "tickets:read": "Look up tickets and their holders",
    "scans:read": "See who came in",
    "scans:write": "Scan tickets at the door",
    "staff:read": "See who works here",
    "staff:write": "Add and remove people and change their roles",
    "tokens:write": "Create and revoke API tokens",
    "audit:read": "See who changed what",
}

_VIEWER = frozenset({"events:read", "sales:read", "charts:read"})
_DOOR = frozenset({"events:read", "tickets:read", "scans:read", "scans:write"})
_BOX_OFFICE = _VIEWER | _DOOR | {"orders:read", "orders:write", "stock:write"}
_OWNER = frozenset(SCOPES)
_MANAGER = _OWNER - {"staff:write", "tokens:write"}

_GRANTS: dict[str, frozenset[str]] = {
    "owner": _OWNER,
    "manager": _MANAGER,
    "box_office": _BOX_OFFICE,
    "door": _DOOR,
    "viewer": _VIEWER,
}


def scopes_of(role: str | None, *, platform_admin: bool = False) -> frozenset[str]:
    """Return what *role* grants; a platform administrator may do everything, somebody without a role nothing."""
    if platform_admin:
        return _OWNER
    return _GRANTS[role] if role is not None else frozenset()
