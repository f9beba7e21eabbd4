"""Picture of a decision boundary for MLflow's pages, drawn as indices into a palette within a millisecond."""

from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from nnbench.core.arrays import ByteArray, IntArray
from nnbench.core.palette import CLASS_COLOURS, POINT_SHADE
from nnbench.records.boundary import Boundary

SIZE = 320  # pixels along each side of the picture
DOT = 6  # pixels across a point
SHADES = 48  # of a class, or fewer if there are many; more would not be seen, and take longer to encode
DOT_COLOURS = 8  # in the palette for the points of a class


class Palette(NamedTuple):
    """Colours of a picture of a number of classes, and where each is used.

    A picture with a palette takes a fifth of the time of one with three bytes a pixel, and a fifth of the size.

    Attributes:
        colours: shape (256, 3), 0..255.
        areas: index of the colour for a class at a confidence, shape (classes, 256).
        offsets: positions of the pixels of a point from its top left corner, shape (pixels, 2): row, column.
        points: index of the colour of each of these pixels for a class, shape (classes, pixels).
    """

    colours: ByteArray
    areas: ByteArray
    offsets: IntArray
    points: ByteArray


def draw(boundary: Boundary) -> Image.Image:
    """Draw a boundary in `SIZE` by `SIZE` pixels: a colour for each class, paler at low confidence, and training points."""
    classes = max(int(boundary.label.max()), int(boundary.train_labels.max(initial=0))) + 1
    palette = _palette(classes)
    places = np.left_shift(boundary.label, 8, dtype=np.uint16) + boundary.confidence
    cells = palette.areas.reshape(-1).take(places)[::-1]  # a picture's row 0 is its top
    enlarged = Image.fromarray(cells).resize((SIZE, SIZE), Image.Resampling.NEAREST)
    pixels = np.pad(np.asarray(enlarged), DOT)  # a point at the border is drawn in part

    left, right, bottom, top = boundary.extent
    x, y = boundary.train_points.astype(float).T
    columns = np.rint((x - left) / (right - left) * SIZE + DOT / 2).astype(int)
    rows = np.rint((top - y) / (top - bottom) * SIZE + DOT / 2).astype(int)
    down, across = palette.offsets.T
    pixels[rows[:, None] + down, columns[:, None] + across] = palette.points[boundary.train_labels]
    picture = Image.fromarray(pixels[DOT:-DOT, DOT:-DOT])
    picture.putpalette(palette.colours.tobytes())
    return picture


@cache
def _palette(classes: int) -> Palette:
    different = min(classes, len(CLASS_COLOURS))
    each = 256 // different  # places in the palette for a class: its shades, then those of its points
    shades = min(each - DOT_COLOURS, SHADES)
    colours = np.zeros((256, 3), np.uint8)
    # The highest of k probabilities is at least 1/k, which is drawn white. No area is so dark that points are hard to see.
    certainty = np.clip((np.arange(256) / 255 * classes - 1) / max(classes - 1, 1), 0, 1)
    steps = np.rint(certainty * (shades - 1))
    disc, offsets = _disc()
    tints, shade_of_pixel = np.unique(disc, return_inverse=True)
    for at in range(different):
        colour = np.array(CLASS_COLOURS[at])
        strength = 0.08 + 0.47 * np.linspace(0, 1, shades)[:, None]
        colours[each * at : each * at + shades] = 255 - (255 - colour) * strength
        dark = np.round(POINT_SHADE * colour)
        colours[each * at + shades : each * at + shades + len(tints)] = dark + (255 - dark) * tints[:, None] / 255
    start = each * (np.arange(classes) % different)[:, None]
    return Palette(colours, (start + steps).astype(np.uint8), offsets, (start + shades + shade_of_pixel).astype(np.uint8))


@cache
def _disc() -> tuple[ByteArray, IntArray]:
    """Return the whiteness of each pixel of a disc with a white rim, at most `DOT_COLOURS` different values, and its place."""
    scale = 8  # drawn eight times as large, since Pillow's own edges are jagged
    white = Image.new("LA", (DOT * scale, DOT * scale), (255, 0))
    ImageDraw.Draw(white).ellipse((0, 0, DOT * scale - 1, DOT * scale - 1), fill=(0, 255), outline=(255, 255), width=scale)
    whiteness, cover = np.moveaxis(np.asarray(white.resize((DOT, DOT), Image.Resampling.BOX)), -1, 0)
    places = np.argwhere(cover >= 128)
    return whiteness[tuple(places.T)], places
