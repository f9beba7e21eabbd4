"""Hydra's own complaints in this project's words: one line naming the key, the value and what is allowed."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nnbench.config import flatten
from nnbench.errors import UserError
from nnbench.validation import unknown_key


def as_user_error(error: Exception, conf: Path, words: Sequence[str]) -> str | None:
    """The line to show for `error`, or None where it is no mistake of the user's.

    Args:
        error: what ended the program.
        conf: the folder of the configuration, to look for near names in.
        words: the command line.
    """
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, ValueError) and str(error).startswith("Config group override"):
        return f"{' '.join(words)}: an option of a group must be one of the names in conf/"
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    text = " ".join(str(part) for part in (error, error.__cause__ or "")).strip()
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, option = (error.missing_cfg_file or "").rpartition("/")
        near = get_close_matches(option, error.options, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"{group}={option}: no such option; {hint}{group} knows {', '.join(sorted(error.options))}"
    if isinstance(error, OverrideParseException):
        return f"{error.override}: cannot be read; must be KEY=VALUE, quoted from the shell where it holds spaces or brackets"
    if found := re.search(r"resolving interpolation '\$\{(\w+)\}', possible", text):  # a group that another follows
        return f"{found[1]}=null: must be one of the options of conf/{found[1]}"
    if found := re.search(r"Ambiguous value for argument '([^']+)'", text):
        return f"{found[1]}: several values need -m before them, or brackets to be one list"
    if found := re.search(r"Could not (?:override|append to config|delete from config)\W+'([^']+)'", text):
        section, optimizer, rest = [*found[1].split(".", 2), "", ""][:3]
        if section == "space" and rest and (conf / "space" / f"{optimizer}.yaml").exists():
            return f"{found[1]}: no such key; space.{rest} is for every optimizer, conf/space/{optimizer}.yaml for {optimizer}"
        return unknown_key(found[1], _known(conf, words, found[1]))
    return _one_line(text)


def _known(conf: Path, words: Sequence[str], key: str) -> list[str]:
    """Names that could have been meant: keys beside `key` in the config without it, and groups for a bare word."""
    kept = [word for word in words if "=" in word and not word.startswith("-") and key not in word]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf), version_base="1.3"):
        try:
            tree: Any = OmegaConf.to_container(compose("config", [word for word in kept if "," not in word]))
        except (HydraException, OmegaConfBaseException):
            tree = OmegaConf.to_container(compose("config"))
    names = [name for name, _ in flatten(tree)]
    section = key.rpartition(".")[0]
    siblings = [name for name in names if name.rpartition(".")[0] == section]
    return siblings if section and siblings else [*names, *sorted({name.partition(".")[0] for name in names if "." in name})]


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
