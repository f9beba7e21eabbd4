"""Preparation of a command's words for Hydra: decode, expand short forms, order, check."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from nnbench.core.errors import UserError

CURVES = {"curves": ("loss", "accuracy")}  # a short name for two pages
# What steers a sweep, and would be ignored by a single run.
SWEEP_KEYS = ("hydra.sweeper", "hydra/sweeper", "hydra.launcher", "hydra/launcher", "grids", "space", "tuning", "extend")
GRAMMAR_CHARACTERS = re.compile(r"""['"\[\](){}$\\=:]""")  # in a value: Hydra's grammar, which its writer has to quote


REPORT_KEYS = ("from", "pages")  # words of the report's command alone


def key_of(word: str) -> str:
    """Return the key of KEY=VALUE, without the signs that Hydra allows before it."""
    return word.lstrip("+~").partition("=")[0]


def decode_arguments(words: Sequence[str]) -> list[str]:
    """Decode the words as UTF-8 and quote letters beyond ASCII, which Hydra's grammar does not have.

    Raises:
        UserError: a word is not UTF-8, or names what the locale's file names cannot.
    """
    texts = []
    for word in words:
        if not word:
            raise UserError("an empty word: must be KEY=VALUE; an unset variable of the shell, perhaps")
        if word.startswith("="):
            raise UserError(f"{word}: names no key; must be KEY=VALUE")
        try:
            text = os.fsencode(word).decode()
        except UnicodeDecodeError:
            raise UserError(f"{os.fsencode(word).decode(errors='backslashreplace')}: is not UTF-8") from None
        if not text.isascii() and sys.getfilesystemencoding() != "utf-8":
            raise UserError(f"{text}: holds letters that this locale does not have; set PYTHONUTF8=1 in the environment")
        texts.append(_quoted(text))
    return texts


def _quoted(word: str) -> str:
    key, sign, value = word.partition("=")
    if value.isascii() or GRAMMAR_CHARACTERS.search(value):
        return word
    return key + sign + ",".join(part if part.isascii() else f"'{part}'" for part in value.split(","))


def expand_short_forms(words: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the words of the report's command as Hydra reads them, and the folder of `from=FOLDER`.

    To Hydra the comma of `study=a,b` would begin a sweep.
    """
    source, rest = None, []
    for word in words:
        key, value = "" if word.startswith("~") else key_of(word), word.partition("=")[2]
        if key == "from":
            source = value.strip("'\"")
            if not source:
                raise UserError("from=: must be the folder of a study's export")
        elif key == "study" and "," in value:
            rest.append("study='{}'".format(value.replace("'", "").replace('"', "")))
        elif key == "pages":
            pages = [page for name in value.strip("[]").split(",") for page in CURVES.get(name.strip(), (name.strip(),))]
            rest.append(f"report.pages=[{','.join(pages)}]")
        else:
            rest.append(word)
    return rest, source


def options_first(words: Sequence[str], conf: Path, *, sweeps: bool) -> list[str]:
    """Return the words with the options first: Hydra fails to parse an override before an option.

    Args:
        words: of the command.
        conf: the folder of the configuration.
        sweeps: whether the command can sweep.

    Raises:
        UserError: an option is unknown, or a group is given what is no option of it.
    """
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]  # its own way is eight lines long
    given = parser.parse_intermixed_args(list(words))
    if given.multirun and not sweeps:
        raise UserError("-m: is for sweeps; give this command one study, and no axes")
    if given.experimental_rerun:
        raise UserError(f"--experimental-rerun={given.experimental_rerun}: is not for nnbench, where the same command resumes")
    if given.package is not None and not given.cfg:
        raise UserError(f"--package={given.package}: can only be used in conjunction with --cfg")
    if given.shell_completion and not re.fullmatch("(install|uninstall|query)=(bash|fish|zsh)", " ".join(given.overrides)):
        raise UserError("--shell-completion: must be with one of install, uninstall and query, =bash, =fish or =zsh")
    if given.shell_completion and given.overrides[0].startswith("query") and "COMP_LINE" not in os.environ:
        raise UserError(f"--shell-completion {given.overrides[0]}: is for a shell, which says in COMP_LINE what was typed")
    if given.config_name and ("/" in given.config_name or os.path.isdir(conf / given.config_name)):
        group, _, option = given.config_name.partition("/")
        raise UserError(
            f"--config-name={given.config_name}: must be a whole config; to choose an option, give {group}={option}"
        )
    for word in given.overrides:
        if digits := re.search(r"[\d_]{4301,}", word):
            shown = f"{word[: digits.start()]}{digits[0][:8]}..."
            raise UserError(f"{shown}: is a number of {len(digits[0]):,} digits; Python reads at most 4,300")
        key, value = key_of(word), word.partition("=")[2]
        if key in REPORT_KEYS:
            raise UserError(f"{word}: is for nnbench report")
        if value.startswith(("[", "{", "$")) and ("/" in key or os.path.isdir(conf / key)):
            raise UserError(f"{word}: must be one of the options of conf/{key}; a key of it is {key}.KEY=VALUE")
    options = [word for word in words if word not in given.overrides]
    # An axis of one option alone is no key of the config until somebody names it.
    overrides = [f"++{word}" if word.startswith("grids.") else word for word in given.overrides]
    return [*options, *(_within_swept(overrides, conf) if given.multirun else overrides)]


def _within_swept(words: Sequence[str], conf: Path) -> list[str]:
    """Turn a value for an option of a swept group into an axis of one value.

    To a value Hydra holds the group's default option, which may not know its key, before a sweeper hears of it.
    """
    swept = {key for word in words if (key := key_of(word)) and _is_axis(word) and os.path.isdir(conf / key)}

    def within(word: str) -> bool:
        return word.lstrip("+").partition(".")[0] in swept and "=" in word and not _is_axis(word)

    return ["{0}=choice({2})".format(*word.partition("=")) if within(word) else word for word in words]


def _is_axis(word: str) -> bool:
    try:
        return bool(OverridesParser.create().parse_override(word).is_sweep_override())
    except HydraException:
        return False  # is told of when Hydra itself reads it


def _refuse(message: str) -> NoReturn:
    raise UserError(f"{message}; --help lists all options")


def refuse_sweep_overrides() -> None:
    """Refuse a single run whose words ask for a sweep."""
    config = HydraConfig.get()
    words = [*config.overrides.task, *config.overrides.hydra]
    given = {key_of(word): word for word in words}
    for key, word in given.items():
        if key.startswith(SWEEP_KEYS):
            raise UserError(f"{word}: steers a sweep, so it needs -m before it")
    asked = next((word for key, word in given.items() if key in ("experiment", "sweep")), "hydra.sweeper")
    if config.sweeper._target_.endswith(("TPESweeper", "TwoStageSweeper")):
        raise UserError(f"{asked}: tunes, so it needs -m before it")
    if varied := [key for key in config.sweeper.get("params") or {} if key not in (*given, "study")]:
        raise UserError(f"{asked}: is a sweep over {' and '.join(varied)}, so it needs -m before it")
