"""Settings of a search that the seed does not decide are refused before it starts, though the default one is sound."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.tuning.repeatability import FEW, corners, spread
from nnbench.tuning.space import Choice, Range, Space
from tests.conftest import CommandOutput

NOISY = "optimizer=custom", "optimizer.algorithm=tests.unrepeatable:NoisyWhenOn", "training.epochs=5", "study=s"
SPACES = {
    "range": "noise: {kind: linear, low: 0, high: 1}\n",
    "choice": "kind: {kind: choice, values: [none, 'on']}\n",
}
SWEEPERS = {
    "sampled": ("experiment=tuned", "tuning.configs=20", "tuning.seeds=[1000]"),
    "tpe in two stages": ("experiment=tuned", "tuning.sampler=tpe", "tuning.seeds=[1000]"),
    "tpe": ("hydra/sweeper=tpe",),
}


# Each starts processes that compare runs: two are for every day.
CASES = [
    pytest.param(
        sweeper, space, marks=[pytest.mark.heavy] * ((sweeper, space) not in {("sampled", "range"), ("tpe", "choice")})
    )
    for sweeper in SWEEPERS
    for space in SPACES
]


@pytest.mark.parametrize(("sweeper", "space"), CASES)
def test_a_setting_of_the_search_is_refused(
    home: Path, nnbench: Callable[..., CommandOutput], sweeper: str, space: str
) -> None:
    (home / "conf" / "space").mkdir(parents=True)
    (home / "conf" / "space" / "custom.yaml").write_text(SPACES[space])
    words = list(SWEEPERS[sweeper])
    if space == "choice" and sweeper == "sampled":
        words[1] = "tuning.configs=2"
    said = nnbench("--config-dir", "conf", "-m", *words, *NOISY)
    assert said.status == 2, said.err
    assert said.err.splitlines()[-1].startswith("nnbench: optimizer.algorithm=tests.unrepeatable:NoisyWhenOn: two runs")
    assert not (home / "results" / "artifacts").exists()


def test_corners_have_every_bound_before_combinations() -> None:
    space: Space = {"a": Range(low=0, high=1, kind="linear"), "b": Choice(values=["x", "y", "z"])}
    found = list(corners(space))
    assert found[:5] == [{"a": 0}, {"a": 1}, {"b": "x"}, {"b": "y"}, {"b": "z"}]
    assert len(found) == 5 + 2 * 3
    assert {"a": 1, "b": "z"} in found


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, 96])
def test_few_of_a_long_list(count: int) -> None:
    settings = [{"a": number} for number in range(count)]
    assert min(count, FEW // 2) <= len(spread(settings)) <= FEW
