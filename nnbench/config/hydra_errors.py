"""Translation of Hydra's errors into messages that name the key, the value and what is allowed."""

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

from nnbench.config.check import MISSING, allowed_values, unknown_key
from nnbench.config.command_line import key_of
from nnbench.core.errors import RESOURCE_ERRORS, UserError
from nnbench.core.paths import is_within

_SEVERAL = r"[,(]"  # in an argument that may have several values, such as sgd,adam or range(6)
# Pattern of Hydra's message -> nnbench's; the first group fills the braces.
MESSAGES = {
    r"Ambiguous value for argument '([^']+)'": "{}: several values need -m before them, or brackets for a list",
    r"Sweep parameters '([^']+)' requires --multirun": "{}: several values need -m before them",
    r"Sweeping over Hydra's configuration is not supported : '([^']+)'": "{}: must be one value for the whole sweep",
    r"An item is already at '([^']+)'": "+{0}: exists already; give {0} without the +",
    r"resolving interpolation '\$\{(\w+)\}', possible": "{0}=null: must be one of the options of conf/{0}",
    r"Cannot find primary config '([^']*)'": "--config-name={}: no such file; the only one is config",
    r"Additional config directory '([^']+)' not found": "--config-dir={}: no such folder",
    r"Invalid plugin '([^']+)'": "{}: is not a plugin of Hydra",
    r"(Only one of --run, --multirun, --cfg.*|The --resolve flag can only.*)": "{}",
}
FOLDER_KEYS = ("report.folder", "tracking.", "hydra.")  # prefixes of keys whose values are output folders


