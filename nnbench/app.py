"""The Hydra entry points: compose, check, then run once and track it, or hand a sweep to the sweeper."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from nnbench import __version__, entry, leftovers, usage, yaml_files
from nnbench.command_line import SHORT, decoded, in_order, refuse_steering, spelled_out
from nnbench.config import Config
from nnbench.errors import UserError
from nnbench.interrupts import checkpoint

PACKAGE = Path(__file__).parent
# Inside the package in a wheel, beside it in a checkout.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"


def main() -> int:
    """One run, or with `-m` a sweep, as the command line in `sys.argv` says.

    Returns:
        The exit status: 0 all finished, 1 some run failed or a part of the report could not be made, 2 a mistake in the
        command, 128 + signal when interrupted.
    """
    return entry.run("nnbench", lambda: _with_hydra(_run, decoded(sys.argv[1:]), sweeps=True))


def report_main() -> int:
    """The report of a study again, from what the store holds. Returns 0, 1 where a part of the report could not be made,
    or 2 for a mistake in the command.

    The command line knows short forms that a run's does not: `study=a,b`, `pages=cover,curves`, and `from=FOLDER` for what
    `nnbench-export` has written.
    """

    def report() -> int:
        words, source = spelled_out(decoded(sys.argv[1:]))
        return _with_hydra(partial(_report, source), words, help=usage.REPORT, short=SHORT)

    return entry.run("nnbench-report", report)


def export_main() -> int:
    """A study as plain files, in `results/<study>/export`. Returns 0, or 2 for a mistake in the command."""
    return entry.run("nnbench-export", lambda: _with_hydra(_export, decoded(sys.argv[1:]), help=usage.EXPORT))


class _Passed(BaseException):
    """Carries an error out of a task: about an `Exception` Hydra would say something of its own first."""


def _with_hydra(
    function: Callable[[Config], int],
    words: list[str],
    *,
    sweeps: bool = False,
    help: str | None = None,
    short: Sequence[str] = (),
) -> int:
    """Call `function` with the config that the words compose.

    Args:
        function: returns the exit status.
        words: of the command.
        sweeps: whether `-m` is allowed.
        help: what `--help` says; None for Hydra's help, of all groups and keys.
        short: words that the command knows besides the keys of the configuration.

    Raises:
        UserError: the user has made a mistake, told in Hydra's words or in ours.
    """
    if "--version" in words:
        print(f"nnbench {__version__}")
        return 0
    if help is not None and {"--help", "-h"} & {*words}:
        print(help, end="")
        return 0

    def task(cfg: DictConfig) -> None:
        from nnbench.validation import parse  # not at the top: `--help` and completion need none of it

        alone = HydraConfig.get().mode == RunMode.RUN
        try:
            if alone and sweeps:
                refuse_steering()
            status = function(parse(OmegaConf.to_container(cfg, resolve=True)))  # type: ignore[arg-type]
        except Exception as error:
            checkpoint()  # an interrupt may have become this one
            raise _Passed(error) if alone else error from error
        if status and not alone:
            raise RuntimeError("the run failed; its traceback is among its artifacts")
        if status:
            raise SystemExit(status)

    try:
        sys.argv[1:] = words = in_order(words, CONF, sweeps=sweeps)
        with yaml_files.checked(), _hydra_raising():
            hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(task)()
    except (Exception, _Passed) as error:
        from nnbench.mistakes import as_user_error

        cause = error.args[0] if isinstance(error, _Passed) else error
        mistake = as_user_error(cause, CONF, words, sweeps=sweeps, short=short)
        if mistake is None:
            raise cause from None
        leftovers.clear()
        told = UserError(mistake)
        told.status = cause.status if isinstance(cause, UserError) else told.status
        raise told from cause
    return 0


@contextmanager
def _hydra_raising() -> Iterator[None]:
    """Within, Hydra raises, instead of printing and leaving with a status of its own.

    The variable is set back afterwards: the next command in this process takes it for its user's wish for tracebacks.
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


def _run(config: Config) -> int:
    from nnbench.single import run_once

    return run_once(config)


def _report(source: str | None, config: Config) -> int:
    from nnbench.places import writing
    from nnbench.reporting import remake, remake_export

    overrides = HydraConfig.get().overrides.task
    with writing(config.report.folder):
        return remake(config, overrides) if source is None else remake_export(Path(source), config, overrides)


def _export(config: Config) -> int:
    from nnbench import export
    from nnbench.places import below, writing
    from nnbench.recording import open_store_of
    from nnbench.tracking.reader import read_study

    folder = below(Path(config.report.folder), config.study, "export")
    study = read_study(open_store_of(config, create=False), config.study)
    with writing(config.report.folder):
        export.write(study, folder)
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
