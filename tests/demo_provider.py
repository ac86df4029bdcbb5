"""The demo provider as a real process, for tests that speak to it over a socket, kill it and start it again."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from server.payments.demo_keys import demo_keys
from server.payments.stripe_payments import StripeSetup

SECRET = "a secret of at least thirty-two characters"
KEYS = demo_keys(SECRET)
START_DEADLINE_S = 20.0


class DemoProcess:
    """One provider on one port and one file; `kill` is kill -9."""

    def __init__(self, folder: Path, *, webhook_url: str = "", seed: int | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._arguments = [
            "--port",
            str(self.port),
            "--file",
            str(folder / "demo.sqlite3"),
            "--webhook-url",
            webhook_url,
        ]
        if seed is not None:
            self._arguments += ["--seed", str(seed)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def setup(self) -> StripeSetup:
        """How our adapter reaches it."""
        return StripeSetup(
            KEYS.secret_key,
            KEYS.publishable_key,
            (KEYS.webhook_secret,),
            kind="demo",
            api_base=self.origin,
            browser_api_base="/demo-provider",
        )

    def start(self) -> None:
        """Start and wait until it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FRONTROW_")}
        command = [sys.executable, "-m", "server.payments.demo", *self._arguments]
        self._process = subprocess.Popen(command, env={**environment, "FRONTROW_SECRET": SECRET})
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "the demo provider ended at once"
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                connection.close()
                return
            except OSError:
                time.sleep(0.02)  # polling with a deadline
        raise AssertionError("the demo provider did not answer in time")

    def kill(self) -> None:
        """End it the hard way."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it politely."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=20)
            self._process = None
