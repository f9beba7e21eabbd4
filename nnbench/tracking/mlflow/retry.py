"""The line to a tracking server: a call over it waits while the server is away, for a stated time.

MLflow's own retries are turned off: they would make a run twice where the answer to the first request was lost, they say
nothing while they wait, and they wait for each request anew.
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
PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds between tries; the last one again and again
AWAY = (requests.ConnectionError, requests.Timeout, requests.exceptions.RetryError, requests.exceptions.ChunkedEncodingError)


class Gone(Exception):
    """The server has not answered for as long as its caller is ready to wait, or no longer lets it in."""


class Line:
    """Calls a server, and again while it is away; any number of threads may share one.

    Args:
        shown_uri: of the server, without a password.
        patience: seconds until a call is given up; after that one try is all that each gets, until one succeeds.

    Attributes:
        given_up: the server did not answer in time, nor has it since.
    """

    def __init__(self, shown_uri: str, patience: float) -> None:
        self.shown_uri, self.patience = shown_uri, patience
        self.given_up = False

    def ride(self, call: Callable[[], T], done: Callable[[], T | None] = lambda: None) -> T:
        """What `call` returns, once the server has answered.

        Args:
            call: may be made again without harm, or `done` tells.
            done: before another try, finds what the one before has done if only its answer was lost.

        Raises:
            Gone: it did not, or it wants another password.
        """
        started, tries = time.monotonic(), 0
        while True:
            try:
                found = done() if tries else None
                result = call() if found is None else found
            except Exception as error:
                if locked_out(error):
                    raise Gone(self.shown_uri) from error
                if not away(error):
                    raise
                if self.given_up or time.monotonic() - started >= self.patience:
                    self.given_up = True
                    raise Gone(self.shown_uri) from error
                if tries == 1:
                    logger.warning("%s does not answer: waiting, for up to %g s", self.shown_uri, self.patience)
                time.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
                tries += 1
            else:
                if self.given_up or tries > 1:
                    logger.warning("%s answers again", self.shown_uri)
                self.given_up = False
                return result


def away(error: BaseException | None) -> bool:
    """Whether the server could not be reached, or was not fit to answer, as opposed to refusing what it was asked."""
    while error is not None:
        if isinstance(error, AWAY):
            return True
        error = error.__cause__ or error.__context__
    return False


def locked_out(error: BaseException) -> bool:
    """Whether the server does not know who is asking, or does not let them."""
    return re.search(r"\b(error code|Client Error:|status code) ?(401|403)\b|\b(401|403) Client Error", str(error)) is not None
