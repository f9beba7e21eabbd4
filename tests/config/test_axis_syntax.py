"""`geom(...)` and `zip(...)`: what Hydra gets, and what a mistake is answered with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.config.axis_syntax import expand_geom, rewritten
from nnbench.core.errors import UserError


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("optimizer.learning_rate=geom(1e-4,1e-1,7)", "optimizer.learning_rate=1e-4,0.000316,0.001,0.00316,0.01,0.0316,1e-1"),
        ("a=geom(1, 1000, 4)", "a=1,10,100,1000"),
        ("a=geom(0.1,0.0123456,2)", "a=0.1,0.0123456"),
        ("zip(a.b,c)=(0.1,0.9),(0.5,[8,4])", "++zip=[{a.b:0.1,c:0.9},{a.b:0.5,c:[8,4]}]"),
        ("zip(a, b)=('x,(y',1), (z,2)", "++zip=[{a:'x,(y',b:1},{a:z,b:2}]"),
        ("a=range(3)", "a=range(3)"),
        ("-m", "-m"),
        ("name=my geom(1,2,3)", "name=my geom(1,2,3)"),
    ],
)
def test_axes_are_rewritten_for_hydra(argument: str, expected: str) -> None:
    assert rewritten(argument) == expected


@given(
    first=st.floats(1e-12, 1e12),
    ratio=st.one_of(st.floats(1e-6, 0.99), st.floats(1.01, 1e6)),
    number=st.integers(2, 60),
)
def test_geometric_values_are_distinct_and_near_the_exact_ones(first: float, ratio: float, number: int) -> None:
    values = [float(text) for text in expand_geom(f"geom({first!r},{first * ratio!r},{number})").split(",")]
    assert (values[0], values[-1], len(set(values))) == (first, first * ratio, number)
    np.testing.assert_allclose(values, np.geomspace(first, first * ratio, number), rtol=0.0051)


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("a=geom(0,1,3)", "a=geom(0,1,3): must be geom(START,STOP,NUMBER), two different numbers > 0"),
        ("a=geom(1,2)", "must be geom(START,STOP,NUMBER)"),
        ("a=geom(1,2,1)", "a whole one from 2 to 10,000"),
        ("a=geom(1,2,x)", "must be geom"),
        ("a=geom(1,inf,3)", "must be geom"),
        ("zip(a,b)=(1,2),(3)", "(3) must be 2 values in parentheses, one for each key"),
        ("zip(a,b)=1,2", "1 must be 2 values in parentheses"),
        ("zip(a,b)=", "nothing must be 2 values in parentheses"),
        ("zip(a,a)=(1,2)", "must have different keys"),
        ("zip()=(1)", "must have different keys"),
        ("zip(a,b)=(1,2", ") is missing"),
    ],
)
def test_mistakes_are_reported_in_one_line(argument: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        rewritten(argument)
    assert says in str(caught.value)
