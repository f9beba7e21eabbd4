"""Starts MLflow's server as a process group, waits until it answers, and ends it.

By default it listens on 127.0.0.1 only.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.error import URLError

from nnbench.core.errors import UserError

LOCALHOST = "127.0.0.1"
DEFAULT_PORT = 5000
START, END = 120.0, 10.0  # seconds that it may take to answer, and to end when it is asked to
DATABASE = re.compile(r"(sqlite(\+\w+)?:///.|(postgresql|mysql|mssql)(\+\w+)?://.)")
SETTINGS = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # 2 processes and half a gigabyte, instead of 15 and three
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        address: its URL.
        process: the leader of its process group.
    """

    address: str
    process: "subprocess.Popen[bytes]"

    def wait(self) -> None:
        """Wait until an interrupt.

        Raises:
            UserError: the server has ended by itself.
        """
        raise UserError(f"the MLflow server has ended by itself, with status {self.process.wait()}")


@contextmanager
def serving(
    database: str,
    options: Sequence[str] = (),
    *,
    host: str = LOCALHOST,
    port: int = DEFAULT_PORT,
    env: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a server within the context; its whole process group ends on exit.

    Args:
        database: where the runs are.
        options: further ones of `mlflow server`.
        host: the address to listen on.
        port: to listen on; where it is taken, another one is.
        env: settings for it, over those of this process.

    Raises:
        UserError: it did not come up.
    """
    port = free_port(host, port)
    command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
    command += ["--uvicorn-opts", "--log-level warning", *options]
    # In the environment, since everybody on a machine may read the words of a command, and a URI may hold a password.
    surroundings = {**os.environ, **SETTINGS, "MLFLOW_BACKEND_STORE_URI": database, **(env or {})}
    address = f"http://{LOCALHOST if host == '0.0.0.0' else host}:{port}"
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(command, env=surroundings, stdout=said, stderr=said, start_new_session=True)
        try:
            if not _answers(process, address):
                said.seek(0)
                raise UserError(f"the MLflow server did not come up: {_reason(said)}")
            yield Server(address, process)
        finally:
            _end(process)


def free_port(host: str, wanted: int) -> int:
    """The port wanted, or another one where that is taken."""
    for port in (wanted, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, port))
            except OSError:
                continue
            found: int = trial.getsockname()[1]
            return found
    raise UserError(f"--host={host}: is no address of this machine")


def _answers(process: "subprocess.Popen[bytes]", address: str) -> bool:
    """Wait until the server answers or has ended; whether it answers."""
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # $http_proxy knows nothing of this machine's own
    end = time.monotonic() + START
    while process.poll() is None and time.monotonic() < end:
        try:
            straight.open(f"{address}/health", timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return True
    return False


def _reason(said: Iterable[str]) -> str:
    """The last error line of the server's output, else its last line."""
    lines = [line.strip() for line in said if line.strip()] or ["it said nothing"]
    reasons = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (reasons or lines)[-1]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process group, by SIGTERM and then by SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        end = time.monotonic() + END
        while _alive(process) and time.monotonic() < end:
            time.sleep(0.05)
    process.wait()


def _alive(process: "subprocess.Popen[bytes]") -> bool:
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
