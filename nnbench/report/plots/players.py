"""Data of the players of a web page: paths of optimizers over their steps, and decision boundaries over the epochs."""

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from nnbench.core.arrays import ByteArray, FloatArray
from nnbench.core.palette import CLASS_COLOURS, POINT_SHADE, LineStyle
from nnbench.records.boundary import Frames
from nnbench.records.demonstration import Demonstration, Surface
from nnbench.report.plots.paths import levels

Json = dict[str, Any]

SIDE = 100.0  # units along each side of a drawing of paths
_LEVELS = 7  # of confidence: so few compress well, and no more are told apart
_POINTS = 200  # training points that are drawn on a boundary


def paths(shown: Mapping[str, Demonstration], styles: Mapping[str, LineStyle]) -> Json:
    """The paths of optimizers on each function, as SVG's lists of points, by the label of the optimizer."""
    surfaces = [path.surface for path in next(iter(shown.values())).paths]
    return {
        "functions": [_function(surface) for surface in surfaces],
        "steps": max(len(path.positions) - 1 for one in shown.values() for path in one.paths),
        "optimizers": [
            {
                "name": label,
                "colour": styles[label].colour,
                "rates": [path.learning_rate for path in one.paths],
                "points": [" ".join(map(_pair, _scaled(path.positions, path.surface))) for path in one.paths],
            }
            for label, one in shown.items()
        ],
    }


def _function(surface: Surface) -> Json:
    rows, columns = surface.values.shape
    left, right, bottom, top = surface.extent
    grid = np.linspace(left, right, columns), np.linspace(bottom, top, rows)
    contours = Figure().add_subplot().contour(*grid, surface.values, levels=levels(surface))
    lines = [_scaled(np.asarray(line), surface) for level in contours.allsegs for line in level if len(line)]
    (minimum,) = _scaled(np.array([surface.minimum]), surface)
    return {
        "name": surface.name,
        "contours": " ".join(f"M{' '.join(map(_pair, line))}" for line in lines),
        "minimum": minimum.round(2).tolist(),
    }


def _scaled(points: FloatArray, surface: Surface) -> FloatArray:
    """Points of the plane as points of a square of `SIDE`, y downwards."""
    left, right, bottom, top = surface.extent
    found: FloatArray = SIDE * np.column_stack([(points[:, 0] - left) / (right - left), (top - points[:, 1]) / (top - bottom)])
    return found


def _pair(point: FloatArray) -> str:
    return f"{point[0]:.2f},{point[1]:.2f}"


def boundaries(shown: Sequence[tuple[str, str, Frames, Mapping[int, float]]]) -> Json:
    """Decision boundaries over the epochs.

    Args:
        shown: the setting, the colour of its name, its frames, and the training loss by epoch; one for each panel.
    """
    return {
        "epochs": sorted({epoch for _, _, frames, _ in shown for epoch in frames.epochs}),
        "panels": [_panel(*one) for one in shown],
    }


def _panel(name: str, colour: str, frames: Frames, losses: Mapping[int, float]) -> Json:
    boundary = frames.boundary
    left, right, bottom, top = boundary.extent
    every = max(1, -(-len(boundary.train_points) // _POINTS))  # points are ordered by class: each class keeps its share
    points, labels = boundary.train_points[::every], boundary.train_labels[::every]
    places = np.column_stack([(points[:, 0] - left) / (right - left), (top - points[:, 1]) / (top - bottom)])
    shades = [CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in range(int(labels.max(initial=0)) + 1)]
    return {
        "name": name,
        "colour": colour,
        "epochs": list(frames.epochs),
        "losses": [None if (loss := losses.get(epoch)) is None else float(f"{loss:.3g}") for epoch in frames.epochs],
        "cells": frames.labels.shape[1],
        "sprite": f"data:image/png;base64,{base64.b64encode(sprite(frames)).decode()}",
        "points": [[round(float(x), 3), round(float(y), 3), int(label)] for (x, y), label in zip(places, labels, strict=True)],
        "shades": [_css(POINT_SHADE * np.array(colour)) for colour in shades],
    }


def sprite(frames: Frames) -> bytes:
    """All frames in one PNG, one below the other: the colour of the class, the more transparent the less it is sure."""
    classes = max(2, int(frames.labels.max()) + 1, int(frames.boundary.train_labels.max(initial=0)) + 1)
    sure = np.clip((frames.confidences / 255 - 1 / classes) / (1 - 1 / classes), 0, 1)
    shades: ByteArray = np.rint(sure * (_LEVELS - 1)).astype(np.uint8)
    colours = min(classes, 256 // _LEVELS)
    indices = (frames.labels % colours) * _LEVELS + shades
    height = indices.shape[0] * indices.shape[1]
    picture = Image.fromarray(np.ascontiguousarray(indices[:, ::-1]).reshape(height, -1))  # a picture's row 0 is its top
    picture = picture.convert("P")
    palette = [CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in range(colours) for _ in range(_LEVELS)]
    picture.putpalette([channel for colour in palette for channel in colour])
    opacities = bytes(round(255 * 0.72 * level / (_LEVELS - 1)) for _ in range(colours) for level in range(_LEVELS))
    content = BytesIO()
    picture.save(content, "PNG", optimize=True, transparency=opacities)
    return content.getvalue()


def _css(colour: FloatArray) -> str:
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in colour)
