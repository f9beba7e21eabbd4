"""A config's values as text and back."""

import hypothesis
import pytest
from hypothesis import strategies as st

from nnbench.config.schema import text_keys
from nnbench.config.text_values import as_text, as_value


@hypothesis.given(st.text() | st.floats(allow_nan=False) | st.integers() | st.none())
@hypothesis.example("2024")
@hypothesis.example("1e5")
@hypothesis.example("NaN")
@hypothesis.example("null")
@hypothesis.example('"2024"')
def test_text_number_and_none_round_trip(value: object) -> None:
    back = as_value(as_text(value))
    assert (type(back), back) == (type(value), value) or len(as_text(value)) > 40


@pytest.mark.parametrize("value", ["adam", "true", "[64]", 0.05, 5e-07, 64, None])
def test_quotes_only_where_needed(value: object) -> None:
    assert not as_text(value).startswith('"')


def test_the_keys_that_hold_text_are_those_of_the_schema() -> None:
    keys = text_keys()
    assert {"study", "optimizer.name", "dataset.name", "training.dtype", "report.title", "report.folder"} <= set(keys)
    assert set(keys["tracking.artifacts"]) == {str, type(None)}
    assert not {"report.pages", "draws.chain", "seed", "training.epochs"} & set(keys)
