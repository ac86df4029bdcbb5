"""`frontrow run`: everything on one machine, seeded, with a small crowd, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

from server.embedded import child
from server.faults import Fault, Unavailable
from server.settings import Settings, read
from server.supervisor.processes import Processes, environment
from server.supervisor.stores import open_stores

READY_TIMEOUT_S = 60


class Stop(Exception):
    """Somebody asked us to stop."""


def main(arguments: list[str]) -> int:
    """Start everything, tell where it is, watch over it, and stop it cleanly on Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="frontrow run", description=__doc__)
    parser.add_argument("--no-crowd", action="store_true", help="do not send in buyers")
    parser.add_argument("--no-seed", action="store_true", help="start with what is there")
    parser.add_argument(
        "--crowd",
        type=int,
        default=40,
        metavar="N",
        help="how many buyers are about at a time, and as many more for the show with a waiting room",
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _raise_stop)
    began = time.monotonic()
    settings = read()
    _refuse_taken_ports(settings)
    _refuse_closed_folder(settings.var)
    print("Starting the stores…", flush=True)
    try:
        stores = open_stores(settings)
    except Stop:
        return 0
    settings = stores.settings
    processes = Processes(settings)
    try:
        print("Starting pages, gateway and workers…", flush=True)
        _start(processes)
        sign_ins = [] if options.no_seed else _seed(settings)
        _await_pages(processes)
        _tell(settings, sign_ins, time.monotonic() - began)
        if not options.no_crowd and not options.no_seed:
            line = ("--in-line", str(options.crowd))
            processes.start("crowd", "loadtests.crowd", "--forever", "--buyers", str(options.crowd), *line)
        while True:
            stores.watch(_note)
            processes.watch(_note)
            time.sleep(0.3)
    except Stop:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        print("\nStopping…", flush=True)
        processes.stop()
        stores.stop()
        print("Stopped.", flush=True)


def _raise_stop(_number: int, _frame: FrameType | None) -> None:
    raise Stop


def _start(processes: Processes) -> None:
    settings = processes.settings
    if settings.demo_payments:
        processes.start("provider", "server.payments.demo")
    for number in range(settings.servers):
        processes.start(f"server-{number + 1}", "server")
    for number in range(settings.gateways):
        processes.start(f"gateway-{number + 1}", "realtime")
    processes.start("workers", "workers")


def _seed(settings: Settings) -> list[dict[str, str]]:
    """Fill an empty installation; repeating it changes nothing. Return the sign-ins to print."""
    seeding = subprocess.run(
        [sys.executable, "-m", "server.seed"],
        env=environment(settings),
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=child.die_with_parent(signal.SIGTERM),
    )
    if seeding.returncode != 0:
        raise Fault(f"seeding failed:\n{seeding.stderr.decode(errors='replace')[-2000:]}")
    sign_ins: list[dict[str, str]] = json.loads(seeding.stdout.splitlines()[-1])["sign_ins"]
    return sign_ins


def _await_pages(processes: Processes) -> None:
    """Wait until the first page is served, restarting what dies meanwhile."""
    settings = processes.settings
    deadline = time.monotonic() + READY_TIMEOUT_S
    problem = "no answer"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/healthz", timeout=2):
                return
        except urllib.error.HTTPError as error:
            problem = error.read().decode(errors="replace")
        except OSError as error:
            problem = str(error)
        processes.watch(_note)
        time.sleep(0.05)
    raise Unavailable(f"the pages did not come up within {READY_TIMEOUT_S} s: {problem}\nsee {settings.var}/log")


def _refuse_taken_ports(settings: Settings) -> None:
    for name in ("port", "live_port", "provider_port", "workers_port"):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host if name in {"port", "live_port"} else "127.0.0.1", getattr(settings, name)))
            except OSError as error:
                raise Unavailable(
                    f"port {getattr(settings, name)} is taken ({error.strerror}); "
                    f"is Frontrow running already? FRONTROW_{name.upper()} chooses another"
                ) from error


def _refuse_closed_folder(var: Path) -> None:
    try:
        var.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"the folder {var} cannot be made ({error.strerror}); FRONTROW_VAR chooses another"
        ) from error
    if not os.access(var, os.W_OK | os.X_OK):
        raise Unavailable(f"the folder {var} belongs to somebody else; FRONTROW_VAR chooses another")


def _own_address() -> str | None:
    """Return this machine's address in its network. Connecting a datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: only the route is looked up
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _tell(settings: Settings, sign_ins: list[dict[str, str]], seconds: float) -> None:
    hosts = ["localhost"]
    if settings.host in {"0.0.0.0", "::"} and (own := _own_address()) is not None:
        hosts.append(own)
    lines = [f"Frontrow is on sale after {seconds:.1f} s.", ""]
    lines += [f"  http://{host}:{settings.port}/" for host in hosts]
    lines += ["", f"  organiser      http://localhost:{settings.port}/organise"]
    lines += [f"  door           http://localhost:{settings.port}/door"]
    if settings.capture_mail:
        lines += [f"  sent mail      http://localhost:{settings.port}/mailbox"]
    lines += [f"  API            http://localhost:{settings.port}/api/v1/docs"]
    if sign_ins:
        lines += ["", "  Sign in as"]
        lines += [f"    {s['role']:<12} {s['email']:<34} {s['password']}" for s in sign_ins]
    if settings.demo_payments:
        lines += ["", "  Pay with card 4242 4242 4242 4242, any later date, any code (no money moves)."]
    lines += ["", f"  Logs are in {settings.var}/log. Ctrl-C stops everything.", ""]
    print("\n".join(lines), flush=True)


def _note(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
