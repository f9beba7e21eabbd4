"""Ctrl-C, SIGTERM and a terminal that closes as exceptions, so that what was done is kept before the program ends."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from nnbench.core.errors import UserError

logger = logging.getLogger(__name__)

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REPEAT_WINDOW = 0.2  # seconds; what comes again sooner is the same wish: `timeout` signals its command, then the whole group


class Interrupted(BaseException):
    """Someone asked the program to end. `status` is the exit status by the shell's custom: 128 + the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.status = 128 + number


class _State:
    """The signal that has come, if one has, and whether it has to wait."""

    holding = 0
    waiting: int | None = None
    asked: int | None = None


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, the first signal that asks for the end raises `Interrupted`; the next one ends the process at once.

    At once, also while the main thread waits for a database in C, for seconds or minutes: Python calls a handler only
    after that, and once for however many signals there were. A thread of its own hears of each as it comes.

    An exception that is raised within a finalizer, or in C code that drops it, is lost. So `checkpoint` raises it again,
    and so does the end of the block, whatever else the lost one has led to. A SIGHUP that was ignored before, as `nohup`
    does, stays ignored. Outside the main thread, which alone can have handlers, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def once(number: int, frame: FrameType | None) -> None:
        if _State.asked is not None:
            return
        _State.asked = number
        if _State.holding:
            _State.waiting = number
        else:
            raise Interrupted(number)

    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    listener = threading.Thread(target=_listen, args=[ear], daemon=True)
    listener.start()
    wakeup = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    # A shell script ignores SIGINT for what it starts in the background; whoever sends one to it by name does mean it.
    ending = [number for number in END_SIGNALS if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, once) for number in ending}
    complain = sys.unraisablehook
    sys.unraisablehook = lambda lost: None if lost.exc_type is Interrupted else complain(lost)
    try:
        yield
        checkpoint()
    except Interrupted:
        raise
    except BaseException as error:
        if _State.asked is None:
            raise
        if isinstance(error, UserError):  # met on the way out, such as a store that cannot be told
            logger.warning("%s", error)
        raise Interrupted(_State.asked) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        sys.unraisablehook = complain
        mouth.close()
        listener.join()
        ear.close()
        _State.asked = None


def checkpoint() -> None:
    """Raise `Interrupted` if it has been raised before and was lost; to be called between the steps of long work."""
    if _State.asked is not None and not _State.holding:
        raise Interrupted(_State.asked)


def asks_to_end(error: BaseException) -> bool:
    """Whether an error comes from a signal to this process; a `KeyboardInterrupt` comes from one by Python's own handler only.

    Where `interruptible` or a worker has replaced that handler, the code that was called has raised it itself.
    """
    if isinstance(error, KeyboardInterrupt):
        return signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return isinstance(error, Interrupted)


def _listen(ear: socket.socket) -> None:
    """Hear the signals, a byte each, until nobody sends any more; the second one that asks for the end is the end."""
    asked: float | None = None
    while heard := ear.recv(1):
        if heard[0] not in END_SIGNALS:
            continue
        if asked is None:
            asked = time.monotonic()
            if _State.holding:
                # Straight to the descriptor: the main thread may be in the middle of a print.
                with suppress(OSError):  # the terminal may have gone
                    os.write(2, b"\nending as soon as the store has answered; once more ends at once\n")
        elif heard[0] != signal.SIGHUP and time.monotonic() - asked > REPEAT_WINDOW:  # of which a shell tells again
            os._exit(128 + heard[0])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within, `Interrupted` waits: for steps that leave something half done, such as a run that is opened but not known.

    Outside the main thread, in which alone it is raised, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _State.holding += 1
    try:
        yield
    finally:
        _State.holding -= 1
        number, _State.waiting = _State.waiting, None
        if number is not None:
            raise Interrupted(number)
