"""Standard streams whose failures cost no work: closed, full, or left by their reader."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

NAMES = ("stdin", "stdout", "stderr")
READER_GONE = (errno.EPIPE, errno.EIO, errno.EBADF)  # nobody reads any more; other errors, such as a full disk, may pass


class FaultTolerantStream:
    """Text stream that drops what cannot be written instead of raising.

    Args:
        stream: the stream under it.
        lost: called once, with the first error.

    Attributes:
        error: the first error, None while all went well.
    """

    def __init__(self, stream: TextIO, lost: Callable[[OSError], None] = lambda error: None) -> None:
        self.error: OSError | None = None
        self._stream, self._lost = stream, lost

    def write(self, text: str) -> int:
        with self._dropping():
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._dropping():
            self._stream.flush()

    def close(self) -> None:
        """Only flush: the stream is not this one's own."""
        self.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except ValueError:  # somebody has closed it
            pass
        except OSError as error:
            if error.errno in READER_GONE:
                redirect_to_null(self._stream)
            if self.error is None:
                self.error = error
                self._lost(error)


def redirect_to_null(stream: TextIO) -> None:
    """Redirect the stream's descriptor to the null device, for this process and those it starts."""
    with suppress(OSError, ValueError):
        descriptor, null = stream.fileno(), os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
        stream.flush()


def reopen_closed() -> None:
    """Open each standard stream that the caller has closed (`>&-`) on the null device.

    Its descriptor would else be that of the next file opened, a database for example, into which whatever is printed
    would be written.
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
def fault_tolerant_streams(lost: Callable[[OSError], None] = lambda error: None) -> Iterator[FaultTolerantStream]:
    """Within, printing does not raise, whatever becomes of the standard streams; gives the standard output.

    Letters that the encoding of the terminal does not have are written as escapes.

    Args:
        lost: called when the standard output cannot be written, other than because its reader has left.
    """
    reopen_closed()
    before = sys.stdout, sys.stderr
    for stream in before:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    out = FaultTolerantStream(sys.stdout, lambda error: None if error.errno == errno.EPIPE else lost(error))
    err = FaultTolerantStream(sys.stderr)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def flush_at_exit() -> None:
    """Flush the streams and discard what cannot be written, which would change the exit status when Python ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            redirect_to_null(stream)
