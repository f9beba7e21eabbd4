"""Check of users' optimizers, schedules and datasets before a sweep: equal seeds must give equal numbers.

Each setting is run for a few steps (an optimizer on a tiny network), with two seeds, in two fresh processes that run them in
opposite orders. The results of a seed must be the same in both, bit for bit. The check finds random numbers that do not come
from the seed (NumPy's and Python's global generators, the clock, the order of a set), and state that one run leaves to the
next. An optimizer that is run with a schedule must follow it: one that copies its learning rate in `allocate` does not.
"""

import contextlib
import json
import os
import random
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields
from multiprocessing import get_context
from typing import Any

import numpy as np
from pebble import ProcessPool

from nnbench import datasets, optimizers, schedules
from nnbench.config.schema import Config, choice_sections
from nnbench.core.errors import UserError
from nnbench.core.keys import SUBJECT, TASK
from nnbench.core.random import streams
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network
from nnbench.schedules.base import Schedule
from nnbench.schedules.constant import Constant
from nnbench.schedules.linear import Linear
from nnbench.sweep.executors import worker
from nnbench.training.loop import train

# Section of the config -> names of its classes that the test suite checks.
SHIPPED = {
    SUBJECT.name: frozenset(
        {"adagrad", "adam", "adamw", "ademamix", "adopt", "amsgrad", "cautious_adamw", "lbfgs", "lion", "mars", "muon"}
        | {"nadamw", "prodigy", "radam", "rmsprop", "schedule_free_adamw", "sgd", "signum", "soap"}
    ),
    "schedule": frozenset(
        {"constant", "cosine", "exponential", "inverse_time", "linear", "one_cycle", "step"}
        | {"warmup_cosine", "warmup_stable_decay"}
    ),
    TASK.name: frozenset({"diabetes", "digits", "moons", "spiral"}),
}
STEPS, SEEDS = 10, (0, 1)
MOST = 32  # settings checked for each class
TIMEOUT = 60.0  # seconds; code that is slower or raises is not checked


@dataclass(frozen=True)
class _Task:
    """A few steps of an optimizer or a schedule, or a draw of a dataset's points.

    Attributes:
        section: section of the config that names the class.
        name: the class, as in the config.
        values: its fields, as JSON.
        dtype, iterations_per: those of the training.
        seed: that of the run.
        schedule: name of the schedule of an optimizer's learning rate; empty if that is constant.
    """

    section: str
    name: str
    values: str
    dtype: Any
    iterations_per: Any
    seed: int
    schedule: str = ""


@dataclass(frozen=True)
class _Trace:
    """Results of a task: the bytes of each step, possible causes of a difference, and whether a schedule changes nothing."""

    steps: list[bytes]
    causes: list[str]
    ignores_schedule: bool = False


def check_repeatable(configs: Iterable[Config]) -> None:
    """Check the users' classes in some configs.

    Raises:
        UserError: two runs of equal seeds differ, or an optimizer ignores its schedule.
    """
    if found := unrepeatable(configs):
        raise UserError(next(iter(found.values())))


def unrepeatable(configs: Iterable[Config]) -> dict[str, str]:
    """Find the classes of which two runs of equal seeds differ, and the optimizers that ignore their schedule.

    Returns:
        A message on each, by its name in the configs.
    """
    classes = _tasks(configs)
    if not classes:
        return {}
    context = get_context("spawn")
    pools = [ProcessPool(1, initializer=_initialize, context=context) for _ in range(2)]
    try:
        orders = [list(classes.values()), [tasks[::-1] for tasks in reversed(classes.values())]]
        running = [
            [(tasks, pool.schedule(_run_all, args=[tasks], timeout=TIMEOUT)) for tasks in order]
            for pool, order in zip(pools, orders, strict=True)
        ]
        one, other = ({task: trace for tasks, future in each for task, trace in _result(tasks, future)} for each in running)
    finally:
        for pool in pools:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()
    found: dict[str, str] = {}
    for task, trace in one.items():
        if (twin := other.get(task)) is not None and trace.steps != twin.steps:
            found.setdefault(task.name, _reason(task, trace, twin))
        elif trace.ignores_schedule:
            found.setdefault(task.name, _unscheduled(task))
    return found


def _result(tasks: Sequence[_Task], future: "Future[Any]") -> Iterator[tuple[_Task, _Trace]]:
    """Yield the traces of some tasks; none if they timed out or their process died, which the sweep will report."""
    with contextlib.suppress(Exception):
        yield from ((task, trace) for task, trace in zip(tasks, future.result(), strict=True) if trace is not None)


def _tasks(configs: Iterable[Config]) -> dict[str, list[_Task]]:
    """The tasks by class."""
    found: dict[str, dict[_Task, None]] = {}
    for config in configs:
        training = config.training
        scheduled = "" if isinstance(config.schedule.instance, Constant) else config.schedule.name
        for section, name in _own_classes(config).items():
            if len(tasks := found.setdefault(name, {})) < MOST * len(SEEDS):
                text = json.dumps(getattr(config, section).values)
                how = training.dtype, training.iterations_per
                schedule = scheduled if section == SUBJECT.name else ""
                tasks |= {_Task(section, name, text, *how, seed, schedule): None for seed in SEEDS}
    return {name: list(tasks) for name, tasks in found.items()}


