"""Matrix products between buffers that never move, each by the routine that is quickest for its shape on this machine."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from threadpoolctl import threadpool_info

from nnbench.core.arrays import FloatArray

MAX_VECTOR_ROWS = 6  # rows, up to which as many products with a vector take less time than one that packs
MAX_DOT_SIZE = 2**14  # numbers, up to which `dot` is quicker than `matmul`, though it clears what it will write


def product(left: FloatArray, right: FloatArray, out: FloatArray) -> Callable[[], object]:
    """The call that writes `left @ right` into `out`.

    Args:
        left: shape (rows, inner), C-contiguous or the transpose of what is.
        right: shape (inner, columns), likewise.
        out: shape (rows, columns), C-contiguous.
    """
    if blas_packs_small_matrices() and len(out) <= MAX_VECTOR_ROWS:
        return partial(np.vecmat, left, right, out)
    # A sum over the batch in `matvec`'s order leaves the notebook's float64 trajectories by 1.4e-9 in 100 epochs of Adam,
    # in `dot`'s by 0.3e-9.
    if blas_packs_small_matrices() and len(out.T) <= MAX_VECTOR_ROWS and out.dtype == np.float32:
        return partial(np.matvec, left, right.T, out.T)
    routine = left.dot if out.size <= MAX_DOT_SIZE else partial(np.matmul, left)
    return partial(routine, right, out)


@cache
def blas_packs_small_matrices() -> bool:
    """Whether the BLAS copies both factors into blocks before it multiplies, be they ever so thin.

    OpenBLAS does on processors with AVX2: for three classes that takes twice as long as the product. With AVX-512 it has
    kernels of their own for small matrices.
    """
    libraries = threadpool_info()
    return any(each["internal_api"] == "openblas" and each["architecture"] in ("Haswell", "Zen") for each in libraries)
