"""Conversion of an exception that a user's code raises into a `Failure`, whose text can be stored and printed.

A user's optimizer or dataset may raise anything: a subclass of `BaseException`, a message with lone surrogates, an
exception that has no message or cannot be pickled.
"""

import os
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import numpy as np

from nnbench.core.signals import Interrupted
from nnbench.core.standard_streams import fault_tolerant_streams
from nnbench.core.user_code import describe_error, exits_raised, user_code_location
from nnbench.sweep.job import Failure

Value = TypeVar("Value")


def attempt(call: Callable[[], Value]) -> Value | Failure:
    """Call a function that runs a user's code; return its value, or a failure if it raises.

    Changes to warning filters, to NumPy's handling of floating-point errors and to the working folder are undone. A child
    process that the code has forked, and that would continue as if it were this process, exits here.

    Raises:
        Interrupted: this process was asked to end.
    """
    process, folder = os.getpid(), _working_folder()
    try:
        with warnings.catch_warnings(), np.errstate(), fault_tolerant_streams(), exits_raised():
            return call()
    except Interrupted:
        raise
    except BaseException as error:
        return failure_of(error)
    finally:
        if os.getpid() != process:
            os._exit(1)
        with suppress(OSError):
            os.chdir(folder or ".")


def failure_of(error: BaseException) -> Failure:
    """Convert an exception, with the file and line of the user's code if it is in the traceback."""
    place = user_code_location(error)
    reason = f"{describe_error(error)} ({place})" if place else describe_error(error)
    try:
        trace = "".join(traceback.format_exception(error))
    except BaseException:  # formatting calls methods of the error's class, which may be the user's
        trace = reason
    return Failure(reason=reason, traceback=trace)


def _working_folder() -> str | None:
    """Return the working folder; None if it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return None
