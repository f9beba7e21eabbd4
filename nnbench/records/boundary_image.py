"""Picture of a decision boundary for MLflow's pages, drawn with Pillow within milliseconds."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from nnbench.core.palette import CLASS_COLOURS, POINT_SHADE
from nnbench.records.boundary import Boundary

SIZE = 480  # pixels along each side of the picture
DOT = 7  # pixels across a point
COLOURS = 128  # in the picture's palette: four times as fast to encode as three bytes a pixel, and a fifth of the size


def draw(boundary: Boundary) -> Image.Image:
    """Draw a boundary in `SIZE` by `SIZE` pixels: a colour for each class, paler at low confidence, and training points."""
    classes = max(int(boundary.label.max()), int(boundary.train_labels.max(initial=0))) + 1
    colours = np.array([CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in range(classes)], dtype=np.float32)
    # The highest of k probabilities is at least 1/k, which is drawn white. No area is so dark that points are hard to see.
    certainty = np.clip((np.arange(256) / 255 * classes - 1) / max(classes - 1, 1), 0, 1)[None, :, None]
    shades = (255 - (255 - colours[:, None, :]) * (0.08 + 0.47 * certainty)).astype(np.uint8)
    cells = shades[boundary.label, boundary.confidence][::-1]  # a picture's row 0 is its top
    picture = Image.fromarray(np.ascontiguousarray(cells)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)

    left, right, bottom, top = boundary.extent
    x, y = boundary.train_points.astype(float).T
    columns = np.rint((x - left) / (right - left) * SIZE - DOT / 2).astype(int).tolist()
    rows = np.rint((top - y) / (top - bottom) * SIZE - DOT / 2).astype(int).tolist()
    dots = [_dot(*colour) for colour in CLASS_COLOURS]
    for column, row, label in zip(columns, rows, boundary.train_labels.tolist(), strict=True):
        disc, mask = dots[label % len(dots)]
        picture.paste(disc, (column, row), mask)
    return picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


@cache
def _dot(red: int, green: int, blue: int) -> tuple[Image.Image, Image.Image]:
    """A darker disc with a pale rim, and its mask; drawn eight times as large, since Pillow's own edges are jagged."""
    scale = 8
    dot = Image.new("RGBA", (DOT * scale, DOT * scale), (255, 255, 255, 0))
    colour = round(POINT_SHADE * red), round(POINT_SHADE * green), round(POINT_SHADE * blue)
    ImageDraw.Draw(dot).ellipse((0, 0, DOT * scale - 1, DOT * scale - 1), fill=colour, outline="white", width=scale)
    dot = dot.resize((DOT, DOT), Image.Resampling.BOX)
    return dot.convert("RGB"), dot.getchannel("A")
