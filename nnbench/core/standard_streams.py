"""Standard streams on which a write error raises nothing: closed, on a full disk, or without a reader."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

NAMES = ("stdin", "stdout", "stderr")
READER_GONE = (errno.EPIPE, errno.EIO, errno.EBADF)  # permanent; other errors, such as a full disk, may be temporary


class FaultTolerantStream:
    """Text stream that drops text it cannot write instead of raising.

    Args:
        stream: the underlying stream.
        on_error: called once, with the first error.

    Attributes:
        error: the first error, or None.
    """

    def __init__(self, stream: TextIO, on_error: Callable[[OSError], None] = lambda error: None) -> None:
        self.error: OSError | None = None
        self._stream, self._on_error = stream, on_error

    def write(self, text: str) -> int:
        with self._ignoring_errors():
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._ignoring_errors():
            self._stream.flush()

    def close(self) -> None:
        """Flush; the underlying stream stays open."""
        self.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _ignoring_errors(self) -> Iterator[None]:
        try:
            yield
        except ValueError:  # the stream is closed
            pass
        except OSError as error:
            if error.errno in READER_GONE:
                redirect_to_null(self._stream)
            if self.error is None:
                self.error = error
                self._on_error(error)


def redirect_to_null(stream: TextIO) -> None:
    """Redirect the stream's descriptor to the null device, for this process and its children."""
    with suppress(OSError, ValueError):
        descriptor, null = stream.fileno(), os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
        stream.flush()


def reopen_closed() -> None:
    """Open on the null device each standard stream that the caller has closed (`>&-`).

    Otherwise the next file opened, such as a database, would get its descriptor, and printed text would go into that file.
    """
    for descriptor, name in enumerate(NAMES):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor, which is this one
            os.set_inheritable(descriptor, True)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


@contextmanager
def fault_tolerant_streams(on_error: Callable[[OSError], None] = lambda error: None) -> Iterator[FaultTolerantStream]:
    """Ignore write errors on stdout and stderr within the block; yield stdout.

    Characters that the terminal's encoding lacks are written as escapes.

    Args:
        on_error: called when stdout cannot be written for another reason than a closed pipe.
    """
    reopen_closed()
    before = sys.stdout, sys.stderr
    for stream in before:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    out = FaultTolerantStream(sys.stdout, lambda error: None if error.errno == errno.EPIPE else on_error(error))
    err = FaultTolerantStream(sys.stderr)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def flush_at_exit() -> None:
    """Flush stdout and stderr, ignoring errors: an error in Python's own flush at exit would change the exit status."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            redirect_to_null(stream)
