"""Adapter of PyTorch optimizers: any `torch.optim.Optimizer` class becomes an `Optimizer` with the same hyperparameters.

The tensors are weights of shape (outputs, inputs) and biases, as of `torch.nn.Linear`. Those that are contiguous share the
memory of the network's parameters; others are copied before and after each step.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, make_dataclass
from functools import cache, reduce
from importlib import metadata
from math import isfinite
from operator import or_
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import NonNegative, Positive
from nnbench.core.errors import UserError
from nnbench.core.user_code import describe_error
from nnbench.optimizers.adamw import AdamW
from nnbench.optimizers.base import Block, Optimizer

if TYPE_CHECKING:
    import torch

# PyTorch's names of hyperparameters that nnbench's optimizers have under another name. The elements of `betas` are fields.
RENAMED = {"lr": "learning_rate", "eps": "epsilon"}
# Arguments about how a step is computed, not about its result.
LEFT_OUT = {"foreach", "fused", "capturable", "differentiable", "maximize"}
# Classes of torch.optim that update each number on its own, so that one tensor of all parameters gives the same steps in a
# third of the time.
ELEMENTWISE = {"Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"}


@dataclass(kw_only=True)
class TorchOptimizer(Optimizer):
    """A PyTorch optimizer of all parameters; its subclasses, made by `adapted`, have the hyperparameters as fields.

    A schedule multiplies the `lr` of all parameter groups. A class whose `step` requires a closure, such as LBFGS, gets the
    training's, each call of which counts as an evaluation. One with the methods `train` and `eval`, as Schedule-Free, is
    switched to `eval` for an evaluation. PyTorch's generator of random numbers is seeded from the run's seed.

    Attributes:
        KIND: the class.
        ARGUMENTS: an argument of its constructor -> the fields that hold it; several are passed as a tuple.
        VERSIONS: of the installed packages that determine its steps, as text; part of the digest of the source.
        NEEDS_CLOSURE: `step` requires one.
        ONE_TENSOR: it gets all parameters as one vector, not as the tensors of the layers.
        SWITCHES: it has the methods `train` and `eval`.
    """

    KIND: ClassVar[Any]
    ARGUMENTS: ClassVar[Mapping[str, tuple[str, ...]]]
    VERSIONS: ClassVar[str]
    NEEDS_CLOSURE: ClassVar[bool]
    ONE_TENSOR: ClassVar[bool]
    SWITCHES: ClassVar[bool]
    SHAPE: ClassVar[tuple[int, ...]] = (2,)  # of the tensor of the trial
    indivisible = True

    def __post_init__(self) -> None:
        """Make a trial step, so that values which the class refuses are reported before a run."""
        import torch

        tensor = torch.zeros(self.SHAPE, requires_grad=True)
        tensor.grad = torch.ones_like(tensor)
        try:
            self._step(self._construct([tensor]), lambda: 0.0)
        except Exception as error:
            text = describe_error(error).removeprefix("ValueError: ")
            raise ValueError(f"{self.KIND.__module__}.{self.KIND.__qualname__}: {text}") from error

    def allocate(self, parameters: FloatArray) -> None:
        import torch

        sequence: Any = self.rng.bit_generator.seed_seq  # of which nothing is drawn, as layers share the generator
        torch.manual_seed(int(sequence.generate_state(1)[0]))
        views = [parameters.T] if self.ONE_TENSOR or not self.blocks else [block.values.T for block in self.blocks]
        self._views = [torch.from_numpy(view) for view in views]
        self._tensors = [view.contiguous().requires_grad_() for view in self._views]
        self._gradients: list[tuple[torch.Tensor, torch.Tensor]] = []  # views of the network's, and those that torch gets
        self._torch = self._construct(self._tensors)
        self._rate = getattr(self, "learning_rate", None)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        import torch

        started = bool(self._gradients)
        if not started:
            self._find_gradients(gradients)
        if (rate := getattr(self, "learning_rate", None)) != self._rate:
            self._rate = rate
            for group in self._torch.param_groups:
                group["lr"] = rate
        for tensor, view, (slope, given) in zip(self._tensors, self._views, self._gradients, strict=True):
            if tensor.data_ptr() != view.data_ptr():
                tensor.data.copy_(view)
            if given.data_ptr() != slope.data_ptr():
                given.copy_(slope)
            tensor.grad = given
        self._step(self._torch, self.closure or (lambda: 0.0))
        self._write_back()
        if not started:  # floating-point arrays as attributes, in which the training replaces subnormal numbers
            states = [value for state in self._torch.state.values() for value in state.values()]
            arrays = [value.numpy() for value in states if isinstance(value, torch.Tensor) and value.ndim]
            vars(self).update({f"_state_{number}": array for number, array in enumerate(arrays)})

    def evaluation_parameters(self, parameters: FloatArray) -> FloatArray:
        if not self.SWITCHES:
            return parameters
        before = parameters.copy()
        self._torch.eval()  # type: ignore[attr-defined]
        self._write_back()
        found = parameters.copy()
        self._torch.train()  # type: ignore[attr-defined]
        # Both change the parameters, and their rounding errors would depend on the number of evaluations.
        parameters[...] = before
        for tensor, view in zip(self._tensors, self._views, strict=True):
            tensor.data.copy_(view)
        return found

    def _construct(self, tensors: "Sequence[torch.Tensor]") -> "torch.optim.Optimizer":
        arguments = {}
        for name, held_by in self.ARGUMENTS.items():
            values = [tuple(value) if isinstance(value := getattr(self, one), list) else value for one in held_by]
            arguments[name] = tuple(values) if name == "betas" else values[0]
        optimizer: torch.optim.Optimizer = self.KIND(tensors, **arguments)
        if self.SWITCHES:
            optimizer.train()  # type: ignore[attr-defined]
        return optimizer

    def _step(self, optimizer: "torch.optim.Optimizer", closure: Callable[[], float]) -> None:
        if self.NEEDS_CLOSURE:
            optimizer.step(closure)
        else:
            optimizer.step()

    def _find_gradients(self, gradients: FloatArray) -> None:
        import torch

        views = [gradients.T] if self.ONE_TENSOR or not self.blocks else [block.gradients.T for block in self.blocks]
        tensors = [torch.from_numpy(view) for view in views]
        self._gradients = [(view, view.contiguous()) for view in tensors]

    def _write_back(self) -> None:
        for tensor, view in zip(self._tensors, self._views, strict=True):
            if tensor.data_ptr() != view.data_ptr():  # a copy, or the class has replaced `data`
                view.copy_(tensor.data)


@dataclass(kw_only=True)
class TorchMatrixOptimizer(TorchOptimizer):
    """A PyTorch optimizer that admits matrices only, such as torch.optim.Muon; AdamW has all other parameters.

    Attributes:
        matrices: `hidden`, weights between hidden layers, or `all` weights.
        adamw_learning_rate: of all other parameters.
        adamw_weight_decay: likewise.
    """

    SHAPE: ClassVar[tuple[int, ...]] = (2, 2)
    matrices: Literal["hidden", "all"] = "hidden"
    adamw_learning_rate: Positive = 3e-4
    adamw_weight_decay: NonNegative = 0.0

    def takes(self, block: Block) -> bool:
        return block.kind == "weights" and (self.matrices == "all" or block.role == "hidden")

    def rest(self) -> AdamW:
        return AdamW(learning_rate=self.adamw_learning_rate, weight_decay=self.adamw_weight_decay)


@cache
def adapted(kind: type) -> "type[TorchOptimizer] | None":
    """Return the `Optimizer` class of a PyTorch optimizer; None for another class.

    Fields are the arguments of the constructor that are numbers, texts, truth values or lists of numbers. Others keep their
    defaults, as do those in `LEFT_OUT`.

    Raises:
        UserError: an argument without a default is of another type.
    """
    import torch

    if not issubclass(kind, torch.optim.Optimizer):
        return None
    hints: dict[str, Any] = {}
    with suppress(Exception):  # an annotation that cannot be evaluated
        hints = get_type_hints(kind.__init__)
    fields: list[tuple[str, Any, Any]] = []
    arguments: dict[str, tuple[str, ...]] = {}
    for argument in list(inspect.signature(kind).parameters.values())[1:]:
        if argument.name in LEFT_OUT or argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            continue
        found = _fields(argument, hints.get(argument.name))
        if found is None and argument.default is argument.empty:
            raise UserError(f"{kind.__module__}.{kind.__qualname__}: needs {argument}, which cannot be given in a config")
        if found is not None:
            fields += found
            arguments[argument.name] = tuple(name for name, _, _ in found)
    closure = inspect.signature(kind.step).parameters.get("closure")
    needs_closure = closure is not None and closure.default is closure.empty
    matrices_only = not _admits(kind, needs_closure, (2,)) and _admits(kind, needs_closure, (2, 2))
    switches = hasattr(kind, "train") and hasattr(kind, "eval")
    namespace = {
        "KIND": kind,
        "ARGUMENTS": arguments,
        "VERSIONS": _versions("torch", kind.__module__.partition(".")[0]),
        "NEEDS_CLOSURE": needs_closure,
        "ONE_TENSOR": matrices_only
        or needs_closure
        or (kind.__module__.startswith("torch.optim.") and kind.__name__ in ELEMENTWISE),
        "full_batch": needs_closure,
        "SWITCHES": switches,
        "parameters_from_state": switches,
        "__module__": __name__,
        "__doc__": kind.__doc__,
    }
    base = TorchMatrixOptimizer if matrices_only else TorchOptimizer
    return make_dataclass(kind.__name__, fields, bases=(base,), namespace=namespace, kw_only=True)


def _fields(argument: inspect.Parameter, hint: Any) -> list[tuple[str, Any, Any]] | None:
    """Return the fields of an argument as (name, type, default); None if it is not plain data."""
    default, name = argument.default, RENAMED.get(argument.name, argument.name)
    if argument.name == "betas" and _is_list(default):
        return [(f"beta_{number}", float, field(default=float(one))) for number, one in enumerate(default, 1)]
    if _is_list(default):
        return [(name, list[float | None], field(default_factory=lambda: list(default)))]
    if isinstance(default, float) and not isfinite(default):
        return None  # a config holds finite numbers
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kept = [one for one in options if one in (bool, int, float, str, NoneType) or get_origin(one) is Literal]
    if kept in ([], [NoneType]):
        if not isinstance(default, bool | int | float | str):
            return None
        kept = [float if type(default) is int else type(default)]
    if float in kept and type(default) is int:
        default = float(default)
    allowed = Positive if name == "learning_rate" else reduce(or_, kept)
    return [(name, allowed, field(default=MISSING if default is argument.empty else default))]


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(one is None or isinstance(one, int | float) for one in value)


def _admits(kind: Any, needs_closure: bool, shape: tuple[int, ...]) -> bool:
    """Whether the class makes a step with its defaults for a tensor of this shape."""
    import torch

    tensor = torch.zeros(shape, requires_grad=True)
    tensor.grad = torch.ones_like(tensor)
    try:
        optimizer = kind([tensor])
        if hasattr(optimizer, "train"):
            optimizer.train()
        optimizer.step(*([lambda: 0.0] if needs_closure else []))
    except Exception:
        return False
    return True


def _versions(*packages: str) -> str:
    """Return the versions of the packages that are installed; a user's own module is none, and its source is digested."""
    found = ""
    for package in dict.fromkeys(packages):
        with suppress(metadata.PackageNotFoundError):
            found += f"{package} {metadata.version(package)}\n"
    return found
