"""One lock file per writer, to distinguish live writers from dead ones.

A run that is RUNNING belongs to a live writer or was left by a dead one. A process id cannot tell: ids are reused, and
mean nothing in another container or on another machine that shares the folder. The kernel frees a lock when its holder
ends, for whatever reason.
"""

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout


class WriterLock:
    """A lock file held until `release` or the end of the process.

    Attributes:
        token: identifies the writer in its runs' tags: host, process id and eight random hexadecimal digits.
    """

    def __init__(self, folder: Path) -> None:
        self.token = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._path = folder / f"{self.token}.writer"
        self._lock = FileLock(self._path, thread_local=False)
        self._lock.acquire()

    def release(self) -> None:
        """Release and delete the lock file, once all runs of this writer are closed."""
        self._lock.release()
        self._path.unlink(missing_ok=True)


def dead_writers(folder: Path) -> Iterator[str]:
    """Yield the tokens of writers that ended without `release`; each lock file is deleted when the iteration goes on."""
    for path in folder.glob("*.writer"):
        try:
            with FileLock(path, timeout=0):
                yield path.stem
                path.unlink(missing_ok=True)
        except Timeout:
            continue
