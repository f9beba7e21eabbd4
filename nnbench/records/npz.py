"""The files a run leaves: arrays without pickle, and a picture of its decision boundary drawn in milliseconds."""

import math
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.core.palette import CLASS_COLOURS, POINT_SHADE
from nnbench.records.boundary import Boundary
from nnbench.records.history import History

Arrays = dict[str, npt.NDArray[Any]]

HISTORY, WEIGHTS, BOUNDARY, PICTURE = "history.npz", "weights.npz", "boundary.npz", "boundary.png"
SELECTION = "selection.csv"  # of a sweep that tuned: the settings it chose

LARGEST = 2**29  # bytes of arrays that a file may unfold to; a run's are a thousandth of that
SIZE = 480  # pixels along each side of the picture
DOT = 7  # pixels across a point


def write_run(folder: Path, history: History, boundary: Boundary | None) -> None:
    """Write `history.npz`, `weights.npz` and, where there is a boundary, `boundary.npz` and `boundary.png`."""
    _write(
        folder / HISTORY,
        {
            "train_loss": history.train_loss,
            "train_accuracy": history.train_accuracy,
            "evaluated": history.evaluated,
            "val_loss": history.val_loss,
            "val_accuracy": history.val_accuracy,
        },
    )
    _write(folder / WEIGHTS, _weights(history))
    if boundary is not None:
        write_boundary(folder / BOUNDARY, boundary)
        draw(boundary).save(folder / PICTURE, compress_level=1)


def write_boundary(path: Path, boundary: Boundary) -> None:
    """Write a decision boundary as a `boundary.npz`."""
    _write(path, _grids(boundary), compressed=True)


class Spoilt(ValueError):
    """A file that no run has left so: damaged, or somebody's mischief."""


def read_history(path: Path) -> Arrays:
    """The arrays of a `history.npz` by name, as `History` describes them: every epoch, not the evaluated alone.

    Raises:
        Spoilt: it is no such file.
    """
    arrays = _read(path, ("train_loss", "train_accuracy", "evaluated", "val_loss", "val_accuracy"))
    epochs, evaluated = len(arrays["train_loss"]), arrays["evaluated"]
    _insist(path, all(array.ndim == 1 for array in arrays.values()), "its curves are none")
    _insist(path, len(arrays["train_accuracy"]) == epochs, "its curves differ in length")
    for name in ("val_loss", "val_accuracy"):
        _insist(path, len(arrays[name]) in (0, len(evaluated)), "its curves differ in length")
    ascending = evaluated.dtype.kind in "iu" and bool((np.diff(evaluated.astype(np.int64)) > 0).all())
    _insist(path, ascending and (not len(evaluated) or 0 <= evaluated[0] <= evaluated[-1] < epochs), "its epochs are none")
    return arrays


def curve_epochs(epochs: int, evaluated: IntArray) -> IntArray:
    """The epochs, about a hundred, at which a curve of `epochs` epochs is shown: the evaluated ones and the last.

    A run without validation points evaluates at none; it is shown at a hundred epochs, dense early.
    """
    if epochs == 0:
        return np.empty(0, dtype=np.int64)
    chosen = evaluated if len(evaluated) else np.geomspace(1, epochs, 100).round().astype(np.int64) - 1
    return np.union1d(chosen, [epochs - 1])


def read_weights(path: Path) -> tuple[FloatArray, ...]:
    """The final weights in a `weights.npz`, a layer each, shape (inputs + 1, outputs)."""
    arrays = _read(path)
    return tuple(arrays[f"W{layer}"] for layer in range(sum(name.startswith("W") for name in arrays)))


def read_boundary(path: Path) -> Boundary:
    """The decision boundary in a `boundary.npz`.

    Raises:
        Spoilt: it is no such file.
    """
    names = "extent", "label", "confidence", "train_points", "train_labels", "test_points", "test_labels"
    arrays = _read(path, names)
    _insist(path, arrays["extent"].shape == (4,) and bool(np.isfinite(arrays["extent"]).all()), "its extent is none")
    left, right, bottom, top = arrays.pop("extent").tolist()
    labels = {int(name[7:]): arrays.pop(name) for name in list(arrays) if re.fullmatch(r"label_E\d{1,9}", name)}
    checkpoints = {epoch: (label, arrays.pop(f"confidence_E{epoch}", label)) for epoch, label in labels.items()}
    _insist(path, set(arrays) < set(names), "it holds what none has")
    for grid in (arrays["confidence"], *(grid for pair in checkpoints.values() for grid in pair)):
        _insist(path, grid.ndim == 2 and grid.shape == arrays["label"].shape and grid.dtype == np.uint8, "its grids differ")
    for part in ("train", "test"):
        points, marks = arrays[f"{part}_points"], arrays[f"{part}_labels"]
        _insist(path, points.shape == (*marks.shape, 2) and marks.ndim == 1 and marks.dtype == np.uint8, "its points are none")
    return Boundary(extent=(left, right, bottom, top), checkpoints=checkpoints, **arrays)


