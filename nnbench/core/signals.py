"""Conversion of SIGINT, SIGTERM and SIGHUP into exceptions, so that finished work is saved before the program ends."""

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
REPEAT_WINDOW = 0.2  # seconds within which a second signal repeats the first: `timeout` signals its command, then the group


class Interrupted(BaseException):
    """Request to end the program, by a signal.

    Attributes:
        number: of the signal.
        status: exit status by the shell's convention, 128 + `number`.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.status = 128 + number


class _State:
    """State of the main thread.

    Attributes:
        deferring: depth of nested `uninterrupted` blocks.
        pending: the signal that waits for the end of these blocks.
        received: the first signal, if any.
    """

    deferring = 0
    pending: int | None = None
    received: int | None = None


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` at the first signal in `END_SIGNALS`; the second one ends the process immediately.

    The second signal is handled by a thread that reads Python's wakeup descriptor: Python calls a signal handler only
    between two instructions of the main thread, which may be waiting for a database for minutes.

    An exception raised within a finalizer, or in C code that discards it, is lost. Therefore `checkpoint` raises it again, and
    so does the end of the block, whatever other error the lost one has caused. A SIGHUP that was ignored before, as by
    `nohup`, stays ignored. Outside the main thread, which cannot have handlers, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if _State.received is not None:
            return
        _State.received = number
        if _State.deferring:
            _State.pending = number
        else:
            raise Interrupted(number)

    reader, writer = socket.socketpair()
    writer.setblocking(False)
    listener = threading.Thread(target=_listen, args=[reader], daemon=True)
    listener.start()
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    # SIGINT is handled even where it was ignored: a shell script ignores it for its background jobs, but a SIGINT sent to
    # this process is intended.
    handled = [number for number in END_SIGNALS if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN]
    handlers = {number: signal.signal(number, handle) for number in handled}
    hook = sys.unraisablehook
    sys.unraisablehook = lambda lost: None if lost.exc_type is Interrupted else hook(lost)
    try:
        yield
        checkpoint()
    except Interrupted:
        raise
    except BaseException as error:
        if _State.received is None:
            raise
        if isinstance(error, UserError):  # raised while the program was ending, such as a store that cannot be written
            logger.warning("%s", error)
        raise Interrupted(_State.received) from error
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        sys.unraisablehook = hook
        writer.close()
        listener.join()
        reader.close()
        _State.received = None


def checkpoint() -> None:
    """Raise `Interrupted` again if it was lost; to be called between the steps of long work."""
    if _State.received is not None and not _State.deferring:
        raise Interrupted(_State.received)


def asks_to_end(error: BaseException) -> bool:
    """Return whether an error comes from a signal to this process, rather than from the code that was called.

    A `KeyboardInterrupt` does only under Python's own handler, which `interruptible` and workers replace.
    """
    if isinstance(error, KeyboardInterrupt):
        return signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return isinstance(error, Interrupted)


def _listen(reader: socket.socket) -> None:
    """Read the signals, one byte each, until the other end is closed; end the process at the second one."""
    first: float | None = None
    while data := reader.recv(1):
        number = data[0]
        if number not in END_SIGNALS:
            continue
        if first is None:
            first = time.monotonic()
            if _State.deferring:
                # Straight to the descriptor: the main thread may be in the middle of a print.
                with suppress(OSError):  # the terminal may be closed
                    os.write(2, b"\nending after the current write to the store; interrupt again to end immediately\n")
        elif number != signal.SIGHUP and time.monotonic() - first > REPEAT_WINDOW:  # a shell may repeat SIGHUP
            os._exit(128 + number)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Defer `Interrupted` to the end of the block, for steps that must not be left half done, such as opening a run.

    Outside the main thread it is never raised, and this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _State.deferring += 1
    try:
        yield
    finally:
        _State.deferring -= 1
        number, _State.pending = _State.pending, None
        if number is not None:
            raise Interrupted(number)
