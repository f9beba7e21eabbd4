"""Console output on stderr; stdout is for output that programs may read."""

import os
import re
import shlex
import shutil
import sys

from rich.console import Console
from rich.markup import escape

# columns if stderr is not a terminal; with rich's default of 80 tables would be folded
LOG_WIDTH = 120
MAX_WORD = 300  # characters


def console() -> Console:
    """Return a console on stderr: with colours on a terminal, plain text of `LOG_WIDTH` columns elsewhere."""
    default = Console(stderr=True, highlight=False)
    return default if default.is_terminal else Console(stderr=True, highlight=False, width=LOG_WIDTH)


def python_command() -> str:
    """Return the shell command of this interpreter: `python`, or its path where `python` on the PATH is another one."""
    if shutil.which("python") == sys.executable:
        return "python"
    return shlex.quote(min(sys.executable, os.path.relpath(sys.executable), key=len))


def one_line(text: str) -> str:
    """Escape line breaks and control characters, and shorten words of `MAX_WORD` characters or more."""
    escaped = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return re.sub(rf"\S{{{MAX_WORD},}}", lambda word: f"{word[0][:100]}…{word[0][-20:]}", escaped)


def escape_markup(text: str) -> str:
    """Escape rich markup and control characters in a text, such as an error's, for the console."""
    return escape(one_line(text))
