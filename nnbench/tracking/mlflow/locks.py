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

LOCKED = "database is locked"  # as SQLite says it
LOCK_TIMEOUT = 2.0  # seconds to wait for another program that holds the file, before another try
LONGEST_WAIT = 600.0  # seconds until the tries are given up


def patiently(call: Callable[[], T]) -> T:
    """Call, again while another program holds the database, and say so once.

    Raises:
        OperationalError, MlflowException: it is still held after ten minutes, or something else is wrong.
    """
    started, told = time.monotonic(), False
    while True:
        try:
            return call()
        except (OperationalError, sqlite3.OperationalError, MlflowException) as error:
            if LOCKED not in str(error) or time.monotonic() - started > LONGEST_WAIT:
                raise
        if not told:
            logger.warning("another program is writing to the store: waiting for it")
            told = True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Within, no other process that shares the folder makes anything in the same store; may be nested in one thread."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "making.lock", is_singleton=True)  # one object a path counts how often its thread has it
    try:
        lock.acquire(timeout=LOCK_TIMEOUT)
    except Timeout:
        logger.warning("another process is making something in the store: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
