"""Translation of Hydra's errors into one line naming the key, the value and what is allowed."""

import errno
import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from nnbench.config.command_line import key_of
from nnbench.config.validate import allowed_values, unknown_key
from nnbench.core.errors import RESOURCE_ERRORS, UserError
from nnbench.core.paths import is_within

# What Hydra says -> what its user is told; what is found goes into the braces.
MESSAGES = {
    r"Ambiguous value for argument '([^']+)'": "{}: several values need -m before them, or brackets to be one list",
    r"Sweep parameters '([^']+)' requires --multirun": "{}: several values need -m before them",
    r"Sweeping over Hydra's configuration is not supported : '([^']+)'": "{}: must be one value for the whole of a sweep",
    r"An item is already at '([^']+)'": "+{0}: is there already; without the +, {0} is set",
    r"resolving interpolation '\$\{(\w+)\}', possible": "{0}=null: must be one of the options of conf/{0}",  # others follow it
    r"Cannot find primary config '([^']*)'": "--config-name={}: no such file; the one there is, is config",
    r"Additional config directory '([^']+)' not found": "--config-dir={}: no such folder",
    r"Invalid plugin '([^']+)'": "{}: is no plugin of Hydra's",
    r"(Only one of --run, --multirun, --cfg.*|The --resolve flag can only.*)": "{}",
}
FOLDER_KEYS = ("report.folder", "tracking.", "hydra.")  # begin the keys whose values are folders that are written


