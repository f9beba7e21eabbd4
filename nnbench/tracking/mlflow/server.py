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
START, END = 120.0, 10.0  # seconds to wait for its first answer, and for its end after SIGTERM
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
            UserError: the server has exited.
        """
        raise UserError(f"the MLflow server has exited, with status {self.process.wait()}")


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
        database: URI of the store.
        options: further options of `mlflow server`.
        host: address to listen on.
        port: to listen on; if it is in use, a free port is chosen.
        env: environment variables, in addition to those of this process.

    Raises:
        UserError: it did not start.
    """
    port = free_port(host, port)
    command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
    command += ["--uvicorn-opts", "--log-level warning", *options]
    # In the environment, since all users of a machine can read the arguments of a process, and a URI may hold a password.
    surroundings = {**os.environ, **SETTINGS, "MLFLOW_BACKEND_STORE_URI": database, **(env or {})}
    address = f"http://{LOCALHOST if host == '0.0.0.0' else host}:{port}"
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(command, env=surroundings, stdout=output, stderr=output, start_new_session=True)
        try:
            if not _answers(process, address):
                output.seek(0)
                raise UserError(f"the MLflow server did not start: {_reason(output)}")
            yield Server(address, process)
        finally:
            _end(process)


def free_port(host: str, wanted: int) -> int:
    """Return the wanted port, or another free one if it is in use."""
    for port in (wanted, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, port))
            except OSError:
                continue
            found: int = trial.getsockname()[1]
            return found
    raise UserError(f"--host={host}: is not an address of this machine")


def _answers(process: "subprocess.Popen[bytes]", address: str) -> bool:
    """Wait until the server answers or has exited; return whether it answers."""
    # Without $http_proxy, which cannot reach this machine.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START
    while process.poll() is None and time.monotonic() < end:
        try:
            direct.open(f"{address}/health", timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return True
    return False


def _reason(output: Iterable[str]) -> str:
    """Return the last error line of the server's output, else its last line."""
    lines = [line.strip() for line in output if line.strip()] or ["it printed nothing"]
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
