"""Exceptions, output and exits of a user's optimizer fail only its own run."""

from collections.abc import Callable
from contextlib import closing

import pytest

from nnbench.config.schema import Config
from nnbench.sweep.executors.local import LocalPool
from nnbench.sweep.failure import attempt
from nnbench.sweep.job import Ended, Failure, Job
from nnbench.training.execute import Result, execute
from tests.odd_optimizers import FAILING, GOING_ON

Make = Callable[..., Config]
SMALL = "training.epochs=5", "dataset.samples=5"
STATES = "huge", "strided", "fortran", "half", "list"
DEADLY = {"dies"}  # ends its process, and so cannot be tried in that of the tests


@pytest.fixture
def odd(config: Make) -> Callable[..., Config]:
    """Makes the config of an odd optimizer."""

    def make(kind: str, key: str, value: str) -> Config:
        named = f"optimizer.algorithm=tests.odd_optimizers:{kind}", f"optimizer.name={value}", f"+optimizer.{key}={value}"
        return config("optimizer=custom", *SMALL, *named)

    return make


@pytest.mark.heavy
def test_a_failing_optimizer_fails_only_its_own_run(odd: Callable[..., Config], config: Make) -> None:
    configs = [odd("Odd", "does", what) for what in [*FAILING, *GOING_ON]]
    configs += [odd("OddState", "kind", kind) for kind in STATES]
    good = [config(*SMALL, f"seed={seed}") for seed in range(10)]
    mixed = [each for pair in zip(configs, good * 4, strict=False) for each in pair]
    jobs = [Job(number=number, overrides=(), config=each) for number, each in enumerate(mixed)]
    with closing(LocalPool(workers=2, timeout=60)) as pool:
        outcomes = {event.job: event.outcome for event in pool.run(jobs) if isinstance(event, Ended)}
    assert len(outcomes) == len(jobs)
    for job, outcome in outcomes.items():
        name = job.config.optimizer.name
        assert isinstance(outcome, Failure if name in FAILING else Result), (name, outcome)
        if isinstance(outcome, Failure):
            outcome.traceback.encode()
            assert outcome.reason.isprintable()
            assert len(outcome.reason) < 1000
            assert name in DEADLY or "tests/odd_optimizers.py:" in outcome.reason
            assert name in DEADLY or "in update" in outcome.traceback


@pytest.mark.parametrize("what", sorted(FAILING.keys() - DEADLY))
def test_a_single_run_fails_with_a_text(odd: Callable[..., Config], what: str) -> None:
    trained = odd("Odd", "does", what)
    outcome = attempt(lambda: execute(trained))
    assert isinstance(outcome, Failure)
    outcome.traceback.encode()
    assert outcome.reason.isprintable()
    assert "tests/odd_optimizers.py:" in outcome.reason
