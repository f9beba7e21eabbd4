"""Preparation of a command's arguments for Hydra: decoding, expansion of short forms, order, checks."""

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

from nnbench.config.axis_syntax import ZIP, rewritten
from nnbench.core.errors import UserError
from nnbench.core.keys import BUDGET

CURVES = {"curves": ("loss", "accuracy")}  # alias -> pages
# Prefixes of the keys that only a sweep uses; a single run would ignore them.
SWEEP_KEYS = ("hydra.sweeper", "hydra/sweeper", "hydra.launcher", "hydra/launcher", "grids", ZIP, "space", "tuning", "extend")
GRAMMAR_CHARACTERS = re.compile(r"""['"\[\](){}$\\=:]""")  # have a meaning in Hydra's grammar, so the user has to quote them

REPORT_KEYS = ("from", "pages")  # keys of `nnbench report` only


def key_of(argument: str) -> str:
    """Return the key of KEY=VALUE, without Hydra's prefixes + and ~."""
    return argument.lstrip("+~").partition("=")[0]


def decode_arguments(arguments: Sequence[str]) -> list[str]:
    """Decode the arguments as UTF-8 and quote non-ASCII values, which Hydra's grammar does not accept unquoted.

    Raises:
        UserError: an argument is empty, has no key, is not UTF-8, or has characters that the locale cannot encode.
    """
    texts = []
    for argument in arguments:
        if not argument:
            raise UserError("an empty argument: must be KEY=VALUE; a shell variable may not be set")
        if argument.startswith("="):
            raise UserError(f"{argument}: has no key; must be KEY=VALUE")
        try:
            text = os.fsencode(argument).decode()
        except UnicodeDecodeError:
            raise UserError(f"{os.fsencode(argument).decode(errors='backslashreplace')}: is not UTF-8") from None
        if not text.isascii() and sys.getfilesystemencoding() != "utf-8":
            raise UserError(f"{text}: has characters that this locale cannot encode; set PYTHONUTF8=1 in the environment")
        texts.append(_quoted(_as_axis(text)))
    return texts


def _as_axis(argument: str) -> str:
    """Rewrite `training.budgets=[100,1000]` as the axis `training.budget=100,1000`."""
    key, _, values = argument.partition("=")
    return f"{BUDGET}={values.strip().removeprefix('[').removesuffix(']')}" if key.lstrip("+") == f"{BUDGET}s" else argument


def _quoted(argument: str) -> str:
    key, sign, value = argument.partition("=")
    if value.isascii() or GRAMMAR_CHARACTERS.search(value):
        return argument
    return key + sign + ",".join(part if part.isascii() else f"'{part}'" for part in value.split(","))


