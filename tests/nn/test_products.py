"""Matrix products against NumPy's, by both implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from nnbench.nn import products
from nnbench.nn.buffers import aligned
from nnbench.nn.products import MAX_DOT_SIZE, MAX_VECTOR_ROWS, blas_packs_small_matrices, product

SIZE = st.integers(1, 2 * MAX_VECTOR_ROWS)


@pytest.mark.parametrize("packing", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(
    rows=SIZE, inner=SIZE, columns=st.one_of(SIZE, st.just(MAX_DOT_SIZE)), transposed=st.tuples(st.booleans(), st.booleans())
)
def test_is_the_product(packing: bool, dtype: str, rows: int, inner: int, columns: int, transposed: tuple[bool, bool]) -> None:
    rng = np.random.default_rng(rows + inner)
    left, right = rng.integers(-9, 9, (rows, inner)).astype(dtype), rng.integers(-9, 9, (inner, columns)).astype(dtype)
    first = left.T.copy().T if transposed[0] else left
    second = right.T.copy().T if transposed[1] else right
    out = aligned((rows, columns), dtype, fill=np.nan)  # nothing of what a diverged epoch has left may stay
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "blas_packs_small_matrices", lambda: packing)
        call = product(first, second, out)
    for _ in range(2):
        call()
        np.testing.assert_array_equal(out, left @ right)


@pytest.mark.parametrize(("architecture", "packing"), [("Haswell", True), ("Zen", True), ("SkylakeX", False)])
def test_which_libraries_pack(architecture: str, packing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    openmp = {"internal_api": "openmp"}  # of other packages, and of no architecture
    library = {"internal_api": "openblas", "architecture": architecture}
    monkeypatch.setattr(products, "threadpool_info", lambda: [openmp, library])
    assert blas_packs_small_matrices.__wrapped__() is packing
    monkeypatch.setattr(products, "threadpool_info", lambda: [openmp])
    assert blas_packs_small_matrices.__wrapped__() is False


def test_the_blas_of_this_machine_is_recognized() -> None:
    assert all("architecture" in library for library in threadpool_info() if library["internal_api"] == "openblas")
