"""Schedules against PyTorch's schedulers, at every step of short budgets."""

from collections.abc import Callable
from typing import Any

import pytest

from nnbench.schedules import Schedule, find

torch: Any = pytest.importorskip("torch")
scheduler = torch.optim.lr_scheduler


def one(name: str, **settings: float) -> Schedule:
    return find(name)(**settings)


def with_warmup(optimizer: Any, length: int, after: Any) -> Any:
    if not length:
        return after
    rise = scheduler.LinearLR(optimizer, start_factor=1 / (length + 1), total_iters=length)
    return scheduler.SequentialLR(optimizer, [rise, after], milestones=[length])


def trapezoid(optimizer: Any, rise: int, stable: int, fall: int, final: float) -> Any:
    parts = [
        scheduler.LinearLR(optimizer, start_factor=1 / (rise + 1), total_iters=rise),
        scheduler.ConstantLR(optimizer, factor=1.0, total_iters=0),
        scheduler.LinearLR(optimizer, start_factor=1.0, end_factor=final, total_iters=fall),
    ]
    return scheduler.SequentialLR(optimizer, parts, milestones=[rise, rise + stable])


SAME: dict[str, tuple[Schedule, int, Callable[[Any], Any]]] = {
    "constant": (one("constant"), 7, lambda o: scheduler.ConstantLR(o, factor=1.0)),
    "inverse_time": (one("inverse_time", decay=0.3), 20, lambda o: scheduler.LambdaLR(o, lambda k: 1 / (1 + 0.3 * k))),
    "step": (one("step"), 30, lambda o: scheduler.StepLR(o, step_size=10, gamma=0.1)),
    "step, rounded": (one("step", every=0.25, factor=0.5), 31, lambda o: scheduler.StepLR(o, step_size=8, gamma=0.5)),
    "step, short": (one("step", every=0.01, factor=0.9), 5, lambda o: scheduler.StepLR(o, step_size=1, gamma=0.9)),
    "exponential": (one("exponential"), 40, lambda o: scheduler.ExponentialLR(o, gamma=0.01 ** (1 / 40))),
    "linear": (one("linear"), 25, lambda o: scheduler.LinearLR(o, 1.0, end_factor=0.0, total_iters=25)),
    "linear, to a tenth": (
        one("linear", final=0.1),
        25,
        lambda o: scheduler.LinearLR(o, 1.0, end_factor=0.1, total_iters=25),
    ),
    "cosine": (one("cosine"), 33, lambda o: scheduler.CosineAnnealingLR(o, T_max=33)),
    "cosine, to a tenth": (one("cosine", final=0.1), 33, lambda o: scheduler.CosineAnnealingLR(o, T_max=33, eta_min=0.1)),
    "warmup_cosine": (
        one("warmup_cosine", final=0.05),
        50,
        lambda o: with_warmup(o, 5, scheduler.CosineAnnealingLR(o, T_max=45, eta_min=0.05)),
    ),
    "warmup_cosine, without": (
        one("warmup_cosine", warmup=0.0),
        50,
        lambda o: scheduler.CosineAnnealingLR(o, T_max=50),
    ),
    "warmup_stable_decay": (
        one("warmup_stable_decay", warmup=0.1, final=0.02),
        40,
        lambda o: trapezoid(o, 4, 28, 8, 0.02),
    ),
    "one_cycle": (
        one("one_cycle"),
        40,
        lambda o: scheduler.OneCycleLR(o, max_lr=1.0, total_steps=40, cycle_momentum=False),
    ),
    "one_cycle, its peak between two steps": (
        one("one_cycle", rise=0.33, initial=0.1, final=0.01),
        23,
        lambda o: scheduler.OneCycleLR(
            o, max_lr=1.0, total_steps=23, pct_start=0.33, div_factor=10, final_div_factor=10, cycle_momentum=False
        ),
    ),
}


# PyTorch warns of a call that its own SequentialLR makes.
@pytest.mark.filterwarnings("ignore:The epoch parameter in")
@pytest.mark.parametrize(("schedule", "steps", "make"), SAME.values(), ids=SAME)
def test_same_as_torch(schedule: Schedule, steps: int, make: Callable[[Any], Any]) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs, expected = make(optimizer), []
    for _ in range(steps):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert [schedule.multiplier(step, steps) for step in range(steps)] == pytest.approx(expected, rel=1e-9, abs=1e-12)
