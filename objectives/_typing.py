"""Types of arguments, for type checkers."""

from typing import Any, Literal, Protocol, TypeAlias

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.tensor.variable import TensorVariable

__all__ = ["Average", "LabelAverage", "MultiOutput", "TensorLike"]


class _Array(Protocol):
    """What NumPy can read: its own arrays, and those of pandas, JAX, PyTorch and others."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any: ...


TensorLike: TypeAlias = TensorVariable | SharedVariable | _Array | float | list[Any] | tuple[Any, ...]
Average: TypeAlias = Literal["macro", "weighted", "micro"] | None
LabelAverage: TypeAlias = Literal["macro", "weighted", "micro", "samples"] | None
MultiOutput: TypeAlias = Literal["uniform_average", "raw_values"]
