"""The command that reports on what an interrupted sweep has left, to be copied into the shell it was started from."""

import re
import shlex
from collections.abc import Iterable

from hydra.core.override_parser.types import Quote, QuotedString

from nnbench.core.console import python_command
from nnbench.core.redaction import redacted


def report_command(study: str, words: Iterable[str]) -> str:
    """The command, quoted for the shell, its values for Hydra too.

    Args:
        study: its name.
        words: of the sweep's command line; those that say where the store and the reports are hold for the report as well.
    """
    plain = re.fullmatch(r"[\w.-]+", study)
    name = study if plain else QuotedString(text=study, quote=Quote.single).with_quotes()
    return f"{python_command()} -m nnbench report {redacted(shlex.join([f'study={name}', *filter(_says_where, words)]))}"


def _says_where(word: str) -> bool:
    key, given, _ = word.lstrip("+").partition("=")
    return bool(given) and (key in ("tracking", "report.folder") or key.startswith("tracking."))
