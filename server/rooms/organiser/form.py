"""The set-up form: what is in its fields for settings, and what settings its fields make. Pure.

Fields are text, as a browser sends them; times are local times of the venue. `read_form` answers with settings, or with the words'
keys of what is wrong, field by field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from server.rooms.facts import Identity, RoomFacts
from server.rooms.inputs import NewTier, as_ms
from server.rooms.organiser.defaults import Proposal

IDENTITIES: tuple[Identity, ...] = ("email", "device", "code")
TIERS = 4
NAME_MAX = 120
_MOMENT = "%Y-%m-%dT%H:%M"
_MOMENT_S = "%Y-%m-%dT%H:%M:%S"
_NUMBERS = {"rate_per_min": (1, 1_000_000), "cap": (1, 1_000_000)}
# Minutes in the form, halves allowed; the settings are in seconds.
_SPANS = {"claim_window_min": (0.5, 1_440), "visit_min": (1, 1_440)}
# What a field is called in the form.
_LABELS = {
    "rate_per_min": "rate", "cap": "cap", "claim_window_min": "claim_window", "visit_min": "visit",
    "opens_lobby": "opens_lobby", "draws": "draws", "closes": "closes",
}  # fmt: skip
_MINUTES = re.compile(r"[0-9]{1,4}([.,][0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong with a field: `rooms.error.<key>` with *values* filled in, and as *what* the name of the field *label*."""

    key: str
    values: dict[str, Any]
    label: str = ""


@dataclass(frozen=True, slots=True)
class FormErrors:
    """What is wrong, by field."""

    fields: dict[str, FormError]

    def described(self, t: Callable[..., str]) -> dict[str, str]:
        """Return it in words."""
        return {field: _described(error, t) for field, error in self.fields.items()}


def _described(error: FormError, t: Callable[..., str]) -> str:
    named = {"what": t(f"rooms.form.{error.label}")} if error.label else {}
    return t(f"rooms.error.{error.key}", **error.values, **named)


Fields = dict[str, Any]


def proposed_fields(proposal: Proposal, name: str, shows: Sequence[int], zone: str, *, mail: bool) -> Fields:
    """Return the fields of a new room. *mail*: whether letters leave this installation, so that addresses can be confirmed."""
    return {
        "name": name[:NAME_MAX],
        "whole_event": False,
        "opens_lobby": _local(proposal.lobby_opens_at, zone),
        "draws": _local(proposal.draws_at, zone),
        "closes": _local(proposal.closes_at, zone),
        "rate_per_min": proposal.rate_per_min,
        "cap": proposal.cap,
        "claim_window_min": _minutes(proposal.claim_window_s),
        "visit_min": _minutes(proposal.visit_s),
        "reentries": True,
        "auto_passthrough": True,
        "identity_email": mail,
        "identity_device": True,
        "identity_code": False,
        "place": "exact",
        "fail": "closed",
        **{f"tier_{tier}": "" for tier in range(TIERS)},
        **{f"show_{show}": True for show in shows},
    }


def fields_of(facts: RoomFacts, zone: str) -> Fields:
    """Return the fields of a room that exists."""
    return {
        "name": facts.name,
        "whole_event": facts.whole_event,
        "opens_lobby": _local(_at(facts.opens_lobby_ms), zone),
        "draws": _local(_at(facts.draws_ms), zone),
        "closes": _local(_at(facts.closes_ms), zone),
        "rate_per_min": facts.rate_per_min,
        "cap": facts.cap,
        "claim_window_min": _minutes(facts.claim_window_ms / 1000),
        "visit_min": _minutes(facts.visit_ms / 1000),
        "reentries": facts.reentries > 0,
        "auto_passthrough": facts.auto_passthrough,
        **{f"identity_{kind}": kind in facts.identities for kind in IDENTITIES},
        "place": facts.place,
        "fail": "open" if facts.fail_open else "closed",
        **{f"tier_{tier}": "" if (one := facts.tier_of(tier)) is None else one.name for tier in range(TIERS)},
        **{f"show_{show}": True for show in facts.shows},
    }


def sent_fields(sent: Mapping[str, str]) -> Fields:
    """Return the fields as they were sent, to show them again beside what is wrong with them."""
    flags = ("whole_event", "reentries", "auto_passthrough", *(f"identity_{kind}" for kind in IDENTITIES))
    texts = ("name", "opens_lobby", "draws", "closes", *_NUMBERS, *_SPANS, *(f"tier_{tier}" for tier in range(TIERS)))
    return {
        **{name: sent.get(name, "") for name in texts},
        **{name: name in sent for name in flags},
        "place": sent.get("place", "exact"),
        "fail": sent.get("fail", "closed"),
        **{name: True for name in sent if name.startswith("show_")},
    }


