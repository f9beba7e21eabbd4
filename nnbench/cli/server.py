"""`nnbench server`: an MLflow server for a team, which accepts other machines only with passwords."""

import configparser
import os
import secrets
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from nnbench.cli import entry
from nnbench.cli.arguments import OneLineErrorParser, port_number
from nnbench.core.errors import UserError
from nnbench.core.signals import Interrupted, interruptible
from nnbench.tracking.mlflow.server import DATABASE, DEFAULT_PORT, LOCALHOST, serving


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a tracking server until interrupted; returns the exit status of `entry.run`."""
    return entry.run("nnbench server", _serve, arguments)


def _serve(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    with suppress(Interrupted), interruptible(), tempfile.TemporaryDirectory() as private:
        extra, env = _server_options(options, Path(private))
        with (
            _without_partial_uploads(options.artifacts),
            serving(options.database, extra, host=options.host, port=options.port, env=env) as server,
        ):
            print(f"tracking.uri={server.address}", flush=True)
            server.wait()
    return 0


def _parser() -> OneLineErrorParser:
    parser = OneLineErrorParser(
        prog="nnbench server", description="An MLflow server for a team: runs in PostgreSQL, artifacts through the server."
    )
    parser.add_argument(
        "--database",
        default=os.environ.get("NNBENCH_DATABASE"),
        help="postgresql://USER@HOST/NAME, by default $NNBENCH_DATABASE; put a password only there",
    )
    parser.add_argument("--artifacts", type=Path, default=Path("results/served"), help="the folder of all artifacts")
    parser.add_argument(
        "--host", default=LOCALHOST, help="address to listen on; any but 127.0.0.1 needs --auth and --allowed-hosts"
    )
    parser.add_argument("--port", type=port_number, default=DEFAULT_PORT)
    parser.add_argument("--allowed-hosts", help="the host names of the server, such as mlflow.example.org:5000")
    parser.add_argument(
        "--auth", action="store_true", help="require passwords; the first user is admin with $MLFLOW_AUTH_ADMIN_PASSWORD"
    )
    return parser


def _server_options(options: Namespace, private: Path) -> tuple[list[str], dict[str, str]]:
    """Return the options and environment variables of `mlflow server`.

    Args:
        options: of the command.
        private: folder for the file with the password of the database, which only its owner may read.

    Raises:
        UserError: an option is missing or not allowed, or the database or the folder cannot be used.
    """
    if not options.database:
        raise UserError("--database: is missing; must be postgresql://USER@HOST/NAME, or be in NNBENCH_DATABASE")
    if not DATABASE.match(options.database):  # the value is not shown, since it may hold a password
        raise UserError("--database: must be postgresql://USER@HOST/NAME or sqlite:///FILE.db, as NNBENCH_DATABASE must")
    if options.host != LOCALHOST and not (options.auth and options.allowed_hosts):
        raise UserError(f"--host={options.host}: any host but {LOCALHOST} needs --auth and --allowed-hosts")
    try:
        options.artifacts.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=options.artifacts).close()
    except OSError as error:
        raise UserError(f"--artifacts={options.artifacts}: must be a folder that can be written: {error.strerror}") from error
    if options.auth and not os.environ.get("MLFLOW_AUTH_ADMIN_PASSWORD"):
        raise UserError("--auth: needs the first user's password, in MLFLOW_AUTH_ADMIN_PASSWORD")
    options.database = _prepare(options.database)
    extra = ["--artifacts-destination", str(options.artifacts.absolute()), "--serve-artifacts"]
    if options.allowed_hosts:
        extra += ["--allowed-hosts", options.allowed_hosts]
    if not options.auth:
        return extra, {}
    users = configparser.ConfigParser(interpolation=None)
    users["mlflow"] = {
        "database_uri": options.database.replace("%", "%%"),
        "default_permission": "READ",
        "admin_username": "admin",
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
        "auth_cache_ttl_seconds": "60",  # otherwise each request computes a slow hash
    }
    with open(private / "auth.ini", "w", encoding="utf-8", opener=_open_private) as file:
        users.write(file)
    # With a random secret, every user has to log in again after a restart of the server.
    secret = os.environ.get("MLFLOW_FLASK_SERVER_SECRET_KEY") or secrets.token_hex()
    env = {"MLFLOW_AUTH_CONFIG_PATH": str(private / "auth.ini"), "MLFLOW_FLASK_SERVER_SECRET_KEY": secret}
    return [*extra, "--app-name", "basic-auth"], env


def _prepare(database: str) -> str:
    """Refuse a database that does not answer, for which MLflow would wait 20 s without a message; create SQLite tables."""
    from nnbench.tracking.mlflow.store import prepare  # not at the top: `--help` needs none of it

    try:
        return prepare(database)
    except UserError as error:
        raise UserError(str(error).replace("tracking.uri=", "--database=", 1)) from error


@contextmanager
def _without_partial_uploads(artifacts: Path) -> Iterator[None]:
    """Delete partial uploads that a killed server has left, which MLflow would list among a run's artifacts.

    Only the first server of a folder does so: a second one would delete uploads in progress.
    """
    with ExitStack() as held:
        with suppress(Timeout):
            held.enter_context(FileLock(artifacts / ".server.lock", timeout=0))
            for partial in artifacts.rglob(".artifact.uploading.*"):
                partial.unlink(missing_ok=True)
        yield


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
