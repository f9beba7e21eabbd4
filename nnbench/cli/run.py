"""`nnbench run`: one tracked run, or with `-m` a sweep."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnbench.cli import entry
from nnbench.cli.hydra_app import with_hydra
from nnbench.cli.main import print_commands
from nnbench.config.command_line import decode_arguments
from nnbench.config.schema import Config

if TYPE_CHECKING:
    from nnbench.sweep.job import Membership


def main(arguments: Sequence[str] | None = None) -> int:
    """Train once, or with `-m` run a sweep.

    Returns:
        The exit status: 0 all runs finished, 1 a run failed or a part of the report is missing, 2 a mistake in the command,
        128 + signal when interrupted.
    """
    return entry.run("nnbench", _run, arguments)


def _run(arguments: list[str]) -> int:
    if {"--help", "-h"} & {*arguments}:
        print_commands()
    return with_hydra(_run_once, decode_arguments(arguments), sweep_job=_run_job)


def _run_once(config: Config) -> int:
    from nnbench.cli.single_run import run_once  # not at the top: `--help` and completion need none of it

    return run_once(config)


def _run_job(config: Config, membership: "Membership | None") -> int:
    from nnbench.cli.single_run import run_once

    return run_once(config, membership)
