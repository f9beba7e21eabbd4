"""Dispatch of the sub-commands: `nnbench report study=NAME`, or `python -m nnbench report study=NAME`.

Without a sub-command the arguments are those of `nnbench run`, so that `python -m nnbench -m optimizer=sgd,adam` is a sweep.
"""

import sys
from importlib import import_module

# Each is a module of this package with a `main(arguments)`.
COMMANDS = {
    "run": "one tracked run, or with -m a sweep; the default sub-command",
    "sweep": "a sweep, as run -m",
    "report": "remake the report of a study, or compare two studies",
    "export": "a study as Parquet, CSV and a data dictionary",
    "collect": "record the runs that a sweep has left to Slurm",
    "animate": "the decision boundary of a run over the epochs, as a GIF",
    "claim": "test on new seeds that a setting is better: nnbench claim adam beats sgd",
    "check": "test your own optimizer: nnbench check my_package.lion:Lion",
    "ui": "MLflow's pages",
    "server": "a tracking server for a team",
    "backup": "a copy of an SQLite store",
}


def main() -> int:
    """Call the sub-command named by the first argument, `run` by default; returns its exit status."""
    name, arguments = "run", sys.argv[1:]
    if arguments and arguments[0] in COMMANDS:
        name, *arguments = arguments
    # Imported by name, so that only one command is loaded.
    status: int = import_module(f"nnbench.cli.{name}").main(arguments)
    return status


def print_commands() -> None:
    """Print the sub-commands, which are not in the help that Hydra prints for `run`."""
    print("Sub-commands (nnbench COMMAND or python -m nnbench COMMAND; each has a --help):\n")
    for name, meaning in COMMANDS.items():
        print(f"  {name:8s}{meaning}")
    print("\nnnbench run:\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
