"""`frontrow run` survives what happens to it."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from loadtests.bench import processes
from loadtests.bench.installation import Installation, foreign_environment, installation

DEADLINE_S = 30

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that Postgres' own user may enter."""
    folder = tmp_path_factory.mktemp("var")
    for part in (folder, *folder.parents[:3]):
        os.chmod(part, 0o755)
    return folder


def await_true(condition: Callable[[], bool], what: str) -> None:
    """Poll *condition* until it holds; fail after 30 s naming *what* was waited for."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_S} s for {what}"
        time.sleep(0.05)


def healthy(port: int) -> bool:
    """Tell whether the process on *port* says that it is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as page:
            return bool(page.status == 200)
    except OSError:
        return False


def test_a_killed_installation_leaves_nothing_running_and_starts_again(var: Path) -> None:
    """After kill -9 of the supervisor every process ends by itself, and the next start finds the data."""
    with installation(var=var) as first:
        pids = first.pids()
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        await_true(lambda: not any(processes.command(pid) for pid in pids), "the children to end")
    with installation(var=var) as second, urllib.request.urlopen(second.url, timeout=5) as page:
        assert page.status == 200


@pytest.mark.parametrize("words", ["-m server", "-m realtime", "-m workers", "-m server.payments.demo"])
def test_a_killed_process_is_started_again(running: Installation, words: str) -> None:
    """The supervisor replaces what dies, and the replacement is healthy."""
    pid = next(pid for pid in running.pids() if processes.command(pid).endswith(words))
    os.kill(pid, signal.SIGKILL)

    def replaced() -> bool:
        return any(other != pid and processes.command(other).endswith(words) for other in running.pids())

    await_true(replaced, f"{words} to be started again")
    await_true(lambda: healthy(running.port) and healthy(running.live_port), "everything to be well")


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    with installation() as running:
        yield running


def test_a_second_installation_on_the_same_ports_says_so(running: Installation) -> None:
    """Somebody who starts it twice reads why the second one does not come up."""
    taken = installation(FRONTROW_PORT=str(running.port))
    with pytest.raises(RuntimeError, match=f"port {running.port} is taken"):
        taken.__enter__()


def test_ctrl_c_on_make_run_ends_well(var: Path) -> None:
    """At a terminal Ctrl-C stops everything, the last line says so, and the shell reads 0, not make's 130."""
    command = ["make", *("-o", ".venv/.ready"), *("-o", "web/dist/manifest.json"), f"PY={sys.executable}", "run"]
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(4)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        free = [str(probe.getsockname()[1]) for probe in sockets]
    names = ("PORT", "LIVE_PORT", "PROVIDER_PORT", "WORKERS_PORT")
    ports = {f"FRONTROW_{name}": port for name, port in zip(names, free, strict=True)}
    own = {"FRONTROW_VAR": str(var), "FRONTROW_HOST": "127.0.0.1", **ports}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(Path(__file__).parents[3])
        os.execvpe(command[0], [*command, "ARGS=--no-crowd --no-seed"], foreign_environment() | own)
    said, asked, deadline = b"", False, time.monotonic() + 3 * DEADLINE_S
    while time.monotonic() < deadline:
        try:
            said += os.read(terminal, 4096) if select.select([terminal], [], [], 1)[0] else b""
        except OSError:  # the other side of the terminal is closed: everything has ended
            break
        if not asked and b"Ctrl-C stops everything" in said:
            os.write(terminal, b"\x03")
            asked = True
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said.decode(errors="replace")
    assert said.decode().split()[-1] == "Stopped."
