"""`nnbench run`: one tracked run, or with `-m` a sweep."""

import sys
from collections.abc import Sequence

from nnbench.cli import entry
from nnbench.cli.hydra_app import with_hydra
from nnbench.cli.main import print_commands
from nnbench.config.command_line import decode_arguments
from nnbench.config.schema import Config


def main(words: Sequence[str] | None = None) -> int:
    """Run once, or with `-m` a sweep, as `words` say, by default those in `sys.argv`.

    Returns:
        The exit status: 0 all finished, 1 some run failed or a part of the report could not be made, 2 a mistake in the
        command, 128 + signal when interrupted.
    """
    given = sys.argv[1:] if words is None else words

    def command() -> int:
        if {"--help", "-h"} & {*given}:
            print_commands()
        return with_hydra(_run, decode_arguments(given), sweeps=True)

    return entry.run("nnbench", command)


def _run(config: Config) -> int:
    from nnbench.cli.single_run import run_once  # not at the top: `--help` and completion need none of it

    return run_once(config)
