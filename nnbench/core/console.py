"""The one way to the terminal, on stderr, so that stdout stays free for what a program may read, and its own name there."""

import os
import re
import shlex
import shutil
import sys

from rich.console import Console
from rich.markup import escape

# A log file has no width; rich would take 80 columns and fold the tables.
LOG_WIDTH = 120
MAX_WORD = 300  # characters


def console() -> Console:
    """Colours and a live bar on a terminal, plain wide text elsewhere."""
    made = Console(stderr=True, highlight=False)
    return made if made.is_terminal else Console(stderr=True, highlight=False, width=LOG_WIDTH)


def python_command() -> str:
    """What starts this interpreter from here: in an environment that is not activated, the shell's `python` is another."""
    if shutil.which("python") == sys.executable:
        return "python"
    return shlex.quote(min(sys.executable, os.path.relpath(sys.executable), key=len))


def one_line(text: str) -> str:
    """The text with its line breaks and all else that steers a terminal written as escapes, and very long words cut."""
    shown = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    return re.sub(rf"\S{{{MAX_WORD},}}", lambda word: f"{word[0][:100]}…{word[0][-20:]}", shown)


def escape_markup(text: str) -> str:
    """Escape a text from elsewhere, such as an error's, for the console: no markup is read in it."""
    return escape(one_line(text))
