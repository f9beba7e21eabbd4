"""Files of a training run: arrays in `.npz` files, written and read without pickle."""

import io
import math
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.records.boundary import Boundary
from nnbench.records.boundary_image import draw
from nnbench.records.curves import GROUP_LOSS
from nnbench.records.history import History

Arrays = dict[str, npt.NDArray[Any]]

HISTORY, WEIGHTS, BOUNDARY, PICTURE = "history.npz", "weights.npz", "boundary.npz", "boundary.png"
SELECTION = "selection.csv"  # the settings that a tuning sweep chose

LARGEST = 2**29  # bytes that a file may decompress to; the arrays of a run take about a thousandth


def write_run(folder: Path, history: History, boundary: Boundary | None) -> None:
    """Write `history.npz`, `weights.npz` and, if there is a boundary, `boundary.npz` and `boundary.png`."""
    write_history(folder / HISTORY, history)
    _write(folder / WEIGHTS, _weights(history))
    if boundary is not None:
        write_boundary(folder / BOUNDARY, boundary)
        draw(boundary).save(folder / PICTURE, compress_level=1)


def write_history(path: Path, history: History) -> None:
    """Write the curves of a run as a `history.npz`."""
    _write(
        path,
        {
            "train_loss": history.train_loss,
            "train_accuracy": history.train_accuracy,
            "evaluated": history.evaluated,
            "val_loss": history.val_loss,
            "val_accuracy": history.val_accuracy,
            **({"train_r2": history.train_r2, "val_r2": history.val_r2} if len(history.train_r2) else {}),
            **history.counters,
            **{f"{GROUP_LOSS}{name}": values for name, values in history.group_loss.items()},
            **({"batch_loss": history.batch_loss} if len(history.batch_loss) else {}),
        },
    )


def write_boundary(path: Path, boundary: Boundary) -> None:
    """Write a decision boundary as a `boundary.npz`."""
    _write(path, _grids(boundary))


def write_checkpoints(path: Path, checkpoints: Mapping[int, Sequence[FloatArray]]) -> None:
    """Write weights at some epochs, as `read_checkpoints` reads them."""
    _write(path, _stacked(checkpoints))


class CorruptFileError(ValueError):
    """A file is damaged, or was not written by nnbench."""


def read_history(path: Path) -> Arrays:
    """Read the arrays of a `history.npz` by name; see `History`.

    Raises:
        CorruptFileError: the file is damaged, or is no history.
    """
    arrays = _read(path, ("train_loss", "train_accuracy", "evaluated", "val_loss", "val_accuracy"))
    epochs, evaluated = len(arrays["train_loss"]), arrays["evaluated"]
    _require(path, all(array.ndim == 1 for array in arrays.values()), "its curves are not one-dimensional")
    score = "r2" if "train_r2" in arrays else "accuracy"
    _require(path, len(arrays[f"train_{score}"]) == epochs, "its curves differ in length")
    groups = (name for name in arrays if name.startswith(GROUP_LOSS))
    for name in ("val_loss", f"val_{score}", "steps", "gradient_evaluations", *groups):
        _require(path, len(arrays.get(name, ())) in (0, len(evaluated)), "its curves differ in length")
    ascending = evaluated.dtype.kind in "iu" and bool((np.diff(evaluated.astype(np.int64)) > 0).all())
    _require(
        path,
        ascending and (not len(evaluated) or 0 <= evaluated[0] <= evaluated[-1] < epochs),
        "its epochs are not ascending or out of range",
    )
    return arrays


def curve_epochs(epochs: int, evaluated: IntArray) -> IntArray:
    """Return the epochs, about a hundred, at which a curve of `epochs` epochs is shown: the evaluated ones and the last.

    Without evaluated epochs, they are spaced logarithmically.
    """
    if epochs == 0:
        return np.empty(0, dtype=np.int64)
    chosen = evaluated if len(evaluated) else np.geomspace(1, epochs, 100).round().astype(np.int64) - 1
    return chosen if chosen[-1] == epochs - 1 and len(evaluated) else np.union1d(chosen, [epochs - 1])


def read_weights(path: Path) -> tuple[FloatArray, ...]:
    """Read the final weights in a `weights.npz`: an array for each layer, shape (inputs + 1, outputs)."""
    arrays = _read(path)
    return tuple(arrays[f"W{layer}"] for layer in range(sum(name.startswith("W") for name in arrays)))


def read_checkpoints(path: Path) -> dict[int, tuple[FloatArray, ...]]:
    """Read the weights in a `weights.npz` at the epochs of `training.checkpoints`, as `History.checkpoints` has them.

    Raises:
        CorruptFileError: the file is damaged.
    """
    arrays = _read(path)
    epochs = arrays.get("checkpoints", np.empty(0, np.int64))
    layers = [arrays[name] for layer in range(len(arrays)) if (name := f"checkpoints_W{layer}") in arrays]
    _require(path, epochs.ndim == 1 and epochs.dtype.kind in "iu", "its epochs are not whole numbers")
    _require(path, all(one.ndim == 3 and len(one) == len(epochs) for one in layers), "its layers do not match its epochs")
    return {int(epoch): tuple(layer[at] for layer in layers) for at, epoch in enumerate(epochs)}


