"""What an optimizer does on functions of two variables: its rule and its paths, for reports that teach."""

from dataclasses import dataclass

from nnbench.core.arrays import FloatArray


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A function of two variables.

    Attributes:
        name: of the function, such as `ravine`.
        formula: in TeX.
        extent: (left, right, bottom, top) of the part that is drawn.
        values: on a grid over it, shape (height, width), row 0 at the bottom, the outermost points on the edges.
        minimum: where the function is zero, its least value.
    """

    name: str
    formula: str
    extent: tuple[float, float, float, float]
    values: FloatArray
    minimum: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Path:
    """The points that an optimizer visits.

    Attributes:
        surface: the function that it minimises.
        positions: after each step, the start first, shape (steps + 1, 2); fewer if it diverged.
        values: of the function there, shape (steps + 1,).
        learning_rate: the one of those tried that ends lowest; None for an optimizer without one.
        diverged: whether it left the numbers that can be drawn with every rate.
    """

    surface: Surface
    positions: FloatArray
    values: FloatArray
    learning_rate: float | None
    diverged: bool


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """Rule and paths of an optimizer.

    Attributes:
        formula: equations in TeX; empty if its class gives none.
        hyperparameters: name, symbol in TeX and value of each that the formula names; the learning rate has no value, as each
            path has its own.
        symbols: the other symbols of the formula in TeX, with their meaning.
        paths: one for each function.
        rates: learning rates that were tried for each path.
    """

    formula: tuple[str, ...]
    hyperparameters: tuple[tuple[str, str, str], ...]
    symbols: tuple[tuple[str, str], ...]
    paths: tuple[Path, ...]
    rates: tuple[float, ...]
