"""Retries of calls to a tracking server that is temporarily unavailable, up to a time limit.

MLflow's own retries are turned off: they would create a run twice if the answer to the first request was lost, they log
nothing while they wait, and they apply their limit to each request separately.

This does not use `tenacity`: the limit is shared between calls and may change during one, each retry first looks for the
result of the lost request, and recovery is logged. That takes five callbacks, which are longer than the loop.
"""

import logging
import re
import time
from collections.abc import Callable
from typing import TypeVar

import requests

logger = logging.getLogger(__name__)

T = TypeVar("T")

SERVER_TIMEOUT = 120.0  # seconds, unless `tracking.patience` says otherwise
PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds between tries; the last one is repeated
UNAVAILABLE = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.RetryError,
    requests.exceptions.ChunkedEncodingError,
)


class ServerUnavailable(Exception):
    """The server did not answer within the time limit, or refused the credentials."""


class Retrier:
    """Calls a server and retries while it is unavailable. Thread-safe.

    Args:
        shown_uri: the server's URI without a password, for messages.
        patience: seconds after which a call is given up. Later calls are then tried once, until one succeeds.

    Attributes:
        given_up: the last call reached the time limit, and none has succeeded since.
    """

    def __init__(self, shown_uri: str, patience: float) -> None:
        self.shown_uri, self.patience = shown_uri, patience
        self.given_up = False

    def call(self, call: Callable[[], T], find_result: Callable[[], T | None] = lambda: None) -> T:
        """Return the result of `call`, retrying while the server is unavailable.

        Args:
            call: the request; idempotent unless `find_result` is given.
            find_result: called before each retry; returns the result of a request whose answer was lost, else None.

        Raises:
            ServerUnavailable: the time limit is reached, or the server refuses the credentials.
        """
        started, tries = time.monotonic(), 0
        while True:
            try:
                found = find_result() if tries else None
                result = call() if found is None else found
            except Exception as error:
                if is_access_denied(error):
                    raise ServerUnavailable(self.shown_uri) from error
                if not is_unavailable(error):
                    raise
                if self.given_up or time.monotonic() - started >= self.patience:
                    self.given_up = True
                    raise ServerUnavailable(self.shown_uri) from error
                if tries == 1:
                    logger.warning("%s does not answer: waiting, for up to %g s", self.shown_uri, self.patience)
                time.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
                tries += 1
            else:
                if self.given_up or tries > 1:
                    logger.warning("%s answers again", self.shown_uri)
                self.given_up = False
                return result


def is_unavailable(error: BaseException | None) -> bool:
    """Whether the server could not be reached or could not answer, as opposed to rejecting the request."""
    while error is not None:
        if isinstance(error, UNAVAILABLE):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_access_denied(error: BaseException) -> bool:
    """Whether the server answered 401 or 403."""
    return re.search(r"\b(error code|Client Error:|status code) ?(401|403)\b|\b(401|403) Client Error", str(error)) is not None
