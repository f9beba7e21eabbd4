"""Ctrl-C and SIGTERM as exceptions, so that what was done is kept before the program ends."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """Someone asked the program to end. `status` is the exit status by the shell's custom: 128 + the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


class _Pending:
    """Whether the signal has to wait, and which one does."""

    holding = 0
    number: int | None = None


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, the first SIGINT or SIGTERM raises `Interrupted`; the next one ends the process at once."""

    def once(number: int, frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        if _Pending.holding:
            # Straight to the descriptor: a print could be interrupted in the middle of another one.
            os.write(2, b"\nending as soon as the store has answered; once more ends at once\n")
            _Pending.number = number
        else:
            raise Interrupted(number)

    before = {number: signal.signal(number, once) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within, `Interrupted` waits: for steps that leave something half done, such as a run that is opened but not known."""
    _Pending.holding += 1
    try:
        yield
    finally:
        _Pending.holding -= 1
        number, _Pending.number = _Pending.number, None
        if number is not None:
            raise Interrupted(number)