def read_form(sent: Mapping[str, str], shows: Sequence[int], zone: str) -> Fields | FormErrors:
    """Return the arguments of `RoomSettings`, or what is wrong. *shows* are those that may be chosen, unless it is the whole event."""
    errors: dict[str, FormError] = {}
    whole = "whole_event" in sent
    chosen = () if whole else tuple(show for show in shows if f"show_{show}" in sent)
    if not whole and not chosen:
        errors["shows"] = FormError("shows", {})
    name = sent.get("name", "").strip()
    if not 0 < len(name) <= NAME_MAX:
        errors["name"] = FormError("name", {})
    moments = {field: _moment(sent, field, zone, errors) for field in ("opens_lobby", "draws", "closes")}
    lobby, draw, closes = moments["opens_lobby"], moments["draws"], moments["closes"]
    if lobby is not None and draw is not None and lobby > draw:
        errors["opens_lobby"] = FormError("opens_lobby", {})
    if draw is not None and closes is not None and draw >= closes:
        errors["closes"] = FormError("closes", {})
    numbers = {field: _number(sent, field, *_NUMBERS[field], errors) for field in _NUMBERS}
    identities = tuple(kind for kind in IDENTITIES if f"identity_{kind}" in sent)
    if not identities:
        errors["identities"] = FormError("identities", {})
    groups = {tier: text for tier in range(TIERS) if (text := sent.get(f"tier_{tier}", "").strip()[:NAME_MAX])}
    if "code" in identities and not groups:
        errors["tier_0"] = FormError("groups", {})
    spans = {field: _span(sent, field, *_SPANS[field], errors) for field in _SPANS}
    if errors:
        return FormErrors(errors)
    assert lobby is not None and draw is not None and closes is not None
    return {
        "name": name,
        "shows": chosen,
        "whole_event": whole,
        "opens_lobby_ms": as_ms(lobby),
        "draws_ms": as_ms(draw),
        "closes_ms": as_ms(closes),
        "rate_per_min": numbers["rate_per_min"],
        "cap": numbers["cap"],
        "claim_window_s": spans["claim_window_min"],
        "visit_s": spans["visit_min"],
        "reentries": int("reentries" in sent),
        "auto_passthrough": "auto_passthrough" in sent,
        "identities": identities,
        "place": "banded" if sent.get("place") == "banded" else "exact",
        "fail_open": sent.get("fail") == "open",
        "tiers": tuple(NewTier(tier, text) for tier, text in groups.items()),
    }


def untouched(sent: Mapping[str, str], facts: RoomFacts, zone: str) -> Fields:
    """Return the settings whose fields were left alone, exactly as they are: a form has no milliseconds and rounds minutes."""
    exact = {
        "opens_lobby": ("opens_lobby_ms", facts.opens_lobby_ms),
        "draws": ("draws_ms", facts.draws_ms),
        "closes": ("closes_ms", facts.closes_ms),
        "claim_window_min": ("claim_window_s", facts.claim_window_ms // 1000),
        "visit_min": ("visit_s", facts.visit_ms // 1000),
    }
    shown = fields_of(facts, zone)
    return dict(setting for field, setting in exact.items() if sent.get(field) == shown[field])


def _moment(sent: Mapping[str, str], field: str, zone: str, errors: dict[str, FormError]) -> datetime | None:
    text = sent.get(field, "")
    for shape in (_MOMENT, _MOMENT_S):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        except ValueError:
            continue
        except OverflowError:  # the year 1 or 9999, which has no UTC
            break
    errors[field] = FormError("moment", {}, _LABELS[field])
    return None


def _number(sent: Mapping[str, str], field: str, least: int, most: int, errors: dict[str, FormError]) -> int:
    text = sent.get(field, "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most:
        return int(text)
    errors[field] = FormError("number", {"least": f"{least:,}", "most": f"{most:,}"}, _LABELS[field])
    return 0


def _span(sent: Mapping[str, str], field: str, least: float, most: int, errors: dict[str, FormError]) -> int:
    """Read minutes as seconds."""
    text = sent.get(field, "").strip()
    if _MINUTES.fullmatch(text) and least <= (minutes := float(text.replace(",", "."))) <= most:
        return round(minutes * 60)
    errors[field] = FormError("minutes", {"least": f"{least:g}", "most": f"{most:,}"}, _LABELS[field])
    return 0


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.4g}"


def _at(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms / 1000, UTC)


def _local(at: datetime, zone: str) -> str:
    """Write *at* for a `datetime-local` field, with seconds only if it has some: the draw's second is announced."""
    local = at.astimezone(ZoneInfo(zone))
    return local.strftime(_MOMENT_S if local.second else _MOMENT)
