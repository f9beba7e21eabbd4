"""The table of docs/architecture.md that follows a value names places that exist, ten at most."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from nnbench.config.folder import CONF

PAGE = CONF.parent / "docs" / "architecture.md"
PLACES = re.findall(r"^\| \d+ \| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_a_value_has_at_most_ten_places() -> None:
    assert 1 < len(PLACES) <= 10


@pytest.mark.parametrize("place", PLACES)
def test_each_place_exists(place: str) -> None:
    if "/" in place:
        assert (Path(PAGE).parents[1] / place).exists()
        return
    module, _, name = place.rpartition(".")
    if name.islower() and not hasattr(import_module(f"nnbench.{module}"), name):
        import_module(f"nnbench.{place}")
    else:
        assert hasattr(import_module(f"nnbench.{module}"), name)
