"""Placement of labels without overlap."""

import numpy as np
import numpy.typing as npt


def spread(heights: npt.ArrayLike, gap: float, bottom: float, top: float) -> npt.NDArray[np.float64]:
    """Move heights as little as possible so that they are at least `gap` apart, between `bottom` and `top`, in the same order.

    Labels that touch form a block, which is placed at the mean of the wanted heights of its members.

    Args:
        heights: shape (n,), finite.

    Returns:
        Shape (n,); evenly spaced if they do not all fit.
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
