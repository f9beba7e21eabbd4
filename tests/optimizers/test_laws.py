"""Laws of scale and rotation, of every optimizer in the package."""

from dataclasses import fields
from typing import Any

import pytest

from nnbench.cli.optimizer_laws import rotation_law, scale_law
from nnbench.optimizers import find, known
from nnbench.sweep.repeatability import SHIPPED

# Scale: gradients times 100 leave the path of a rule that divides by their size, and make the steps of gradient descent 100
# times as long. Rotation: rules that scale each parameter on its own depend on the coordinates.
LAWS = {
    "sgd": ("proportional", "vectors"),
    "adagrad": ("invariant", "none"),
    "rmsprop": ("invariant", "none"),
    "adam": ("invariant", "none"),
    "adamw": ("invariant", "none"),
    "nadamw": ("invariant", "none"),
    "amsgrad": ("invariant", "none"),
    "radam": ("neither", "none"),  # its first five steps are those of momentum
    "ademamix": ("invariant", "none"),
    "cautious_adamw": ("invariant", "none"),
    "mars": ("neither", "none"),  # clips gradients to the norm 1
    "adopt": ("invariant", "none"),
    "lion": ("invariant", "none"),
    "signum": ("invariant", "none"),
    "schedule_free_adamw": ("invariant", "none"),
    "prodigy": ("invariant", "none"),
    "muon": ("invariant", "matrices"),
    "soap": ("invariant", "matrices"),
    "lbfgs": ("neither", "vectors"),  # its first step is proportional to small gradients
}
# Far from its first estimate of the distance, which would leave the parameters nearly where they are.
SETTINGS: dict[str, dict[str, Any]] = {"prodigy": {"d_0": 0.01}}


def test_every_optimizer_has_its_laws() -> None:
    assert {*LAWS} == {*known()} & SHIPPED["optimizer"]


@pytest.mark.parametrize(("name", "laws"), LAWS.items(), ids=LAWS)
def test_laws(name: str, laws: tuple[str, str]) -> None:
    epsilons = {field.name: 1e-12 for field in fields(find(name)) if field.name.endswith("epsilon")}
    optimizer = find(name)(**epsilons, **SETTINGS.get(name, {}))
    assert (scale_law(optimizer)[0], rotation_law(optimizer)) == laws
