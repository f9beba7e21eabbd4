"""Jobs of any Hydra application, for the launchers of this project: each one runs in a worker process, as Hydra runs it.

The command and its workers exchange them as pickles by value: the task of an application is usually in `__main__`, which a
worker cannot import.
"""

import inspect
import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import cloudpickle
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, configure_log, filter_overrides, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from nnbench.core.user_code import describe_error
from nnbench.sweep.job import Failure, RunFailed

logger = logging.getLogger(__name__)

DYNAMIC_CODE = "<dynamic-code>"  # name that cloudpickle gives to the file of code that it pickles by value


@runtime_checkable
class Caller(Protocol):
    """Calls functions in worker processes."""

    def call(self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Call a function of a module with each of the arguments; returns its results, a `Failure` for a missing one."""
        ...


def launch(
    caller: Caller,
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    job_overrides: Sequence[Sequence[str]],
    first: int,
) -> list[JobReturn]:
    """Run jobs in worker processes, as `Launcher.launch` of Hydra.

    Args:
        caller: has the worker processes.
        context: of the sweep.
        task: of the application.
        config: of the sweep, from which that of each job is composed.
        job_overrides: of each job.
        first: number of the first job.

    Returns:
        The result of each job; that of one whose worker died or that took too long is a `RunFailed`.
    """
    setup_globals()
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    Path(str(config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
    logger.info("Launching %d jobs in worker processes", len(job_overrides))
    for number, overrides in enumerate(job_overrides, first):
        logger.info("\t#%d : %s", number, " ".join(filter_overrides(overrides)))
    common = cloudpickle.dumps((context, task, _file(task), config, Singleton.get_state()))
    returned = caller.call(run, [(common, list(one), number) for number, one in enumerate(job_overrides, first)])
    return [_job_return(result, overrides) for result, overrides in zip(returned, job_overrides, strict=True)]


def run(common: bytes, overrides: list[str], number: int) -> bytes:
    """Run a job in this process.

    Args:
        common: of all jobs: context, task, its file, config of the sweep, and the state of Hydra's singletons.
        overrides: of the job.
        number: of the job.

    Returns:
        The pickled `JobReturn`.
    """
    context, task, file, config, state = cloudpickle.loads(common)
    setup_globals()
    Singleton.set_state(state)
    job = context.config_loader.load_sweep_config(config, overrides)
    with open_dict(job):
        job.hydra.job.id = f"{job.hydra.job.name}_{number}"
        job.hydra.job.num = number
    HydraConfig.instance().set_config(job)
    returned = run_job(
        hydra_context=context,
        task_function=task,
        config=job,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
    if isinstance(error := returned._return_value, Exception) and returned.status is JobStatus.FAILED:
        with suppress(Exception):  # a traceback itself is not pickled
            error.add_note("".join(traceback.format_exception(error)).replace(DYNAMIC_CODE, file))
    return _pickled(returned)


def _file(task: TaskFunction) -> str:
    """Return the source file of a task, relative to the working folder where it is below that."""
    try:
        file = Path(inspect.getsourcefile(inspect.unwrap(task)) or DYNAMIC_CODE)
    except TypeError:  # an object that can be called
        return DYNAMIC_CODE
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def _pickled(returned: JobReturn) -> bytes:
    """Pickle the result of a job; a value or an exception that cannot be pickled becomes an exception with its description."""
    try:
        pickled: bytes = cloudpickle.dumps(returned)
        cloudpickle.loads(pickled)  # some exceptions are pickled, but cannot be made again
    except Exception as error:
        value = returned._return_value
        if isinstance(value, BaseException):
            failed = RunFailed("\n".join([describe_error(value), *getattr(value, "__notes__", [])]))
        else:
            failed = RunFailed(f"its value cannot be sent: {describe_error(error)}")
        returned.status, returned.return_value = JobStatus.FAILED, failed
        pickled = cloudpickle.dumps(returned)
    return pickled


def _job_return(result: "bytes | Failure", overrides: Sequence[str]) -> JobReturn:
    if isinstance(result, Failure):
        error = RunFailed(f"{result.reason}\n{result.traceback}".strip())
        return JobReturn(overrides=overrides, status=JobStatus.FAILED, _return_value=error)
    returned: JobReturn = cloudpickle.loads(result)
    return returned
