"""Dispatch of the sub-commands: `nnbench report study=NAME`, or `python -m nnbench report study=NAME`.

Without a sub-command the arguments are those of `nnbench run`, so that `python -m nnbench -m optimizer=sgd,adam` is a sweep.
"""

import sys
from importlib import import_module

# Each is a module of this package with a `main(arguments)`.
COMMANDS = {
    "run": "one tracked run, or with -m a sweep; what nnbench does without a sub-command",
    "sweep": "a grid of settings, as run -m",
    "report": "the report of a study again, or of two side by side",
    "export": "a study as Parquet, CSV and a data dictionary",
    "check": "tests of an optimizer of your own: nnbench check my_package.lion:Lion",
    "ui": "MLflow's pages on the store",
    "server": "a tracking server for a team",
    "backup": "a copy of an SQLite store",
}


def main() -> int:
    """Call the sub-command named by the first argument, `run` by default; returns its exit status."""
    name, arguments = "run", sys.argv[1:]
    if arguments and arguments[0] in COMMANDS:
        name, *arguments = arguments
    # Imported by name: `--help` and completion load one command alone.
    status: int = import_module(f"nnbench.cli.{name}").main(arguments)
    return status


def print_commands() -> None:
    """Print the sub-commands, which are not in the help that Hydra prints for `run`."""
    print("Sub-commands, each with a --help of its own (nnbench COMMAND, or python -m nnbench COMMAND):\n")
    for name, meaning in COMMANDS.items():
        print(f"  {name:8s}{meaning}")
    print("\nnnbench run:\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
