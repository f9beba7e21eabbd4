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

from nnbench.tracking.damage import HINT
from nnbench.tracking.faults import LOCKED

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 600.0  # seconds until a wait is given up


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
            if LOCKED not in str(error) or time.monotonic() - started > PATIENCE:
                raise
        if not told:
            logger.warning("another program is writing to the store: waiting for it")
            told = True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Within, no other process that shares the folder makes anything in the same store."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "making.lock")
    try:
        lock.acquire(timeout=HINT)
    except Timeout:
        logger.warning("another process is making something in the store: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
