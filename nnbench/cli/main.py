"""Dispatch of the sub-commands: `nnbench report study=NAME`, or `python -m nnbench report study=NAME`.

Without a sub-command the words are those of `nnbench run`, so that `python -m nnbench -m optimizer=sgd,adam` is a sweep.
"""

import sys
from importlib import import_module

# Each is a module of this package with a `main(words)`.
COMMANDS = ("run", "sweep", "report", "export", "ui", "server", "backup")


def main() -> int:
    """Call the sub-command that the first word names, `run` by default; returns its exit status."""
    name, words = "run", sys.argv[1:]
    if words and words[0] in COMMANDS:
        name, *words = words
    # Imported by name: `--help` and completion load one command alone.
    status: int = import_module(f"nnbench.cli.{name}").main(words)
    return status


if __name__ == "__main__":
    sys.exit(main())