def is_checked(config: Config) -> bool:
    """Whether a config names a class of a user."""
    return bool(_own_classes(config))


def _own_classes(config: Config) -> dict[str, str]:
    """Return the names of the classes that are not in `SHIPPED`, by section."""
    names = {section: getattr(config, section).class_name for section in SHIPPED}
    return {section: name for section, name in names.items() if name not in SHIPPED[section]}


def _initialize() -> None:
    """Set up a worker whose output is discarded, since the runs of the sweep print the same."""
    with open(os.devnull, "w") as nowhere:
        for stream in (1, 2):
            os.dup2(nowhere.fileno(), stream)
    worker.initialize()


def _run_all(tasks: Sequence[_Task]) -> list[_Trace | None]:
    return [_run(task) for task in tasks]


def _run(task: _Task) -> _Trace | None:
    process = os.getpid()
    before = _global_state(task)
    try:
        steps = _STEPS[task.section](task)
        ignores_schedule = bool(task.schedule) and _ignores_schedule(task, steps)
    except BaseException:  # an error or an exit in the user's code: the run itself will fail and report it
        return None
    finally:
        if os.getpid() != process:  # the user's code has forked
            os._exit(0)
    causes = [name for name, state in _global_state(task).items() if before.get(name) != state]
    return _Trace(steps, causes, ignores_schedule)


def _ignores_schedule(task: _Task, steps: list[bytes]) -> bool:
    """Return whether an optimizer with a learning rate takes the same steps as it decays; False if it cannot be used so."""
    if not any(one.name == "learning_rate" for one in fields(optimizers.find(task.name))):
        return False
    with contextlib.suppress(Exception):
        return _train(task, Linear()) == steps
    return False


def _train(task: _Task, schedule: Schedule | None = None) -> list[bytes]:
    source, spiral = streams(task.seed), Spiral(samples=5)
    network = Network(spiral.features, [4, 3], spiral.outputs, batch=15, dtype=task.dtype)
    network.initialize(source.weights, scale=1.0)
    optimizer = optimizers.find(task.name)(**json.loads(task.values))
    history = train(
        network,
        optimizer,
        spiral.draw(source.data, spiral.samples),
        None,
        None,
        epochs=STEPS + 1,
        iterations_per=task.iterations_per,
        schedule=schedule,
        rng=source.optimizer,
    )
    return [*(loss.tobytes() for loss in history.train_loss[1:]), b"".join(weights.tobytes() for weights in history.weights)]


def _draw(task: _Task) -> list[bytes]:
    dataset = datasets.find(task.name)(**json.loads(task.values))
    points = dataset.split(streams(task.seed)).train
    return [points.x.tobytes() + points.y.tobytes()]


def _evaluate(task: _Task) -> list[bytes]:
    schedule = schedules.find(task.name)(**json.loads(task.values))
    return [repr(schedule.multiplier(step, STEPS)).encode() for step in range(STEPS)]


_STEPS = {SUBJECT.name: _train, "schedule": _evaluate, TASK.name: _draw}


def _global_state(task: _Task) -> dict[str, str]:
    """Return the state outside a run that the run may use or change, by the text of a message about it."""
    kind = choice_sections()[task.section].find(task.name)
    classes = [cls for cls in kind.__mro__ if cls.__module__.partition(".")[0] not in ("nnbench", "builtins", "abc")]
    found = {
        f"{cls.__name__}.{name} keeps its value for the next run": repr(value)
        for cls in classes
        for name, value in vars(cls).items()
        if not name.startswith("__") and not callable(value)
    }
    found["it draws from np.random"] = repr(
        [part.tolist() if isinstance(part, np.ndarray) else part for part in np.random.get_state()]
    )
    found["it draws from random"] = repr(random.getstate())
    found["it starts threads"] = str(threading.active_count())
    return found


def _reason(task: _Task, one: _Trace, other: _Trace) -> str:
    causes = sorted({*one.causes, *other.causes})
    why = f" ({', '.join(causes)})" if causes else ""
    if task.section == TASK.name:
        what = f"two draws of equal seeds differ{why}; draw random numbers from the argument rng"
    else:
        step = next(at for at, pair in enumerate(zip(one.steps, other.steps, strict=False), 1) if pair[0] != pair[1])
        right = "draw random numbers from self.rng, create state in allocate"
        if task.section == "schedule":
            right = "compute the multiplier from the step, the steps and the fields"
        what = f"two runs of equal seeds differ from step {step} on{why}; {right}"
    section = choice_sections()[task.section]
    return f"{task.section}.{section.CLASS_KEY}={task.name}: {what}, and keep no state in the class or a module"


def _unscheduled(task: _Task) -> str:
    key = f"{task.section}.{choice_sections()[task.section].CLASS_KEY}={task.name}"
    right = "read self.learning_rate in update, not in allocate; or set schedule=constant"
    return f"{key}: schedule={task.schedule} does not change its steps; {right}"
