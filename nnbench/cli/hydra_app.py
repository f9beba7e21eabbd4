"""Composition of the config by Hydra, its validation, and the call of a command with it."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from nnbench import __version__
from nnbench.cli import hydra_folders
from nnbench.config import yaml_files
from nnbench.config.command_line import options_first, refuse_sweep_overrides
from nnbench.config.folder import CONF
from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.core.redaction import redacted
from nnbench.core.signals import checkpoint

_PRINTING = ("-c", "-i", "--cf", "--in")  # beginnings of the options --cfg and --info
if TYPE_CHECKING:
    from nnbench.sweep.job import Membership


def _run_job(sweep_job: "Callable[[Config, Membership | None], int]", tree: dict[str, Any]) -> int:
    from nnbench.config.validate import parse
    from nnbench.sweep.executors.hydra import read_membership

    membership = read_membership(tree)
    return sweep_job(parse(tree), membership)


class _TaskError(BaseException):
    """Carries an error out of a task: for an `Exception`, Hydra would print a message first."""


def with_hydra(
    function: Callable[[Config], int],
    arguments: list[str],
    *,
    sweep_job: "Callable[[Config, Membership | None], int] | None" = None,
    help: str | None = None,
    short: Sequence[str] = (),
) -> int:
    """Call `function` with the config that the overrides compose.

    Args:
        function: returns the exit status.
        arguments: of the command.
        sweep_job: as `function`, for each job of a sweep by a launcher of another package; None if `-m` is not allowed.
        help: text of `--help`; None for Hydra's help, of all groups and keys.
        short: keys that the command accepts besides those of the configuration.

    Raises:
        UserError: the command or the config has a mistake.
    """
    sweeps = sweep_job is not None
    if "--version" in arguments:
        print(f"nnbench {__version__}")
        return 0
    if help is not None and {"--help", "-h"} & {*arguments}:
        print(help, end="")
        return 0

    def task(cfg: DictConfig) -> None:
        from nnbench.config.effects import refuse_without_effect  # not at the top: `--help` and completion need none of it
        from nnbench.config.validate import parse

        single = HydraConfig.get().mode == RunMode.RUN
        try:
            if single and sweeps:
                refuse_sweep_overrides()
            tree: Any = OmegaConf.to_container(cfg, resolve=True)
            if single or sweep_job is None:
                config = parse(tree)
                refuse_without_effect([(config, list(HydraConfig.get().overrides.task))])
                status = function(config)
            else:
                status = _run_job(sweep_job, tree)
        except Exception as error:
            checkpoint()  # an interrupt may have become this one
            raise _TaskError(error) if single else error from error
        if status and not single:
            raise RuntimeError("the run failed; its traceback is among its artifacts")
        if status:
            raise SystemExit(status)

    try:
        sys.argv[1:] = arguments = options_first(arguments, CONF, sweeps=sweeps)
        with yaml_files.checked_yaml(), _hydra_raising(), _passwords_redacted(arguments):
            hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(task)()
    except (Exception, _TaskError) as error:
        from nnbench.config.hydra_errors import as_user_error

        cause = error.args[0] if isinstance(error, _TaskError) else error
        mistake = as_user_error(cause, CONF, arguments, sweeps=sweeps, short=short)
        if mistake is None:
            raise cause from None
        hydra_folders.remove_created()
        error_of_user = UserError(mistake)
        if isinstance(cause, UserError):
            error_of_user.status = cause.status
        raise error_of_user from cause
    return 0


@contextmanager
def _passwords_redacted(arguments: Sequence[str]) -> Iterator[None]:
    """Remove passwords from what Hydra prints for `--cfg` and `--info`."""
    if not any(argument.startswith(_PRINTING) and argument[:3] not in ("-cn", "-cp", "-cd") for argument in arguments):
        yield
        return
    shown = StringIO()
    try:
        with redirect_stdout(shown):
            yield
    finally:
        print(redacted(shown.getvalue()), end="")


@contextmanager
def _hydra_raising() -> Iterator[None]:
    """Context in which Hydra raises errors instead of printing them and exiting.

    The variable is restored afterwards: the next command in this process would take it as a request for tracebacks.
    """
    before = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before
