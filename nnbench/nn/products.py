"""Matrix products of fixed buffers, each by the fastest routine for its shape on this machine."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from threadpoolctl import threadpool_info

from nnbench.core.arrays import FloatArray

MAX_VECTOR_ROWS = 6  # rows up to which vector-matrix products are faster than a BLAS product that packs
MAX_DOT_SIZE = 2**14  # elements up to which `dot` is faster than `matmul`, though it zeroes the output first


def product(left: FloatArray, right: FloatArray, out: FloatArray) -> Callable[[], object]:
    """Return a function that writes `left @ right` into `out`.

    Args:
        left: shape (rows, inner), C-contiguous or the transpose of such an array.
        right: shape (inner, columns), likewise.
        out: shape (rows, columns), C-contiguous.
    """
    if blas_packs_small_matrices() and len(out) <= MAX_VECTOR_ROWS:
        return partial(np.vecmat, left, right, out)
    # Not in float64: summing over the batch in `matvec`'s order deviates from the notebook's trajectories by 1.4e-9 in 100
    # epochs of Adam, in `dot`'s order by 0.3e-9.
    if blas_packs_small_matrices() and len(out.T) <= MAX_VECTOR_ROWS and out.dtype == np.float32:
        return partial(np.matvec, left, right.T, out.T)
    routine = left.dot if out.size <= MAX_DOT_SIZE else partial(np.matmul, left)
    return partial(routine, right, out)


@cache
def blas_packs_small_matrices() -> bool:
    """Return whether the BLAS packs both factors into blocks before a product, however small they are.

    OpenBLAS does so on processors with AVX2: for three classes, packing takes twice as long as the product. With AVX-512 it
    has separate kernels for small matrices.
    """
    libraries = threadpool_info()
    return any(each["internal_api"] == "openblas" and each["architecture"] in ("Haswell", "Zen") for each in libraries)
