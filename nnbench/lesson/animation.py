"""Animation of a decision boundary over the epochs, as a GIF.

A GIF, since Pillow writes it, and browsers, MLflow's pages and slides play it. An MP4 would need a program for video, whose
package is larger than all of this project, and of so few pictures it would hardly be smaller.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from nnbench.records.boundary import Frames
from nnbench.records.boundary_image import draw

SIZE = 400  # pixels along each side of a picture
CELLS = 120  # of the grid along each side
COLOURS = 48  # half a megabyte in all; of twice as many, a third more
STRIP = 34  # pixels of the line of text below
FRAME, FIRST, LAST = 250, 1000, 2500  # milliseconds that a picture is shown


def write_gif(path: Path, frames: Frames, name: str, losses: Mapping[int, float]) -> None:
    """Write one picture for each checkpoint, with the name of the run, the epoch and the training loss.

    Args:
        path: of the file.
        frames: the decision boundaries.
        name: of the run.
        losses: training loss by epoch; one may be missing.
    """
    pictures = [_picture(frames, at, _text(epoch, losses), name) for at, epoch in enumerate(frames.epochs)]
    palette = pictures[-1].quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)  # the last has all colours
    first, *others = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures]
    durations = [FIRST, *[FRAME] * (len(others) - 1), LAST][-len(pictures) :]
    first.save(path, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False)


def _text(epoch: int, losses: Mapping[int, float]) -> str:
    return f"epoch {epoch:,}" + (f"   training loss {losses[epoch]:.3g}" if epoch in losses else "")


def _picture(frames: Frames, at: int, text: str, name: str) -> Image.Image:
    boundary = replace(frames.boundary, label=frames.labels[at], confidence=frames.confidences[at])
    picture = Image.new("RGB", (SIZE, SIZE + STRIP), "white")
    picture.paste(draw(boundary).convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(15)
    middle = SIZE + STRIP / 2
    pen.text((SIZE - 8, middle), text, fill="black", font=font, anchor="rm")
    room = SIZE - 24 - pen.textlength(text, font)
    pen.text((8, middle), _fit(name, pen, font, room), fill="black", font=font, anchor="lm")
    return picture


def _fit(name: str, pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    """Shorten a name to a width in pixels."""
    ends = (name, *(f"{name[:length]}..." for length in range(len(name) - 1, 0, -1)))
    return next((one for one in ends if pen.textlength(one, font) <= room), "")
