"""Ctrl-C and SIGTERM as exceptions, so that what was done is kept before the program ends."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)
TWICE = 0.2  # seconds; what comes again sooner is the same wish: `timeout` signals its command, then the whole group


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
    """Within, the first SIGINT or SIGTERM raises `Interrupted`; the next one ends the process at once.

    At once, also while the main thread waits for a database in C, for seconds or minutes: Python calls a handler only
    after that, and once for however many signals there were. A thread of its own hears of each as it comes.
    """
    asked = False

    def once(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            return
        asked = True
        if _Pending.holding:
            _Pending.number = number
        else:
            raise Interrupted(number)

    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    listener = threading.Thread(target=_listen, args=[ear], daemon=True)
    listener.start()
    wakeup = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, once) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        mouth.close()
        listener.join()
        ear.close()


def _listen(ear: socket.socket) -> None:
    """Hear the signals, a byte each, until nobody sends any more; the second one that asks for the end is the end."""
    asked: float | None = None
    while heard := ear.recv(1):
        if heard[0] not in ENDING:
            continue
        if asked is None:
            asked = time.monotonic()
            if _Pending.holding:
                # Straight to the descriptor: the main thread may be in the middle of a print.
                os.write(2, b"\nending as soon as the store has answered; once more ends at once\n")
        elif time.monotonic() - asked > TWICE:
            os._exit(128 + heard[0])


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