def expand_short_forms(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """Translate the arguments of `nnbench report` for Hydra; return them and the folder of `from=FOLDER`, or None.

    `study=a,b` is quoted, since Hydra would read the comma as a sweep.
    """
    source, rest = None, []
    for argument in arguments:
        key, value = "" if argument.startswith("~") else key_of(argument), argument.partition("=")[2]
        if key == "from":
            source = value.strip("'\"")
            if not source:
                raise UserError("from=: must be the folder of an exported study")
        elif key == "study" and "," in value:
            rest.append("study='{}'".format(value.replace("'", "").replace('"', "")))
        elif key == "pages":
            pages = [page for name in value.strip("[]").split(",") for page in CURVES.get(name.strip(), (name.strip(),))]
            rest.append(f"report.pages=[{','.join(pages)}]")
        else:
            rest.append(argument)
    return rest, source


def options_first(arguments: Sequence[str], conf: Path, *, sweeps: bool) -> list[str]:
    """Check the arguments and return them with options before overrides, the order that Hydra needs.

    Args:
        arguments: the arguments of the command.
        conf: the configuration folder.
        sweeps: whether the command can sweep.

    Raises:
        UserError: an option is unknown or not supported, or a group's value is not the name of an option.
    """
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]  # argparse prints the whole usage
    given = parser.parse_intermixed_args(list(arguments))
    if given.multirun and not sweeps:
        raise UserError("-m: is for sweeps; this command needs one study and no axes")
    if given.experimental_rerun:
        raise UserError(
            f"--experimental-rerun={given.experimental_rerun}: is not supported; repeat the command to resume a study"
        )
    if given.package is not None and not given.cfg:
        raise UserError(f"--package={given.package}: can only be used together with --cfg")
    if given.shell_completion and not re.fullmatch("(install|uninstall|query)=(bash|fish|zsh)", " ".join(given.overrides)):
        raise UserError("--shell-completion: must be with one of install, uninstall and query, =bash, =fish or =zsh")
    if given.shell_completion and given.overrides[0].startswith("query") and "COMP_LINE" not in os.environ:
        raise UserError(f"--shell-completion {given.overrides[0]}: is called by a shell, which sets COMP_LINE")
    if given.config_name and ("/" in given.config_name or os.path.isdir(conf / given.config_name)):
        group, _, option = given.config_name.partition("/")
        raise UserError(
            f"--config-name={given.config_name}: must be a complete config; to choose an option, give {group}={option}"
        )
    for argument in given.overrides:
        if digits := re.search(r"[\d_]{4301,}", argument):
            shown = f"{argument[: digits.start()]}{digits[0][:8]}..."
            raise UserError(f"{shown}: is a number of {len(digits[0]):,} digits; must have at most 4,300")
        key, value = key_of(argument), argument.partition("=")[2]
        if key in REPORT_KEYS:
            raise UserError(f"{argument}: is for nnbench report")
        if value.startswith(("[", "{", "$")) and ("/" in key or os.path.isdir(conf / key)):
            raise UserError(f"{argument}: must be one of the options of conf/{key}; a key of it is {key}.KEY=VALUE")
    options = [argument for argument in arguments if argument not in given.overrides]
    # Axes of a single option are not in the config, so they need to be added.
    arguments = [rewritten(argument) for argument in given.overrides]
    if sum(argument.startswith(f"++{ZIP}=") for argument in arguments) > 1:
        raise UserError(f"{ZIP}(...): is given twice; must be one list of settings")
    overrides = [f"++{argument}" if argument.startswith("grids.") else argument for argument in arguments]
    return [*options, *(_swept_options(overrides, conf) if given.multirun else overrides)]


def _swept_options(arguments: Sequence[str], conf: Path) -> list[str]:
    """Convert each override within a swept group into an axis with one value.

    Hydra would otherwise apply it to the group's default option, which may not have the key, before the sweeper runs.
    """
    swept = {key for argument in arguments if (key := key_of(argument)) and _is_axis(argument) and os.path.isdir(conf / key)}

    def is_within(argument: str) -> bool:
        return argument.lstrip("+").partition(".")[0] in swept and "=" in argument and not _is_axis(argument)

    return ["{0}=choice({2})".format(*argument.partition("=")) if is_within(argument) else argument for argument in arguments]


def _is_axis(argument: str) -> bool:
    try:
        return bool(OverridesParser.create().parse_override(argument).is_sweep_override())
    except HydraException:
        return False  # reported when Hydra parses it


def _refuse(message: str) -> NoReturn:
    raise UserError(f"{message}; --help lists all options")


def refuse_sweep_overrides() -> None:
    """Raise UserError if the arguments of a single run ask for a sweep."""
    config = HydraConfig.get()
    arguments = [*config.overrides.task, *config.overrides.hydra]
    given = {key_of(argument): argument for argument in arguments}
    for key, argument in given.items():
        if key.startswith(SWEEP_KEYS):
            raise UserError(f"{argument}: is for sweeps; give -m before it")
    requested = next((argument for key, argument in given.items() if key in ("experiment", "sweep")), "hydra.sweeper")
    if config.sweeper._target_.endswith(("TPESweeper", "TwoStageSweeper")):
        raise UserError(f"{requested}: is a search; give -m before it")
    if varied := [key for key in config.sweeper.get("params") or {} if key not in (*given, "study")]:
        raise UserError(f"{requested}: is a sweep over {' and '.join(varied)}; give -m before it")
