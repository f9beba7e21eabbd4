"""Picture of a decision boundary for MLflow's pages, drawn with Pillow within milliseconds."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from nnbench.core.arrays import FloatArray
from nnbench.core.palette import CLASS_COLOURS, POINT_SHADE
from nnbench.records.boundary import Boundary

SIZE = 320  # pixels along each side of the picture
DOT = 6  # pixels across a point
COLOURS = 128  # in the picture's palette: four times as fast to encode as three bytes a pixel, and a fifth of the size


def draw(boundary: Boundary) -> Image.Image:
    """Draw a boundary in `SIZE` by `SIZE` pixels: a colour for each class, paler at low confidence, and training points."""
    classes = max(int(boundary.label.max()), int(boundary.train_labels.max(initial=0))) + 1
    colours = np.array([CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in range(classes)], dtype=np.float32)
    # The highest of k probabilities is at least 1/k, which is drawn white. No area is so dark that points are hard to see.
    certainty = np.clip((np.arange(256) / 255 * classes - 1) / max(classes - 1, 1), 0, 1)[None, :, None]
    # Four bytes a pixel are copied as one number, eight times as fast as three bytes.
    shades = np.zeros((classes, 256, 4), np.uint8)
    shades[..., :3] = 255 - (255 - colours[:, None, :]) * (0.08 + 0.47 * certainty)
    cells = shades.view(np.uint32)[boundary.label, boundary.confidence, 0][::-1]  # a picture's row 0 is its top
    height, width = cells.shape
    picture = Image.frombytes("RGBX", (width, height), cells.tobytes()).resize((SIZE, SIZE), Image.Resampling.BILINEAR)

    left, right, bottom, top = boundary.extent
    x, y = boundary.train_points.astype(float).T
    columns = np.rint((x - left) / (right - left) * SIZE - DOT / 2).astype(int)
    rows = np.rint((top - y) / (top - bottom) * SIZE - DOT / 2).astype(int)
    pixels = np.pad(np.asarray(picture), ((DOT, DOT), (DOT, DOT), (0, 0)))  # a point at the border is drawn in part
    square = np.arange(DOT, 2 * DOT)
    where = (rows[:, None, None] + square[:, None]) * len(pixels) + columns[:, None, None] + square
    whole = pixels.view(np.uint32).reshape(-1)
    discs, cover = (np.stack(parts)[boundary.train_labels % len(CLASS_COLOURS)] for parts in zip(*_dots(), strict=True))
    under = whole[where].view(np.uint8).reshape(*where.shape, 4)[..., :3]
    drawn = np.zeros((*where.shape, 4), np.uint8)
    drawn[..., :3] = (discs * cover + under * (1 - cover)).round()
    whole[where] = drawn.view(np.uint32)[..., 0]
    inside = pixels[DOT:-DOT, DOT:-DOT]
    picture = Image.frombytes("RGBX", (SIZE, SIZE), inside.tobytes()).convert("RGB")
    return picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


@cache
def _dots() -> list[tuple[FloatArray, FloatArray]]:
    """Return a darker disc with a pale rim for each class: its colours, and the share of each pixel that it covers."""
    scale = 8  # drawn eight times as large, since Pillow's own edges are jagged
    dots: list[tuple[FloatArray, FloatArray]] = []
    for colour in CLASS_COLOURS:
        dot = Image.new("RGBA", (DOT * scale, DOT * scale), (255, 255, 255, 0))
        red, green, blue = (round(POINT_SHADE * channel) for channel in colour)
        ImageDraw.Draw(dot).ellipse(
            (0, 0, DOT * scale - 1, DOT * scale - 1), fill=(red, green, blue), outline="white", width=scale
        )
        values = np.asarray(dot.resize((DOT, DOT), Image.Resampling.BOX), dtype=np.float32)
        dots.append((values[..., :3], values[..., 3:] / 255))
    return dots
