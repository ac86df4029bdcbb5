"""Settings: read once from the environment, checked at start, documented by themselves (`frontrow settings`)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.faults import Fault

PREFIX = "FRONTROW_"
_VAR = Path("var")


class InvalidSettings(Fault):
    """The environment asks for something that cannot be. The message lists every finding, one a line."""


def _setting(default: Any, meaning: str, *, env: str | None = None, unit: str = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "env": env, "unit": unit})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can decide. A variable with our prefix that is not listed here stops the start."""

    database_url: str = _setting(
        "", "Postgres, as a role that owns nothing; empty starts the embedded one", env="DATABASE_URL"
    )
    redis_url: str = _setting("", "Valkey or Redis; empty starts the embedded one", env="REDIS_URL")
    secret: str = _setting("", "signs visitor sessions, wraps ticket keys; made and kept in the var folder when empty")
    previous_secret: str = _setting(
        "",
        "the secret before the present one: places in line signed with it stay good; remove it once every room has closed",
    )
    var: Path = _setting(_VAR, "folder for what the installation writes: stores, captured mail, logs")
    host: str = _setting("0.0.0.0", "address the pages and the live gateway listen on")
    port: int = _setting(8000, "port of pages and API")
    live_port: int = _setting(8001, "port of the live gateway")
    provider_port: int = _setting(8002, "port of the demo payment provider, on loopback only")
    workers_port: int = _setting(8003, "port of the workers' health page and metrics, on loopback only")
    public_url: str = _setting("", "address people use, such as https://tickets.example; empty trusts the Host header")
    live_url: str = _setting(
        "", "address of the live gateway, such as wss://tickets.example/live; empty uses live_port"
    )
    gateways: int = _setting(1, "live gateway processes sharing one port")
    servers: int = _setting(1, "page and API processes sharing one port")
    stripe_secret_key: str = _setting("", "secret key of a Stripe account; empty uses the demo provider")
    stripe_publishable_key: str = _setting("", "publishable key of the same account")
    stripe_webhook_secrets: str = _setting(
        "", "signing secrets of the webhook endpoint, comma separated during rotation"
    )
    smtp_url: str = _setting(
        "",
        "smtp://user:password@host:port or smtps://…; empty captures mail on /mailbox, which anybody who reaches the port may read: "
        "set a server before real people buy",
    )
    mail_from: str = _setting("Frontrow <tickets@localhost>", "sender of e-mail")
    hold_s: int = _setting(600, "how long a hold lasts", unit="s")
    extension_s: int = _setting(300, "how much the one extension adds", unit="s")
    payment_grace_s: int = _setting(240, "how much longer seats stay while a payment is open", unit="s")
    database_connections: int = _setting(8, "connections to Postgres per process")
    log_level: str = _setting("info", "debug, info, warning or error")
    trust_proxy: bool = _setting(False, "take the scheme and the client's address from X-Forwarded headers")

    @property
    def demo_payments(self) -> bool:
        """Whether payments go to our own demo provider."""
        return not self.stripe_secret_key

    @property
    def live_address(self) -> str:
        """Where pages find the live gateway: an address, or only its port on the host the page came from (web/src/live/live_url.ts)."""
        return self.live_url or f":{self.live_port}/live"

    @property
    def capture_mail(self) -> bool:
        """Whether mail is captured for the mailbox page instead of being sent."""
        return not self.smtp_url


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of *environment* (default: the process's own).

    Raises `InvalidSettings` naming every unknown variable, wrong type and impossible value at once.
    """
    environment = os.environ if environment is None else environment
    findings: list[str] = []
    values: dict[str, Any] = {}
    known = {variable(f.name): f for f in fields(Settings)}
    for name in environment:
        if name.startswith(PREFIX) and name not in known and name not in OTHER_VARIABLES:
            findings.append(f"{name}: no such setting; `frontrow settings` lists them")
    for name, setting in known.items():
        if (text := environment.get(name)) is not None and text != "":
            try:
                values[setting.name] = _parse(text, setting.default)
            except ValueError as error:
                findings.append(f"{name}: {error}")
    settings = Settings(**values)
    findings += _impossible(settings)
    if findings:
        raise InvalidSettings("\n".join(findings))
    return settings


# Variables of the test suite and of development, which are not settings of an installation.
OTHER_VARIABLES = frozenset({"FRONTROW_LONG", "FRONTROW_CHROMIUM"})


def variable(name: str) -> str:
    """Return the environment variable of the setting *name*."""
    declared = {f.name: f.metadata["env"] for f in fields(Settings)}[name]
    return declared or PREFIX + name.upper()


def _parse(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() not in {"true", "false", "1", "0", "yes", "no"}:
            raise ValueError(f"{text!r} is neither true nor false")
        return text.lower() in {"true", "1", "yes"}
    if isinstance(default, int):
        if not text.isascii() or not text.isdigit():
            raise ValueError(f"{text!r} is not a whole number")
        return int(text)
    return Path(text) if isinstance(default, Path) else text


def _impossible(settings: Settings) -> list[str]:
    findings = []
    for name in ("port", "live_port", "provider_port", "workers_port"):
        if not 0 < getattr(settings, name) < 65536:
            findings.append(f"{variable(name)}: a port lies between 1 and 65535")
    ports = [settings.port, settings.live_port, settings.provider_port, settings.workers_port]
    if len(set(ports)) < len(ports):
        findings.append("the four ports must differ")
    for name in ("secret", "previous_secret"):
        if getattr(settings, name) and len(getattr(settings, name)) < 32:
            findings.append(f"{variable(name)}: at least 32 characters, random")
    for name, schemes in {
        "database_url": {"postgresql", "postgres"},
        "redis_url": {"redis", "rediss", "unix"},
        "public_url": {"http", "https"},
        "live_url": {"ws", "wss"},
        "smtp_url": {"smtp", "smtps"},
    }.items():
        value = getattr(settings, name)
        if value and urlsplit(value).scheme not in schemes:
            findings.append(f"{variable(name)}: must start with {' or '.join(sorted(s + '://' for s in schemes))}")
    if settings.log_level not in {"debug", "info", "warning", "error"}:
        findings.append(f"{variable('log_level')}: debug, info, warning or error")
    for name, least, most in (
        ("hold_s", 30, 3600), ("extension_s", 0, 3600), ("payment_grace_s", 30, 3600),
        ("gateways", 1, 64), ("servers", 1, 64), ("database_connections", 2, 100),
    ):  # fmt: skip
        if not least <= getattr(settings, name) <= most:
            findings.append(f"{variable(name)}: between {least} and {most}")
    stripe = (settings.stripe_secret_key, settings.stripe_publishable_key, settings.stripe_webhook_secrets)
    if any(stripe) and not all(stripe):
        findings.append("Stripe needs its secret key, its publishable key and a webhook secret, or none of the three")
    return findings


def kept_secret(var: Path) -> str:
    """Return the installation's secret from *var*, making it at the first start (readable by the owner only)."""
    path = var / "secret"
    var.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


def document() -> str:
    """Return the settings as a Markdown table: name, default, meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for setting in fields(Settings):
        unit = f" {setting.metadata['unit']}" if setting.metadata["unit"] else ""
        shown = f"`{setting.default}`{unit}" if setting.default not in ("",) else "(empty)"
        rows.append(f"| `{variable(setting.name)}` | {shown} | {setting.metadata['meaning']} |")
    return "\n".join(rows) + "\n"


def main(_arguments: list[str]) -> int:
    """Print the settings."""
    print(document(), end="")
    return 0
