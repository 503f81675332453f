"""`selvedge serve` with a configuration of the test's own."""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from service import Service

START_SECONDS = 30
STOP_SECONDS = 30
# It listens sooner than the second that grpcio waits before it dials again.
RECONNECT_SOON = [("grpc.initial_reconnect_backoff_ms", 50)]
# `grpc.health.v1.HealthCheckResponse` with the status SERVING.
SERVING = b"\x08\x01"


@contextmanager
def serving(
    files: dict[str, str], configure: Callable[[str, Path], str]
) -> Iterator[Service]:
    """The service with what `configure` returns for an address and a folder, where `files` are."""
    with tempfile.TemporaryDirectory(prefix="selvedge-") as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_text(content)
        address = f"127.0.0.1:{_free_port()}"
        configuration = folder / "selvedge.toml"
        configuration.write_text(configure(address, folder))
        process = subprocess.Popen(
            [os.environ["SELVEDGE_TEST_BINARY"], "serve", "--config", configuration],
            env=_without_configuration(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            with grpc.insecure_channel(address, options=RECONNECT_SOON) as channel:
                _wait(channel)
                yield Service(channel)
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(STOP_SECONDS)
        assert code == 0, "selvedge serve ends well when asked to"


def _wait(channel: grpc.Channel) -> None:
    """Waits until the service says that it is serving: it has the authority's keys then."""
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch")
    statuses = watch(b"", timeout=START_SECONDS, wait_for_ready=True)
    assert SERVING in statuses, "selvedge serve never served"
    statuses.cancel()


def _without_configuration() -> dict[str, str]:
    """The environment but for what `serve` would take for its configuration."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SELVEDGE_")}


def _free_port() -> int:
    """A port that was free a moment ago: `serve` prints none, because it is told one."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
