"""What an error that a user's code has raised says, where that code stood, and how its `os._exit` becomes an error."""

import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

OWN, STANDARD = Path(__file__).parents[1], Path(os.__file__).parent
INSTALLED = {"site-packages", "dist-packages"}


@contextmanager
def exits_raised() -> Iterator[None]:
    """Within, `os._exit` raises `SystemExit` in this thread, so that a user's code cannot end the command in silence.

    Other threads, child processes that the code forks, and calls after the end of the block do exit.
    """
    leave, process, thread = os._exit, os.getpid(), threading.get_ident()
    active = True

    def raise_exit(status: int) -> NoReturn:
        if active and (os.getpid(), threading.get_ident()) == (process, thread):
            raise SystemExit(f"os._exit({status})")
        leave(status)

    os._exit = raise_exit
    try:
        yield
    finally:
        os._exit, active = leave, False


def describe_error(error: BaseException) -> str:
    """The class of an error and the first line of its text, whatever its class does when asked for it."""
    try:
        first = next(filter(None, map(str.strip, str(error).splitlines())), "")
    except BaseException:
        first = "its text cannot be shown"
    first = first if len(first) <= 300 else f"{first[:297]}..."
    return ": ".join(filter(None, [type(error).__name__, first]))


def user_code_location(error: BaseException) -> str | None:
    """Where the user's own code stood, as `folder/file.py:12`: the innermost frame that is no library's, nor nnbench's.

    A frame in an installed package counts where there is no other: an optimizer may be installed.
    """
    own, installed = None, None
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.suffix != ".py" or path.is_relative_to(OWN):
            continue
        if not INSTALLED.isdisjoint(path.parts):
            installed = installed or f"{path}:{line}"
        elif not path.is_relative_to(STANDARD):
            own = f"{_short(path)}:{line}"
    return own or installed


def _short(path: Path) -> Path:
    with suppress(OSError, ValueError):
        return path.relative_to(Path.cwd())
    return path
