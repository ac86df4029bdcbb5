"""A crowd on a whole installation, while processes are killed: buyers come back, everybody who paid has tickets, the audit agrees."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.bench import processes
from loadtests.bench.installation import Installation, installation

pytestmark = pytest.mark.timeout(240)
CROWD_TIMEOUT_S = 120.0


@pytest.fixture(scope="module")
def shop() -> Iterator[Installation]:
    """An installation with its seed on sale."""
    with installation() as running:
        yield running


def environment(shop: Installation) -> dict[str, str]:
    """Read the environment of the installation: commands that belong to it need its ports and its folder."""
    raw = Path(f"/proc/{shop.process.pid}/environ").read_bytes().decode()
    return dict(line.split("=", 1) for line in raw.split("\0") if "=" in line)


def payments_asked(shop: Installation) -> int:
    """Count the writes the demo provider has answered since it started."""
    with urllib.request.urlopen(f"http://127.0.0.1:{environment(shop)['FRONTROW_PROVIDER_PORT']}/metrics") as page:
        text = page.read().decode()
    return sum(int(count) for count in re.findall(r'requests_total{method="POST",status="200"} (\d+)', text))


def await_rush(shop: Installation, before: int) -> None:
    """Wait until a dozen writes have reached the provider since *before*: half a dozen buyers are paying."""
    deadline = time.monotonic() + CROWD_TIMEOUT_S
    while payments_asked(shop) < before + 12:
        assert time.monotonic() < deadline, "nobody pays"
        time.sleep(0.05)


def send_in(shop: Installation, *arguments: str) -> subprocess.Popen[str]:
    """Start a crowd."""
    command = [sys.executable, "-m", "loadtests.crowd", "--url", shop.url, *arguments]
    return subprocess.Popen(command, env=environment(shop), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def told(crowd: subprocess.Popen[str], name: str) -> int:
    """Wait for the crowd, insist that it is content, and read one of its counts."""
    try:
        text, _ = crowd.communicate(timeout=CROWD_TIMEOUT_S)
    finally:
        crowd.kill()
    assert crowd.returncode == 0, text
    match = re.search(rf"^{name} +(\d+)$", text, re.MULTILINE)
    return int(match[1]) if match else 0


def kill(shop: Installation, module: str) -> None:
    """Kill -9 the processes that run *module*."""
    victims = [pid for pid in shop.pids() if processes.command(pid).rstrip().endswith(f"-m {module}")]
    assert victims, f"nobody runs {module}"
    for pid in victims:
        os.kill(pid, signal.SIGKILL)


def assert_audit_is_clean(shop: Installation) -> None:
    """Run `frontrow audit`."""
    command = [sys.executable, "-m", "server.command", "audit"]
    audit = subprocess.run(command, env=environment(shop), capture_output=True, text=True, timeout=60, check=False)
    assert audit.returncode == 0, audit.stdout + audit.stderr + journal(shop)


def journal(shop: Installation) -> str:
    """Read the last lines of every process's log: what a failure on a machine far away leaves to look at."""
    logs = sorted((shop.var / "log").iterdir())
    return "".join(
        f"\n--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-40:]) for log in logs
    )


def test_a_crowd_buys_and_the_books_agree(shop: Installation) -> None:
    """Forty buyers in a hurry: most pay, three viewers' pictures equal a fresh read, the audit finds nothing."""
    crowd = send_in(shop, "--buyers", "40", "--rate", "40", "--pace", "0.02", "--seed", "11")
    assert told(crowd, "orders paid") >= 15
    assert_audit_is_clean(shop)


@pytest.mark.parametrize("module", ["realtime", "server.payments.demo", "workers"])
def test_a_killed_process_costs_nobody_a_ticket(shop: Installation, module: str) -> None:
    """Killed in the middle of the rush: buyers come back or wait, and the books agree."""
    before = payments_asked(shop)
    crowd = send_in(shop, "--faults", "--buyers", "40", "--rate", "15", "--pace", "0.1", "--seed", "12")
    await_rush(shop, before)
    kill(shop, module)
    assert told(crowd, "orders paid") >= 15
    assert_audit_is_clean(shop)


def test_an_absent_shop_is_told_apart_from_a_broken_promise() -> None:
    """Nobody answers: exit code 2 and one line, not a table of violations."""
    command = [sys.executable, "-m", "loadtests.crowd", "--url", "http://127.0.0.1:9", "--buyers", "1"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "Connection refused" in result.stderr
