"""MLflow's server as a process that is waited for and ended: for one person's pages, or for a team.

It listens on this machine alone unless it is told otherwise, and beyond it only behind passwords.
"""

import configparser
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.error import URLError

from filelock import FileLock, Timeout

from nnbench import entry
from nnbench.errors import UserError
from nnbench.interrupts import Interrupted, interruptible

HERE = "127.0.0.1"
USUAL_PORT = 5000
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
    """A server that is up.

    Attributes:
        address: where it answers.
        process: the first of its processes, and the leader of their group.
    """

    address: str
    process: "subprocess.Popen[bytes]"

    def wait(self) -> None:
        """Wait for an interrupt.

        Raises:
            UserError: the server has ended by itself.
        """
        raise UserError(f"the MLflow server has ended by itself, with status {self.process.wait()}")


class Words(ArgumentParser):
    """Reads a command line; of a mistake it tells in one line, with no usage before that."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help tells of all there is")


def port_number(text: str) -> int:
    """A port from the command line."""
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"{text}: must be a whole number from 0 to 65535")
    return int(text)


@contextmanager
def serving(
    database: str,
    options: Sequence[str] = (),
    *,
    host: str = HERE,
    port: int = USUAL_PORT,
    env: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Within, a server is up. With it end all processes that it started.

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
    address = f"http://{HERE if host == '0.0.0.0' else host}:{port}"
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


def main(words: Sequence[str] | None = None) -> int:
    """A server for a team, as `words` say, until it is interrupted. Returns 0, or 2 for a mistake in the command."""
    return entry.run("nnbench-server", lambda: _serve(words))


def _serve(words: Sequence[str] | None) -> int:
    options = _parser().parse_args(words)
    with suppress(Interrupted), interruptible(), tempfile.TemporaryDirectory() as private:
        extra, env = _team(options, Path(private))
        with (
            _tidied(options.artifacts),
            serving(options.database, extra, host=options.host, port=options.port, env=env) as server,
        ):
            print(f"tracking.uri={server.address}", flush=True)
            server.wait()
    return 0


def _parser() -> Words:
    parser = Words(
        prog="nnbench-server", description="An MLflow server for a team: runs in PostgreSQL, artifacts through the server."
    )
    parser.add_argument(
        "--database",
        default=os.environ.get("NNBENCH_DATABASE"),
        help="postgresql://USER@HOST/NAME, by default $NNBENCH_DATABASE, where it may hold a password",
    )
    parser.add_argument("--artifacts", type=Path, default=Path("results/served"), help="the folder of all artifacts")
    parser.add_argument("--host", default=HERE, help="the address to listen on; others than this machine's own need --auth")
    parser.add_argument("--port", type=port_number, default=USUAL_PORT)
    parser.add_argument("--allowed-hosts", help="the names under which it is reached, such as mlflow.example.org:5000")
    parser.add_argument(
        "--auth", action="store_true", help="users and passwords; the first user is admin, with $MLFLOW_AUTH_ADMIN_PASSWORD"
    )
    return parser


def _team(options: Namespace, private: Path) -> tuple[list[str], dict[str, str]]:
    """The options of `mlflow server` and its settings; `private` takes a file that nobody else may read."""
    if not options.database:
        raise UserError("--database: is missing; must be postgresql://USER@HOST/NAME, or be in NNBENCH_DATABASE")
    if not DATABASE.match(options.database):  # which is not shown: it may be a password that has gone astray
        raise UserError("--database: must be postgresql://USER@HOST/NAME or sqlite:///FILE.db, as NNBENCH_DATABASE must")
    if options.host != HERE and not (options.auth and options.allowed_hosts):
        raise UserError(f"--host={options.host}: others than {HERE} need --auth and --allowed-hosts")
    try:
        options.artifacts.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=options.artifacts).close()
    except OSError as error:
        raise UserError(f"--artifacts={options.artifacts}: must be a folder that can be written: {error.strerror}") from error
    if options.auth and not os.environ.get("MLFLOW_AUTH_ADMIN_PASSWORD"):
        raise UserError("--auth: needs the first user's password, in MLFLOW_AUTH_ADMIN_PASSWORD")
    options.database = _prepare(options.database)
    words = ["--artifacts-destination", str(options.artifacts.absolute()), "--serve-artifacts"]
    if options.allowed_hosts:
        words += ["--allowed-hosts", options.allowed_hosts]
    if not options.auth:
        return words, {}
    users = configparser.ConfigParser(interpolation=None)
    users["mlflow"] = {
        "database_uri": options.database.replace("%", "%%"),
        "default_permission": "READ",
        "admin_username": "admin",
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
        "auth_cache_ttl_seconds": "60",  # or each request costs a slow hash
    }
    with open(private / "auth.ini", "w", encoding="utf-8", opener=_private) as file:
        users.write(file)
    # Without a secret of its own, who is logged in is forgotten when the server starts anew.
    secret = os.environ.get("MLFLOW_FLASK_SERVER_SECRET_KEY") or secrets.token_hex()
    env = {"MLFLOW_AUTH_CONFIG_PATH": str(private / "auth.ini"), "MLFLOW_FLASK_SERVER_SECRET_KEY": secret}
    return [*words, "--app-name", "basic-auth"], env


def _prepare(database: str) -> str:
    """Refuse a database that does not answer, which MLflow would try for 20 s in silence; make an SQLite file's tables."""
    from nnbench.tracking.store import prepare  # not at the top: `--help` needs none of it

    try:
        return prepare(database)
    except UserError as error:
        raise UserError(str(error).replace("tracking.uri=", "--database=", 1)) from error


@contextmanager
def _tidied(artifacts: Path) -> Iterator[None]:
    """The first server of a folder clears away the halves of files that one killed while it received them has left.

    MLflow lists them among a run's artifacts. A second server would take from the first what is on its way.
    """
    with ExitStack() as held:
        with suppress(Timeout):
            held.enter_context(FileLock(artifacts / ".server.lock", timeout=0))
            for half in artifacts.rglob(".artifact.uploading.*"):
                half.unlink(missing_ok=True)
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _answers(process: "subprocess.Popen[bytes]", address: str) -> bool:
    """Whether the server answers, once it does or has ended."""
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
    """Of all that a server has said, the last that looks like a reason."""
    lines = [line.strip() for line in said if line.strip()] or ["it said nothing"]
    reasons = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (reasons or lines)[-1]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the server and all that it has started, gently first."""
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


if __name__ == "__main__":
    sys.exit(main())
