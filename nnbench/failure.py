"""What a job's code raises, as text that a store, a terminal and a file can take.

An optimizer or a dataset of a user's own may raise anything: a subclass of `BaseException`, a text with lone surrogates, an
error that has no text or cannot be pickled. Here alone that becomes a `Failure`.
"""

import os
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from nnbench.interrupts import Interrupted
from nnbench.job import Failure
from nnbench.streams import tolerant

Value = TypeVar("Value")

OWN, STANDARD = Path(__file__).parent, Path(os.__file__).parent
INSTALLED = {"site-packages", "dist-packages"}


def attempt(call: Callable[[], Value]) -> Value | Failure:
    """What `call` returns, or why it does not; `call` runs a user's code.

    What that code changes in the process is undone: the filters of warnings and the working folder. A child that it has
    forked, which would go on as if it were this process, ends here.

    Raises:
        Interrupted: somebody asked this process to end.
    """
    process, folder = os.getpid(), Path.cwd()
    try:
        with warnings.catch_warnings(), tolerant():
            return call()
    except Interrupted:
        raise
    except BaseException as error:
        return failure_of(error)
    finally:
        if os.getpid() != process:
            os._exit(1)
        with suppress(OSError):
            os.chdir(folder)


def failure_of(error: BaseException) -> Failure:
    """The failure that `error` stands for, with the file and line of the user's own code where it went through that."""
    place = place_of(error)
    reason = f"{told(error)} ({place})" if place else told(error)
    try:
        trace = "".join(traceback.format_exception(error))
    except BaseException:  # formatting calls methods of the error's class, which may be the user's
        trace = reason
    return Failure(reason=reason, traceback=trace)


def told(error: BaseException) -> str:
    """The class of an error and the first line of its text, whatever its class does when asked for it."""
    try:
        first = next(filter(None, map(str.strip, str(error).splitlines())), "")
    except BaseException:
        first = "its text cannot be shown"
    first = first if len(first) <= 300 else f"{first[:297]}..."
    return ": ".join(filter(None, [type(error).__name__, first]))


def place_of(error: BaseException) -> str | None:
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