def as_user_error(
    error: Exception, conf: Path, arguments: Sequence[str], *, sweeps: bool = True, short: Sequence[str] = ()
) -> str | None:
    """Return a one-line message for `error`, or None if it is not a mistake of the user.

    Args:
        error: the exception that ended the program.
        conf: the configuration folder, searched for similar names.
        arguments: of the command.
        sweeps: whether the command can sweep.
        short: keys that the command accepts besides those of the configuration.
    """
    if isinstance(error, UserError):
        return str(error)
    text = " ".join(str(part) for part in (error, error.__cause__ or "")).strip()
    if "Cannot find primary config" in text and (elsewhere := _config_path(arguments)):
        return f"--config-path={elsewhere}: has no config.yaml; for a folder with your own options, use --config-dir"
    if "`_target_`" in text:
        section = next(
            (argument for argument in arguments if re.match(r"\+*hydra\.(sweeper|launcher)=", argument)), "hydra.sweeper"
        )
        return f"{section}: is a section; one of Hydra's is chosen by {section.partition('=')[0].replace('.', '/')}=NAME"
    for pattern, template in MESSAGES.items():
        if found := re.search(pattern, text):
            message = template.format(found[1])
            return message if sweeps else re.sub("several values need -m before them.*", "must be one value", message)
    if isinstance(error, ValueError) and text.startswith("Config group override"):
        group_arguments = [argument for argument in arguments if os.path.isdir(conf / key_of(argument))]
        no_names = [argument for argument in group_arguments if re.search(r"[=,](null|true|false|[-\d.]+)(,|$)", argument)]
        return f"{' '.join(no_names or group_arguments or arguments)}: an option of a group must be one of the names in conf/"
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return _of_a_file(error, arguments) if isinstance(error, OSError) else None
    if isinstance(error, MissingConfigException) and error.options is not None:
        missing = error.missing_cfg_file or ""
        group, _, option = (
            missing.partition("//") if "//" in missing else missing.rpartition("/")
        )  # of a path, it is all after
        options = sorted(error.options)
        top, _, inner = group.partition("/")
        if inner and any(key_of(argument) == top for argument in arguments):  # the option is in a folder of its group
            group, option, options = top, f"{inner}/{option}", [f"{inner}/{name}" for name in options]
        near = get_close_matches(option, options, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        for folder in sorted(Path().glob("*/")):
            if os.path.isfile(folder / group / f"{option}.yaml"):
                hint = f"{folder / group / option}.yaml exists: give --config-dir {folder}; "
        return f"{group}={option}: no such option; {hint}{group} has {', '.join(options)}"
    if isinstance(error, OverrideParseException):
        return f"{error.override}: cannot be parsed; must be KEY=VALUE{_advice(str(error.override))}"
    if isinstance(error, InterpolationResolutionError):
        reason = text.splitlines()[0].rpartition("interpolation: ")[2]
        return f"{next((argument for argument in arguments if '${' in argument), 'the config')}: cannot be resolved: {reason}"
    if found := re.search(r"Could not (?:override|append to config|delete from config)\W+'([^']+)'", text):
        if near := get_close_matches(found[1], short, n=1):
            return f"{found[1]}: no such key; did you mean {near[0]}?"
        return _no_such_key(found[1], conf, arguments)
    if found := re.search(r"Error merging override (\S+)", text):
        known = allowed_values(found[1].partition("=")[0])
        return f"{found[1]}: must be {known}" if known else f"{found[1]}: {str(error.__cause__).splitlines()[0]}"
    return re.sub(r"\s+", " ", text)


def _config_path(arguments: Sequence[str]) -> str | None:
    """Return the value of --config-path, if given."""
    return get_args_parser().parse_intermixed_args(list(arguments)).config_path  # type: ignore[no-any-return]


def _advice(argument: str) -> str:
    """Return advice on how to write an argument that Hydra's grammar cannot parse."""
    key, sign, value = argument.partition("=")
    if not sign or not re.fullmatch(r"[+~]*[\w./@-]+", key, re.ASCII):
        return ""
    if value.startswith("="):
        return f"; did you mean {key}{value}?"
    if re.search(r"""['"\[\](){}]""", value):
        return ", quoted for the shell if it has spaces, quotes or brackets"
    return f"; if the value has characters such as & or ;, give '{key}=\"{value}\"'"


def _of_a_file(error: OSError, arguments: Sequence[str]) -> str | None:
    """Return a message on a file that cannot be written or found, if an argument names it or its folder, else None."""
    if error.errno in RESOURCE_ERRORS or not error.filename:
        return None
    if error.errno == errno.ENAMETOOLONG:  # Hydra looks for a file of the name
        name = Path(str(error.filename)).name.removesuffix(".yaml")
        return next((f"{argument}: has a name that is too long" for argument in arguments if name in argument), None)
    folders = (argument for argument in arguments if key_of(argument).startswith(FOLDER_KEYS) and argument.partition("=")[2])
    named = (argument for argument in folders if is_within(str(error.filename), argument.partition("=")[2]))
    return next((f"{argument}: cannot be written: {error.strerror}" for argument in named), None)


def _no_such_key(key: str, conf: Path, arguments: Sequence[str]) -> str:
    if given := next((argument for argument in arguments if argument.lstrip("+").startswith(f"{key}={{")), None):
        return f"{given}: has an unknown key; give {key}.KEY=VALUE"
    section, first, rest = [*key.split(".", 2), "", ""][:3]
    if section == "space" and rest and os.path.exists(conf / "space" / f"{first}.yaml"):
        return f"{key}: no such key; space.{rest} is for every optimizer, conf/space/{first}.yaml for {first}"
    if section == "space" and (owners := _owners(first, conf)):
        files = ", ".join(f"conf/space/{owner}.yaml" for owner in owners)
        return f"{key}: no such key for every optimizer here; {first} is of {', '.join(owners)}, so change {files}"
    composed = _composed(conf, arguments, key)
    if OmegaConf.select(OmegaConf.create(composed), key, default=MISSING) != MISSING:  # it is composed without swept groups
        swept = [
            argument for argument in arguments if os.path.isdir(conf / key_of(argument)) and re.search(_SEVERAL, argument)
        ]
        return f"{key}: no such key with every option of {' '.join(swept) or 'the sweep'}"
    return unknown_key(key, composed)


def _owners(hyperparameter: str, conf: Path) -> list[str]:
    """Return the optimizers whose search space has this hyperparameter."""
    files = sorted((conf / "space").glob("*.yaml"))
    return [file.stem for file in files if hyperparameter in yaml.safe_load(file.read_text(encoding="utf-8"))]


def _config_folder(arguments: Sequence[str]) -> str:
    """Return the folder of the user's own YAML files, `--config-dir`; empty for none."""
    for at, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if option in ("--config-dir", "-cd"):
            return value if equals else "".join(arguments[at + 1 : at + 2])
    return ""


def _composed(conf: Path, arguments: Sequence[str], key: str) -> dict[str, Any]:
    """Return the config composed from the other arguments, for similar names, with each group's name as a key."""
    kept = [
        argument
        for argument in arguments
        if "=" in argument and not argument.startswith("-") and key not in argument and not re.search(_SEVERAL, argument)
    ]
    if own := _config_folder(arguments):
        kept.append(f"hydra.searchpath=['file://{Path(own).absolute()}']")
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
