"""Which writers are alive: a lock file for each, held while it writes.

A run left RUNNING belongs to a writer that is dead, or to one that is at work beside us. A process id would not tell:
it is given out again, and means nothing in another container or on another machine that shares the folder. A lock does:
the kernel frees it with its holder, whatever ended it.
"""

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout


class Presence:
    """The sign that this writer is at work, until `leave` or the end of the process.

    Attributes:
        token: what a run says of its writer, for a reader to recognise: host, process id, and eight random letters.
    """

    def __init__(self, folder: Path) -> None:
        self.token = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._path = folder / f"{self.token}.writer"
        self._lock = FileLock(self._path, thread_local=False)
        self._lock.acquire()

    def leave(self) -> None:
        """Take the sign away: nothing of this writer's is open."""
        self._lock.release()
        self._path.unlink(missing_ok=True)


def departed(folder: Path) -> Iterator[str]:
    """The tokens of writers that ended without leaving. Each sign is taken away once its token has been dealt with."""
    for path in folder.glob("*.writer"):
        try:
            with FileLock(path, timeout=0):
                yield path.stem
                path.unlink(missing_ok=True)
        except Timeout:
            continue
