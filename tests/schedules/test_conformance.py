"""Requirements of every schedule, with new files included automatically; and closed forms of the included ones."""

from math import cos, isfinite, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.core.errors import UserError
from nnbench.schedules import Schedule, find, known
from nnbench.schedules.warmup_stable_decay import WarmupStableDecay
from tests.conformance import assert_fields_are_checked

every = pytest.mark.parametrize("kind", [find(name) for name in known()], ids=known())
budgets = st.integers(1, 2000)


def curve(schedule: Schedule, steps: int) -> list[float]:
    return [schedule.multiplier(step, steps) for step in range(steps)]


@every
@given(steps=st.integers(1, 60))
def test_multipliers_are_finite_and_not_all_zero_in_every_budget(kind: type[Schedule], steps: int) -> None:
    values = curve(kind(), steps)
    assert all(isfinite(value) and value >= 0 for value in values)
    assert max(values) > 0
    assert curve(kind(), steps) == values


@every
def test_settings_can_be_checked(kind: type[Schedule]) -> None:
    assert_fields_are_checked(kind)


# By hand: (settings, budget) -> values at some steps.
CLOSED: list[tuple[str, dict[str, float], int, dict[int, float]]] = [
    ("constant", {}, 3, {0: 1.0, 2: 1.0}),
    ("inverse_time", {"decay": 0.5}, 9, {0: 1.0, 2: 0.5, 8: 0.2}),
    ("step", {"every": 0.5, "factor": 0.5}, 10, {4: 1.0, 5: 0.5, 9: 0.5}),
    ("exponential", {"final": 0.25}, 4, {0: 1.0, 2: 0.5}),
    ("linear", {"final": 0.5}, 10, {0: 1.0, 5: 0.75, 9: 0.55}),
    ("cosine", {}, 8, {0: 1.0, 2: (1 + cos(pi / 4)) / 2, 4: 0.5}),
    ("warmup_cosine", {"warmup": 0.2}, 15, {0: 0.25, 2: 0.75, 3: 1.0, 9: 0.5}),
    ("warmup_stable_decay", {"warmup": 0.2, "decay": 0.4}, 10, {0: 1 / 3, 1: 2 / 3, 2: 1.0, 6: 1.0, 7: 0.75, 9: 0.25}),
    ("one_cycle", {"rise": 0.3, "initial": 0.2, "final": 0.0}, 10, {0: 0.2, 1: 0.6, 2: 1.0, 9: 0.0}),
]


@pytest.mark.parametrize(("name", "settings", "steps", "expected"), CLOSED, ids=[row[0] for row in CLOSED])
def test_closed_forms(name: str, settings: dict[str, float], steps: int, expected: dict[int, float]) -> None:
    schedule = find(name)(**settings)
    assert {step: schedule.multiplier(step, steps) for step in expected} == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["linear", "cosine", "warmup_cosine", "warmup_stable_decay"])
@given(steps=budgets)
def test_ends_a_step_before_zero(name: str, steps: int) -> None:
    """The last step still moves: zero would be reached after it."""
    schedule = find(name)()
    assert schedule.multiplier(steps - 1, steps) > 0


@given(steps=budgets, share=st.floats(0, 0.99), final=st.floats(0, 1))
def test_a_trapezoid_rises_stays_and_falls(steps: int, share: float, final: float) -> None:
    values = curve(WarmupStableDecay(warmup=share / 2, decay=share / 2, final=final), steps)
    top = values.index(max(values))
    assert values[: top + 1] == sorted(values[: top + 1])
    assert values[top:] == sorted(values[top:], reverse=True)
    assert max(values) == 1.0


def test_parts_longer_than_the_budget_are_refused() -> None:
    with pytest.raises(ValueError, match=r"warmup=0.6 and decay=0.5 must be at most 1 together"):
        WarmupStableDecay(warmup=0.6, decay=0.5)


def test_a_users_schedule_is_found_by_its_import_path() -> None:
    assert find("nnbench.schedules.cosine:Cosine") is find("cosine")
    with pytest.raises(UserError, match=r"schedule.name=cosin: unknown; known are constant, cosine, .*:Class"):
        find("cosin")
