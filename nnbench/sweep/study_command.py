"""Shell command on the study of a sweep, printed for the user to copy."""

import re
import shlex
from collections.abc import Iterable

from hydra.core.override_parser.types import Quote, QuotedString

from nnbench.core.console import python_command
from nnbench.core.redaction import redacted


def study_command(name: str, study: str, arguments: Iterable[str]) -> str:
    """Return the command, quoted for the shell and for Hydra.

    Args:
        name: of the sub-command, such as `report`.
        study: its name.
        arguments: those of the sweep; the ones on the store and on the folder of reports are taken over.
    """
    plain = re.fullmatch(r"[\w.-]+", study)
    quoted = study if plain else QuotedString(text=study, quote=Quote.single).with_quotes()
    words = [f"study={quoted}", *filter(_is_location, arguments)]
    return f"{python_command()} -m nnbench {name} {redacted(shlex.join(words))}"


def _is_location(argument: str) -> bool:
    key, given, _ = argument.lstrip("+").partition("=")
    return bool(given) and (key in ("tracking", "report.folder") or key.startswith("tracking."))
