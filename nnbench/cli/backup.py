"""Command `nnbench backup`: copies an SQLite store, also while sweeps write to it."""

import time
from collections.abc import Sequence
from pathlib import Path

from nnbench.cli import entry
from nnbench.cli.arguments import OneLineErrorParser
from nnbench.cli.ui import STORE
from nnbench.core.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Copy a store and print the path of the copy; returns the exit status of `entry.run`."""
    return entry.run("nnbench backup", _backup, arguments)


def _backup(arguments: list[str]) -> int:
    parser = OneLineErrorParser(
        prog="nnbench backup", description="A copy of an SQLite store; artifacts, which are files, are not in it."
    )
    parser.add_argument("target", type=Path, nargs="?", help="the copy's file; by default beside the store, with the time")
    parser.add_argument("--store", default=STORE, help=f"a tracking URI, {STORE} by default")
    options = parser.parse_args(arguments)
    from nnbench.tracking.mlflow.backup import back_up  # not at the top: `--help` needs none of it

    try:
        print(back_up(options.store, options.target, time.strftime("%Y%m%d-%H%M%S")))
    except UserError as error:
        raise UserError(str(error).replace("tracking.uri=", "--store=", 1)) from error
    return 0
