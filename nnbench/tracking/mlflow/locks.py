"""Waiting for other processes that use the same store."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOCKED = "database is locked"  # in SQLite's message
LOCK_TIMEOUT = 2.0  # seconds that SQLite waits for a lock within one attempt
LONGEST_WAIT = 600.0  # seconds until retrying stops


def retry_while_locked(call: Callable[[], T]) -> T:
    """Return the result of `call`, retried while another process has the database locked; the wait is logged once.

    Raises:
        OperationalError, MlflowException: the database is still locked after ten minutes, or another error occurred.
    """
    # SQLite itself does the waiting, so that `tenacity` would only replace this loop by as many lines of callbacks.
    started, warned = time.monotonic(), False
    while True:
        try:
            return call()
        except (OperationalError, sqlite3.OperationalError, MlflowException) as error:
            if LOCKED not in str(error) or time.monotonic() - started > LONGEST_WAIT:
                raise
        if not warned:
            logger.warning("another program is writing to the store: waiting for it")
            warned = True


@contextmanager
def store_lock(folder: Path) -> Iterator[None]:
    """Hold the lock under which a store's tables and studies are created; reentrant within a thread."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "making.lock", is_singleton=True)  # one object per path counts how often its thread holds it
    try:
        lock.acquire(timeout=LOCK_TIMEOUT)
    except Timeout:
        logger.warning("another process is creating tables or a study in the store: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