def as_user_error(
    error: Exception, conf: Path, words: Sequence[str], *, sweeps: bool = True, short: Sequence[str] = ()
) -> str | None:
    """The line to show for `error`, or None where it is no mistake of the user's.

    Args:
        error: what ended the program.
        conf: the folder of the configuration, to look for near names in.
        words: the command line.
        sweeps: whether the command can sweep.
        short: words that it knows besides the keys of the configuration.
    """
    if isinstance(error, UserError):
        return str(error)
    text = " ".join(str(part) for part in (error, error.__cause__ or "")).strip()
    if "Cannot find primary config" in text and (elsewhere := _config_path(words)):
        return f"--config-path={elsewhere}: holds no config.yaml; a folder with options of your own is --config-dir"
    if "`_target_`" in text:
        section = next((word for word in words if re.match(r"\+*hydra\.(sweeper|launcher)=", word)), "hydra.sweeper")
        return f"{section}: is a section; one of Hydra's is chosen by {section.partition('=')[0].replace('.', '/')}=NAME"
    for saying, line in MESSAGES.items():
        if found := re.search(saying, text):
            told = line.format(found[1])
            return told if sweeps else re.sub("several values need -m before them.*", "must be one value", told)
    if isinstance(error, ValueError) and text.startswith("Config group override"):
        of_groups = [word for word in words if os.path.isdir(conf / key_of(word))]
        return f"{' '.join(of_groups or words)}: an option of a group must be one of the names in conf/"
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return _of_a_file(error, words) if isinstance(error, OSError) else None
    if isinstance(error, MissingConfigException) and error.options is not None:
        missing = error.missing_cfg_file or ""
        group, _, option = (
            missing.partition("//") if "//" in missing else missing.rpartition("/")
        )  # of a path, it is all after
        near = get_close_matches(option, error.options, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        for folder in sorted(Path().glob("*/")):
            if os.path.isfile(folder / group / f"{option}.yaml"):
                hint = f"{folder / group / option}.yaml is there: give --config-dir {folder}; "
        return f"{group}={option}: no such option; {hint}{group} knows {', '.join(sorted(error.options))}"
    if isinstance(error, OverrideParseException):
        return f"{error.override}: cannot be read; must be KEY=VALUE{_advice(str(error.override))}"
    if isinstance(error, InterpolationResolutionError):
        reason = text.splitlines()[0].rpartition("interpolation: ")[2]
        return f"{next((word for word in words if '${' in word), 'the config')}: cannot be filled in: {reason}"
    if found := re.search(r"Could not (?:override|append to config|delete from config)\W+'([^']+)'", text):
        if near := get_close_matches(found[1], short, n=1):
            return f"{found[1]}: no such key; did you mean {near[0]}?"
        return _no_such_key(found[1], conf, words)
    if found := re.search(r"Error merging override (\S+)", text):
        known = allowed_values(found[1].partition("=")[0])
        return f"{found[1]}: must be {known}" if known else f"{found[1]}: {str(error.__cause__).splitlines()[0]}"
    return re.sub(r"\s+", " ", text)


def _config_path(words: Sequence[str]) -> str | None:
    """The folder that the words name as that of the whole configuration."""
    return get_args_parser().parse_intermixed_args(list(words)).config_path  # type: ignore[no-any-return]


def _advice(word: str) -> str:
    """How to write a word that Hydra's grammar cannot read."""
    key, sign, value = word.partition("=")
    if not sign or not re.fullmatch(r"[+~]*[\w./@-]+", key, re.ASCII):
        return ""
    if value.startswith("="):
        return f"; did you mean {key}{value}?"
    if re.search(r"""['"\[\](){}]""", value):
        return ", quoted from the shell where it holds spaces, quotes or brackets"
    return f"; where the value holds signs such as & or ;, give '{key}=\"{value}\"'"


def _of_a_file(error: OSError, words: Sequence[str]) -> str | None:
    """The line on a file that cannot be written or looked for, where a word names it or its folder; None for any other."""
    if error.errno in RESOURCE_ERRORS or not error.filename:
        return None
    if error.errno == errno.ENAMETOOLONG:  # Hydra looks for a file of the name
        name = Path(str(error.filename)).name.removesuffix(".yaml")
        return next((f"{word}: holds a name that is too long" for word in words if name in word), None)
    folders = (word for word in words if key_of(word).startswith(FOLDER_KEYS) and word.partition("=")[2])
    named = (word for word in folders if is_within(str(error.filename), word.partition("=")[2]))
    return next((f"{word}: cannot be written: {error.strerror}" for word in named), None)


def _no_such_key(key: str, conf: Path, words: Sequence[str]) -> str:
    if given := next((word for word in words if word.lstrip("+").startswith(f"{key}={{")), None):
        return f"{given}: holds a key that is not there; give {key}.KEY=VALUE"
    section, first, rest = [*key.split(".", 2), "", ""][:3]
    if section == "space" and rest and os.path.exists(conf / "space" / f"{first}.yaml"):
        return f"{key}: no such key; space.{rest} is for every optimizer, conf/space/{first}.yaml for {first}"
    if section == "space" and (owners := _owners(first, conf)):
        files = ", ".join(f"conf/space/{owner}.yaml" for owner in owners)
        return f"{key}: no such key for every optimizer here; {first} is of {', '.join(owners)}, so change {files}"
    return unknown_key(key, _composed(conf, words, key))


def _owners(hyperparameter: str, conf: Path) -> list[str]:
    """The optimizers whose space has this axis."""
    files = sorted((conf / "space").glob("*.yaml"))
    return [file.stem for file in files if hyperparameter in yaml.safe_load(file.read_text(encoding="utf-8"))]


def _composed(conf: Path, words: Sequence[str], key: str) -> dict[str, Any]:
    """The config that the other words compose, to look for near names in, and every group by its name."""
    kept = [word for word in words if "=" in word and not word.startswith("-") and key not in word and "," not in word]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf), version_base="1.3"):
        try:
            config = compose("config", kept, return_hydra_config=True)
        except (HydraException, OmegaConfBaseException):
            config = compose("config", return_hydra_config=True)
    if not key.startswith("hydra"):
        config = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
    tree: Any = OmegaConf.to_container(config)
    return {**{group.name: None for group in conf.iterdir() if group.is_dir()}, **tree}
