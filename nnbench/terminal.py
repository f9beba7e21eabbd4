"""The one way to the terminal, on stderr, so that stdout stays free for what a program may read, and its own name there."""

import os
import shlex
import shutil
import sys

from rich.console import Console

# A log file has no width; rich would take 80 columns and fold the tables.
PLAIN_WIDTH = 120


def console() -> Console:
    """Colours and a live bar on a terminal, plain wide text elsewhere."""
    made = Console(stderr=True, highlight=False)
    return made if made.is_terminal else Console(stderr=True, highlight=False, width=PLAIN_WIDTH)


def interpreter() -> str:
    """What starts this interpreter from here: in an environment that is not activated, the shell's `python` is another."""
    if shutil.which("python") == sys.executable:
        return "python"
    return shlex.quote(min(sys.executable, os.path.relpath(sys.executable), key=len))