def read_boundary(path: Path) -> Boundary:
    """Read the decision boundary in a `boundary.npz`.

    Raises:
        CorruptFileError: the file is damaged, or is no decision boundary.
    """
    names = "extent", "label", "confidence", "train_points", "train_labels", "test_points", "test_labels"
    arrays = _read(path, names)
    _require(
        path,
        arrays["extent"].shape == (4,) and bool(np.isfinite(arrays["extent"]).all()),
        "its extent is not four finite numbers",
    )
    left, right, bottom, top = arrays.pop("extent").tolist()
    labels = {int(name[7:]): arrays.pop(name) for name in list(arrays) if re.fullmatch(r"label_E\d{1,9}", name)}
    checkpoints = {epoch: (label, arrays.pop(f"confidence_E{epoch}", label)) for epoch, label in labels.items()}
    _require(path, set(arrays) < set(names), "it holds unknown arrays")
    for grid in (arrays["confidence"], *(grid for pair in checkpoints.values() for grid in pair)):
        _require(
            path,
            grid.ndim == 2 and grid.shape == arrays["label"].shape and grid.dtype == np.uint8,
            "its grids differ in shape or type",
        )
    for part in ("train", "test"):
        points, marks = arrays[f"{part}_points"], arrays[f"{part}_labels"]
        _require(
            path,
            points.shape == (*marks.shape, 2) and marks.ndim == 1 and marks.dtype == np.uint8,
            "its points and labels do not match",
        )
    return Boundary(extent=(left, right, bottom, top), checkpoints=checkpoints, **arrays)


def _weights(history: History) -> Arrays:
    arrays: Arrays = {f"W{layer}": weights for layer, weights in enumerate(history.weights)}
    return arrays | _stacked(history.checkpoints)


def _stacked(checkpoints: Mapping[int, Sequence[FloatArray]]) -> Arrays:
    """An array for each layer, shape (epochs, inputs + 1, outputs), since each array of a file costs a fixed time."""
    if not checkpoints:
        return {}
    layers = map(np.stack, zip(*checkpoints.values(), strict=True))
    return {"checkpoints": np.array(list(checkpoints))} | {f"checkpoints_W{at}": layer for at, layer in enumerate(layers)}


def _grids(boundary: Boundary) -> Arrays:
    arrays: Arrays = {name: value for name, value in vars(boundary).items() if isinstance(value, np.ndarray)}
    arrays["extent"] = np.array(boundary.extent)
    for epoch, (label, confidence) in boundary.checkpoints.items():
        arrays |= {f"label_E{epoch}": label, f"confidence_E{epoch}": confidence}
    return arrays


def _write(path: Path, arrays: Arrays) -> None:
    """Write as `numpy.savez` does; arrays of bytes, which hold labels, are compressed at the fastest level."""
    content = io.BytesIO()  # a zip file is written in many small parts
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")  # without a time, so that equal arrays give equal files
            if array.dtype == np.uint8:  # floats hardly shrink
                member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _header(array.dtype, array.shape) + array.tobytes(), compresslevel=1)
    path.write_bytes(content.getbuffer())


@lru_cache(maxsize=256)  # the runs of a sweep have arrays of the same shapes
def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return the header of a `.npy` file with an array in C order."""
    content = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(content, description)
    return content.getvalue()


def _read(path: Path, names: Sequence[str] = ()) -> Arrays:
    """Read the arrays of an `.npz` by name, without pickle and up to `LARGEST` bytes; those of `names` are required."""
    try:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:  # read at once: it would be read in many small parts
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            # A zip file never yields more than it says here.
            _require(path, sum(member.file_size for member in members.values()) <= LARGEST, "it decompresses to too much")
            arrays = {name: _array(archive, member) for name, member in members.items()}
    except OSError as error:
        raise CorruptFileError(f"{path.name} cannot be read: {error.strerror}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:  # Runtime: encrypted
        raise CorruptFileError(f"{path.name} cannot be read: {error}") from error
    _require(path, set(names) <= set(arrays), "it lacks arrays")
    return arrays


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    """Read an array of numbers as `numpy.load` does, and check its size against its header."""
    content = archive.read(member)
    if np.lib.format.read_magic(io.BytesIO(content[:8])) != (1, 0):
        raise ValueError("its format version is unknown")
    start = 10 + int.from_bytes(content[8:10], "little")
    shape, fortran, dtype = _read_header(content[8:start])
    data = bytearray(memoryview(content)[start:])  # not the bytes themselves, which would make an array read-only
    if dtype.kind not in "biuf" or len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError("an array does not match its header")
    return np.ndarray(shape, dtype, data, order="F" if fortran else "C")


@lru_cache(maxsize=1024)  # NumPy compiles the text of each header, which takes longer than all the rest
def _read_header(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether the order is Fortran's, and type from the header of a `.npy` file, its length included."""
    return np.lib.format.read_array_header_1_0(io.BytesIO(header))


def _require(path: Path, holds: bool, otherwise: str) -> None:
    if not holds:
        raise CorruptFileError(f"{path.name} is damaged: {otherwise}")