def draw(boundary: Boundary) -> Image.Image:
    """The boundary in `SIZE` by `SIZE` pixels: a colour a class, paler where less sure, with the training points."""
    classes = max(int(boundary.label.max()), int(boundary.train_labels.max(initial=0))) + 1
    colours = np.array([CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in range(classes)], dtype=np.float32)
    # The most probable of k classes has at least 1/k: there white, and never so dark that a point is lost on it.
    sure = np.clip((np.arange(256) / 255 * classes - 1) / max(classes - 1, 1), 0, 1)[None, :, None]
    shades = (255 - (255 - colours[:, None, :]) * (0.08 + 0.47 * sure)).astype(np.uint8)
    cells = shades[boundary.label, boundary.confidence][::-1]  # a picture's row 0 is its top
    picture = Image.fromarray(np.ascontiguousarray(cells)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)

    left, right, bottom, top = boundary.extent
    x, y = boundary.train_points.astype(float).T
    columns = np.rint((x - left) / (right - left) * SIZE - DOT / 2).astype(int).tolist()
    rows = np.rint((top - y) / (top - bottom) * SIZE - DOT / 2).astype(int).tolist()
    dots = [
        _dot((round(POINT_SHADE * red), round(POINT_SHADE * green), round(POINT_SHADE * blue)))
        for red, green, blue in CLASS_COLOURS
    ]
    for column, row, label in zip(columns, rows, boundary.train_labels.tolist(), strict=True):
        dot = dots[label % len(dots)]
        picture.paste(dot, (column, row), dot)
    return picture


def _dot(colour: tuple[int, int, int]) -> Image.Image:
    """A disc with a pale rim; drawn eight times as large, since Pillow's own edges are jagged."""
    scale = 8
    dot = Image.new("RGBA", (DOT * scale, DOT * scale), (255, 255, 255, 0))
    ImageDraw.Draw(dot).ellipse((0, 0, DOT * scale - 1, DOT * scale - 1), fill=colour, outline="white", width=scale)
    return dot.resize((DOT, DOT), Image.Resampling.BOX)


def _weights(history: History) -> Arrays:
    arrays: Arrays = {f"W{layer}": weights for layer, weights in enumerate(history.weights)}
    for epoch, layers in history.checkpoints.items():
        arrays |= {f"E{epoch}_W{layer}": weights for layer, weights in enumerate(layers)}
    return arrays


def _grids(boundary: Boundary) -> Arrays:
    arrays: Arrays = {name: value for name, value in vars(boundary).items() if isinstance(value, np.ndarray)}
    arrays["extent"] = np.array(boundary.extent)
    for epoch, (label, confidence) in boundary.checkpoints.items():
        arrays |= {f"label_E{epoch}": label, f"confidence_E{epoch}": confidence}
    return arrays


def _write(path: Path, arrays: Arrays, *, compressed: bool = False) -> None:
    """As `numpy.savez` does, but with the fastest compression, which is all that grids of labels need."""
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)


def _read(path: Path, names: Sequence[str] = ()) -> Arrays:
    """The arrays in an `.npz`, by name; those of `names` must be there. Nothing is unpickled, nor unfolds without bound."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            # A zip file never yields more than it says here.
            _insist(path, sum(member.file_size for member in members.values()) <= LARGEST, "it unfolds to too much")
            arrays = {name: _array(archive, member) for name, member in members.items()}
    except OSError as error:
        raise Spoilt(f"{path.name} cannot be read: {error.strerror}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:  # Runtime: encrypted
        raise Spoilt(f"{path.name} cannot be read: {error}") from error
    _insist(path, set(names) <= set(arrays), "it lacks arrays")
    return arrays


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    """As `numpy.load` does, but for plain numbers alone, and only if there are as many as the head says."""
    with archive.open(member) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("it is of another version")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        data = bytearray(file.read())
    if dtype.kind not in "biuf" or len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError("an array is not what its head says")
    return np.ndarray(shape, dtype, data, order="F" if fortran else "C")


def _insist(path: Path, holds: bool, otherwise: str) -> None:
    if not holds:
        raise Spoilt(f"{path.name} is not what it should be: {otherwise}")
