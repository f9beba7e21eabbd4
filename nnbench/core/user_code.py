"""Errors of a user's code: description, location, and `os._exit` as an error."""

import os
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

PACKAGE, STANDARD_LIBRARY = Path(__file__).parents[1], Path(os.__file__).parent
INSTALLED = {"site-packages", "dist-packages"}


@contextmanager
def exits_raised() -> Iterator[None]:
    """Make `os._exit` raise `SystemExit` in this thread, so that a user's code cannot end the command without a message.

    Other threads, forked child processes, and calls after the end of the block do exit.
    """
    original, process, thread = os._exit, os.getpid(), threading.get_ident()
    active = True

    def raise_exit(status: int) -> NoReturn:
        if active and (os.getpid(), threading.get_ident()) == (process, thread):
            raise SystemExit(f"os._exit({status})")
        original(status)

    os._exit = raise_exit
    try:
        yield
    finally:
        os._exit, active = original, False


def describe_error(error: BaseException) -> str:
    """Return the class of an error and the first line of its text, at most 300 characters.

    Works even if the error's `__str__` raises.
    """
    try:
        first = next(filter(None, map(str.strip, str(error).splitlines())), "")
    except BaseException:
        first = "its text cannot be shown"
    first = first if len(first) <= 300 else f"{first[:297]}..."
    return ": ".join(filter(None, [type(error).__name__, first]))


def user_code_location(error: BaseException) -> str | None:
    """Return the innermost frame of the user's code as `folder/file.py:12`, or None.

    Frames of nnbench and of the standard library are skipped. A frame of an installed package is used only if there is no
    other: the optimizer itself may be installed.
    """
    user, installed = None, None
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.suffix != ".py" or path.is_relative_to(PACKAGE):
            continue
        if not INSTALLED.isdisjoint(path.parts):
            installed = installed or f"{path}:{line}"
        elif not path.is_relative_to(STANDARD_LIBRARY):
            user = f"{_relative(path)}:{line}"
    return user or installed


def definition_location(function: Callable[..., Any]) -> str:
    """Return where a function is defined, as `folder/file.py:12`, for faults in what it returns."""
    code = getattr(function, "__code__", None)
    return "an unknown file" if code is None else f"{_relative(Path(code.co_filename))}:{code.co_firstlineno}"


def _relative(path: Path) -> Path:
    with suppress(OSError, ValueError):
        return path.relative_to(Path.cwd())
    return path
