"""Pages of reports from other installed packages, which name them in the entry point group `nnbench.pages`."""

import logging
import re
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from nnbench.core.signals import asks_to_end
from nnbench.core.user_code import describe_error, exits_raised, user_code_location

logger = logging.getLogger(__name__)

GROUP = "nnbench.pages"


@cache
def installed_pages() -> dict[str, EntryPoint]:
    """Return the entry points by the name of the page, without those whose name could not be the name of a file."""
    found = {}
    for entry in entry_points(group=GROUP):  # takes 30 ms: the metadata of every package are read
        if re.fullmatch(r"[a-z][a-z0-9_]{0,59}", entry.name):
            found[entry.name] = entry
        else:
            logger.warning("%s: the page %r is left out; its name must be of a-z, 0-9 and _", entry.value, entry.name)
    return found


def load_page(name: str) -> Any:
    """Import the function of an installed page.

    Raises:
        RuntimeError: that fails, or the object is no function; the text says in which package.
    """
    entry = installed_pages()[name]
    try:
        with exits_raised():
            function = entry.load()
    except BaseException as error:  # the module may raise anything, SystemExit included
        if asks_to_end(error):
            raise
        place = f" ({where})" if (where := user_code_location(error)) else ""
        raise RuntimeError(f"{entry.value} cannot be imported: {describe_error(error)}{place}") from error
    if not callable(function):
        raise RuntimeError(f"{entry.value} is no function")
    return function
