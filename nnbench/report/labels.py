"""Names at the ends of lines, moved apart where they would overlap: no legend to look up."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def spread(heights: npt.ArrayLike, gap: float, bottom: float, top: float) -> npt.NDArray[np.float64]:
    """Heights at least `gap` apart and between `bottom` and `top`, in the given order, moved as little as they must be.

    Those that touch form a block, and a block stands where its members wished to be on average.

    Args:
        heights: shape (n,), finite.

    Returns:
        Shape (n,); evenly spread where they do not all fit.
    """
    wished = np.asarray(heights, dtype=np.float64)
    if wished.size * gap >= top - bottom + gap:
        gap = (top - bottom) / max(1, wished.size - 1)
    order = np.argsort(wished, kind="stable")
    blocks: list[tuple[float, int]] = []  # lowest member's height, members
    for height in wished[order]:
        low, members = float(np.clip(height, bottom, top)), 1
        while blocks and low < blocks[-1][0] + blocks[-1][1] * gap:
            below, number = blocks.pop()
            low = (number * below + members * (low - number * gap)) / (number + members)
            members += number
            low = float(np.clip(low, bottom, top - (members - 1) * gap))
        blocks.append((low, members))
    placed = np.concatenate([low + gap * np.arange(members) for low, members in blocks]) if blocks else wished
    result = np.empty_like(wished)
    result[order] = placed
    return result


def longest(words: Sequence[str]) -> str:
    """The longest of the words, or nothing."""
    return max(words, key=len, default="")
