"""The Hydra entry points: compose, check, then run once and track it, or hand a sweep to the sweeper."""

import os
import re
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nnbench import __version__
from nnbench.config import Config
from nnbench.errors import UserError

PACKAGE = Path(__file__).parent
# Inside the package in a wheel, beside it in a checkout.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"
CURVES = {"curves": ("loss", "accuracy")}  # a short name for two pages


# What steers a sweep, and would be ignored by a single run.
STEERING = ("hydra.sweeper", "hydra/sweeper", "hydra.launcher", "hydra/launcher", "grids", "space", "tuning", "extend")


def main() -> int:
    """One run, or with `-m` a sweep, as the command line in `sys.argv` says.

    Returns:
        The exit status: 0 all finished, 1 some run failed or a part of the report could not be made, 2 a mistake in the
        command, 128 + signal when interrupted.
    """
    return _with_hydra(_run, sweeps=True)


def report_main() -> int:
    """The report of a study again, from what the store holds. Returns 0, 1 where a part of the report could not be made,
    or 2 for a mistake in the command.

    The command line knows short forms that a run's does not: `study=a,b`, `pages=cover,curves`, and `from=FOLDER` for what
    `scripts/export.py` has written.
    """
    sys.argv[1:] = [_spelled_out(word) for word in sys.argv[1:]]
    return _with_hydra(_report)


def export_main() -> int:
    """A study as plain files, in `results/<study>/export`. Returns 0, or 2 for a mistake in the command."""
    return _with_hydra(_export)


def _spelled_out(word: str) -> str:
    """A word of the report's command line as Hydra reads it; to Hydra a comma would begin a sweep."""
    key, _, value = word.partition("=")
    if key == "study" and "," in value and not value.startswith(("'", '"')):
        return f"study='{value}'"
    if key == "pages":
        pages = [page for name in value.strip("[]").split(",") for page in CURVES.get(name.strip(), (name.strip(),))]
        return f"report.pages=[{','.join(pages)}]"
    return f"tracking.uri={value}" if key == "from" else word


class _Passed(BaseException):
    """Carries a mistake out of a task: about an `Exception` Hydra would say something of its own first."""


def _with_hydra(function: Callable[[Config], int], *, sweeps: bool = False) -> int:
    """Call `function` with the composed config; a mistake of the user becomes one line and status 2."""
    try:
        status = _answer(function, sweeps)
        sys.stdout.flush()
    except BrokenPipeError:
        if not _unread():
            raise
        # What Python itself still has to say at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return status


def _unread() -> bool:
    """Whether whoever read the standard output has left, as `head` does; other pipes break for other reasons."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _answer(function: Callable[[Config], int], sweeps: bool) -> int:
    if "--version" in sys.argv[1:]:
        print(f"nnbench {__version__}")
        return 0
    wants_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, instead of printing and leaving with its own status

    def task(cfg: DictConfig) -> None:
        from nnbench.validation import parse  # not at the top: `--help` and completion need none of it

        alone = HydraConfig.get().mode == RunMode.RUN
        try:
            if alone and sweeps:
                _refuse_steering()
            status = function(parse(OmegaConf.to_container(cfg, resolve=True)))  # type: ignore[arg-type]
        except (UserError, OmegaConfBaseException) as error:
            raise _Passed(error) if alone else error from error
        if status and not alone:
            raise RuntimeError("the run failed; its traceback is among its artifacts")
        if status:
            raise SystemExit(status)

    try:
        sys.argv[1:] = _in_order(sys.argv[1:], sweeps)
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(task)()
    except (Exception, _Passed) as error:
        from nnbench.mistakes import as_user_error

        cause = error.args[0] if isinstance(error, _Passed) else error
        mistake = as_user_error(cause, CONF, sys.argv[1:])
        if mistake is None or wants_traceback:
            raise cause from None
        print(f"nnbench: {mistake}", file=sys.stderr)
        return 2
    return 0


def _in_order(words: list[str], sweeps: bool) -> list[str]:
    """The command line with its options first: Hydra's own reading of it breaks on an override before them.

    Raises:
        UserError: an option is unknown, or a group is given what is no option of it.
    """
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]  # its own way is eight lines long
    given = parser.parse_intermixed_args(words)
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
    for word in given.overrides:
        key, _, value = word.lstrip("+").partition("=")
        if value.startswith(("[", "{", "$")) and ("/" in key or (CONF / key).is_dir()):
            raise UserError(f"{word}: must be one of the options of conf/{key}; a key of it is {key}.KEY=VALUE")
    options = [word for word in words if word not in given.overrides]
    # An axis of one option alone is no key of the config until somebody names it.
    return [*options, *(f"++{word}" if word.startswith("grids.") else word for word in given.overrides)]


def _refuse(message: str) -> NoReturn:
    raise UserError(f"{message}; --help tells of all there is")


def _refuse_steering() -> None:
    """Refuse a single run whose words ask for a sweep."""
    config = HydraConfig.get()
    words = [*config.overrides.task, *config.overrides.hydra]
    given = {word.lstrip("+~").partition("=")[0]: word for word in words}
    for key, word in given.items():
        if key.startswith(STEERING):
            raise UserError(f"{word}: steers a sweep, so it needs -m before it")
    asked = next((word for key, word in given.items() if key in ("experiment", "sweep")), "hydra.sweeper")
    if not config.sweeper._target_.endswith("GridSweeper"):
        raise UserError(f"{asked}: tunes, so it needs -m before it")
    if varied := [key for key in config.sweeper.params if key not in (*given, "study")]:
        raise UserError(f"{asked}: is a sweep over {' and '.join(varied)}, so it needs -m before it")


def _run(config: Config) -> int:
    from nnbench.single import run_once

    return run_once(config)


def _report(config: Config) -> int:
    from nnbench.reporting import remake

    return remake(config, HydraConfig.get().overrides.task)


def _export(config: Config) -> int:
    from nnbench import export
    from nnbench.places import below
    from nnbench.recording import open_store_of
    from nnbench.tracking.reader import read_study

    folder = below(Path(config.report.folder), config.study, "export")
    export.write(read_study(open_store_of(config, create=False), config.study), folder)
    print(folder)
    return 0
