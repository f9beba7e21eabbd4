"""The GIF of a decision boundary: its pictures, times and texts."""

from pathlib import Path

import numpy as np
import pytest
from PIL.GifImagePlugin import GifImageFile

from nnbench.core.palette import CLASS_COLOURS
from nnbench.lesson.animation import FIRST, FRAME, LAST, SIZE, STRIP, write_gif
from nnbench.records.boundary import Boundary, Frames

HALVES = np.repeat([[0, 1]], 8, axis=0).repeat(4, axis=1).astype(np.uint8)  # class 0 on the left, class 1 on the right


def frames(epochs: tuple[int, ...]) -> Frames:
    """The halves at first, then the two classes change sides with each picture."""
    labels = np.array([HALVES if at % 2 == 0 else 1 - HALVES for at in range(len(epochs))])
    sure = np.full_like(labels, 255)
    boundary = Boundary(
        extent=(-1.0, 1.0, -1.0, 1.0),
        label=labels[-1],
        confidence=sure[-1],
        train_points=np.array([[0.0, 0.0]], np.float32),
        train_labels=np.array([1], np.uint8),
        test_points=np.empty((0, 2), np.float32),
        test_labels=np.empty(0, np.uint8),
    )
    return Frames(epochs=epochs, labels=labels, confidences=sure, boundary=boundary)


@pytest.mark.parametrize("epochs", [(0, 5), (0, 1, 10, 1000)])
def test_one_picture_for_each_checkpoint(tmp_path: Path, epochs: tuple[int, ...]) -> None:
    write_gif(tmp_path / "a.gif", frames(epochs), "adam lr=0.05 seed=1", {0: 1.1, 5: 0.5, 1000: 0.1})
    with GifImageFile(tmp_path / "a.gif") as gif:
        assert gif.n_frames == len(epochs)
        assert gif.size == (SIZE, SIZE + STRIP)
        assert gif.info["loop"] == 0, "for ever"
        times = []
        for at in range(len(epochs)):
            gif.seek(at)
            times.append(gif.info["duration"])
            picture = np.asarray(gif.convert("RGB")).astype(int)
            left, right = picture[20, 20], picture[20, SIZE - 20]
            if at % 2:
                left, right = right, left
            assert (np.argsort(left) == np.argsort(CLASS_COLOURS[0])).all(), "a pale form of the colour of its class"
            assert np.abs(left - right).max() > 40
            assert (picture[SIZE:].min(axis=2) < 100).any(), "text on the strip"
        assert times == [FIRST, *[FRAME] * (len(epochs) - 2), LAST]


def test_a_long_name_leaves_room_for_the_epoch(tmp_path: Path) -> None:
    for file, name in (("long", "x" * 300), ("none", "")):
        write_gif(tmp_path / f"{file}.gif", frames((0, 10_000)), name, {0: 1.0, 10_000: 123.456})
    strips = {}
    for file in ("long", "none"):
        with GifImageFile(tmp_path / f"{file}.gif") as gif:
            gif.seek(1)
            strips[file] = np.asarray(gif.convert("L"))[SIZE:] < 128
    ends = {file: np.flatnonzero(strip.any(axis=0)) for file, strip in strips.items()}
    begins = ends["none"].min()
    assert ends["long"].max() == ends["none"].max()
    assert not strips["long"][:, begins - 6 : begins].any(), "a gap before the epoch"
    assert 8 <= ends["long"].min() < 20
