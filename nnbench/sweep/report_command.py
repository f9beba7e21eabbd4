"""Shell command that makes the report of an interrupted sweep, printed for the user to copy."""

import re
import shlex
from collections.abc import Iterable

from hydra.core.override_parser.types import Quote, QuotedString

from nnbench.core.console import python_command
from nnbench.core.redaction import redacted


def report_command(study: str, arguments: Iterable[str]) -> str:
    """Return the command, quoted for the shell and for Hydra.

    Args:
        study: its name.
        arguments: those of the sweep; the ones on the store and on the folder of reports are taken over.
    """
    plain = re.fullmatch(r"[\w.-]+", study)
    name = study if plain else QuotedString(text=study, quote=Quote.single).with_quotes()
    return f"{python_command()} -m nnbench report {redacted(shlex.join([f'study={name}', *filter(_is_location, arguments)]))}"


def _is_location(argument: str) -> bool:
    key, given, _ = argument.lstrip("+").partition("=")
    return bool(given) and (key in ("tracking", "report.folder") or key.startswith("tracking."))
