"""A single tracked run: `nnbench run`, and each job of a launcher of another package."""

from functools import partial

from nnbench.cli.study_location import write_study_location
from nnbench.config.schema import Config
from nnbench.core import formatting as numbers
from nnbench.core.console import console as make_console
from nnbench.core.console import escape_markup
from nnbench.core.signals import Interrupted, interruptible
from nnbench.records.kinds import SCORES, kind_of_run, score_curve
from nnbench.sweep.failure import attempt
from nnbench.sweep.job import Ended, Failure, Job, Membership, RunFailed
from nnbench.sweep.repeatability import check_repeatable
from nnbench.training.execute import Result, execute


def run_once(config: Config, membership: Membership | None = None) -> int:
    """Train and track one run, and print its result.

    Args:
        config: of the run.
        membership: the sweep that it belongs to, if it is a job of one.

    Returns:
        The exit status: 0 finished, 1 failed, 128 + the signal when interrupted.

    Raises:
        UserError: runs of equal seeds differ; nothing was started.
        RunFailed: the run has failed, and belongs to a sweep.
    """
    console = make_console()
    if config.dry_run:
        print(config.run_name)
        return 0
    if membership is None:  # a sweep has checked its jobs
        check_repeatable([config])
    from nnbench.sweep.recorder import (  # importing MLflow takes a second
        Recorder,
        changed_sources,
        open_study,
    )

    job = Job(number=0, overrides=(), config=config, stage=membership.stage if membership else None)
    try:
        with interruptible():
            writer = open_study(config)
            write_study_location(config)
            if config.resume and config.identity in writer.finished():
                writer.reuse({config.identity})
                console.print(f"{config.run_name} has finished before in study {config.study}; resume=false repeats it")
                return 0
            for line in changed_sources(writer, [job]) if config.resume else ():
                console.print(escape_markup(line))
            recorder = Recorder(writer, membership.sweep_id if membership else None)
            with recorder.closing():
                handle = recorder.started(job)
                outcome = attempt(partial(execute, config))
                recorder.ended(Ended(job=job, outcome=outcome))
    except Interrupted as interrupted:
        console.print(f"[yellow]interrupted[/yellow] ({interrupted}): the run is marked KILLED")
        return interrupted.status
    run_id = writer.run_id(handle)
    if isinstance(outcome, Failure):
        console.print(f"[red]failed[/red] {escape_markup(f'{config.run_name}: {outcome.reason}')}")
        console.print(f"the traceback is an artifact of run {run_id}")
        if membership is not None:
            raise RunFailed(outcome.reason)
        return 1
    console.print(escape_markup(_sentence(config, outcome)))
    console.print(escape_markup(f"run {run_id} in study {config.study} at {writer.shown_uri}"))
    return 0


def _sentence(config: Config, result: Result) -> str:
    history = result.history
    if history.outcome == "diverged":
        return f"{config.run_name}: diverged at epoch {history.diverged_at}"
    score, name = SCORES[kind_of_run(history)]
    parts = [f"train loss {history.train_loss[-1]:.3f}", f"{name} {score_curve(history, 'train')[-1]:.3f}"]
    if len(held_out := score_curve(history, "val")):
        parts.append(f"val {name} {held_out[-1]:.3f}")
    if (tested := getattr(history, f"test_{score}")) == tested:
        parts.append(f"test {name} {tested:.3f}")
    spent = numbers.duration(history.seconds)
    epochs = numbers.count(len(history.train_loss), "epoch")
    return f"{config.run_name}: {history.outcome} after {epochs} in {spent}: {', '.join(parts)}"
