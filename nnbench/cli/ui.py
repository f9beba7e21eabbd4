"""`nnbench ui`: MLflow's pages on an existing store."""

import os
from collections.abc import Sequence
from contextlib import suppress

from nnbench.cli import entry
from nnbench.cli.arguments import OneLineErrorParser, port_number
from nnbench.core.errors import UserError
from nnbench.core.signals import Interrupted, interruptible
from nnbench.tracking.mlflow.server import DATABASE, DEFAULT_PORT, serving

STORE = "sqlite:///results/mlflow.db"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve MLflow's pages until interrupted; returns the exit status of `entry.run`."""
    return entry.run("nnbench ui", _ui, arguments)


def _ui(arguments: list[str]) -> int:
    parser = OneLineErrorParser(prog="nnbench ui", description="MLflow's pages on the project's own store.")
    parser.add_argument("--store", default=STORE, help=f"a tracking URI, {STORE} by default")
    parser.add_argument(
        "--port", type=port_number, default=DEFAULT_PORT, help=f"{DEFAULT_PORT} by default; another one if it is in use"
    )
    options = parser.parse_args(arguments)
    with suppress(Interrupted), interruptible():
        show(options.store, options.port)
    return 0


def show(store: str, port: int) -> None:
    """Serve the pages on 127.0.0.1 and print their address, until interrupted.

    Raises:
        UserError: the store does not exist, or the server did not start.
    """
    database = _existing(store)
    # Artifacts in a folder are read directly.
    options = ["--app-name", "nnbench", "--no-serve-artifacts", "--default-artifact-root", "results/artifacts"]
    with serving(database, options, port=port) as server:
        print(f"{server.address}/#/experiments", flush=True)
        server.wait()


def _existing(store: str) -> str:
    scheme, found, _ = store.partition(":///")
    if scheme in ("sqlite", "sqlite+pysqlite") and found:
        from nnbench.tracking.mlflow.store import prepare  # not at the top: `--help` needs none of it

        try:
            return prepare(store, create=False)
        except UserError as error:
            raise UserError(str(error).replace("tracking.uri=", "--store=", 1)) from error
    if scheme.startswith("http"):
        raise UserError(f"--store={store}: is a server, which has its own pages at that address")
    if not DATABASE.match(store):
        hint = f"; did you mean sqlite:///{store}?" if os.path.isfile(store) else ""
        raise UserError(f"--store={store}: must be sqlite:///FILE.db or another database's URI{hint}")
    return store
