"""What a job's code raises, as text that a store, a terminal and a file can take.

An optimizer or a dataset of a user's own may raise anything: a subclass of `BaseException`, a text with lone surrogates, an
error that has no text or cannot be pickled. Here alone that becomes a `Failure`.
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
    """What `call` returns, or why it does not; `call` runs a user's code.

    What that code changes in the process is undone: the filters of warnings, what NumPy does about
    floating-point errors, and the working folder. A child that it has
    forked, which would go on as if it were this process, ends here.

    Raises:
        Interrupted: somebody asked this process to end.
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
    """The failure that `error` stands for, with the file and line of the user's own code where it went through that."""
    place = user_code_location(error)
    reason = f"{describe_error(error)} ({place})" if place else describe_error(error)
    try:
        trace = "".join(traceback.format_exception(error))
    except BaseException:  # formatting calls methods of the error's class, which may be the user's
        trace = reason
    return Failure(reason=reason, traceback=trace)


def _working_folder() -> str | None:
    """None where it has been deleted."""
    try:
        return os.getcwd()
    except OSError:
        return None
