"""Log of the exceptions raised while a report is made; each affects only its own page or file."""

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

LOG = "report.log"  # beside the report; written only if there was an exception
_LONGEST = 200  # characters of a reason

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LoggedError:
    """One exception.

    Attributes:
        part: name of the page or file that could not be made.
        reason: the exception in one line.
        traceback: in full.
    """

    part: str
    reason: str
    traceback: str


@dataclass
class ErrorLog:
    """Exceptions of one report, in the order in which they were raised."""

    logged: list[LoggedError] = field(default_factory=list)

    def run(self, part: str, make: Callable[[], T]) -> T | None:
        """Call `make` and return its result; log the exception and return None if it raises."""
        try:
            return make()
        except Exception as error:
            self.add(part, error)
            return None

    def add(self, part: str, error: Exception) -> str:
        """Add a caught exception and return a one-line reason."""
        text = "".join(traceback.format_exception(error))
        self.logged.append(LoggedError(part=part, reason=_reason(error), traceback=text))
        logger.info("report: %s: %s", part, text)
        return f"making it raised {self.logged[-1].reason} (the traceback is in {LOG})"

    def text(self) -> str:
        """The text of the log file."""
        return "\n".join(f"{error.part}\n{'=' * len(error.part)}\n{error.traceback}" for error in self.logged)


def _reason(error: Exception) -> str:
    """The exception's type and the first line of its message."""
    message = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}{': ' if message else ''}{message[:_LONGEST].rstrip('.')}"
