"""How a sweep gives a row to a backend: with mask and weights or without, lengths known or not, predictions as written.

No more is compiled than if all were given alike: each function meets each variant on one backend or another, and each
backend meets each variant with some function.
"""

from typing import NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
from backends import PACKAGES

WRITTEN = ("input", "sum", "product", "slice", "reshape")


class Variant(NamedTuple):
    """``written`` says what the predictions are: an input, or an expression of inputs."""

    masked: bool
    static: bool
    weighted: bool
    written: str

    @classmethod
    def of(cls, number, backend):
        """That of the row of a number, another in float32 than in float64.

        MLX, and JAX with PyTensor 3.3, get inputs with masks: see docs/sharp_edges.rst.
        """
        if backend == "MLX" or (backend == "JAX" and not pytensor.__version__.startswith("3.0.")):
            return cls(masked=True, static=False, weighted=False, written="input")
        number += list(PACKAGES).index(backend) + 5 * (pytensor.config.floatX == "float32")
        masked = bool(number % 2)
        written = WRITTEN[number % len(WRITTEN)]
        # what is masked are infinities as well, and 0 times infinity would be in all of the row
        return cls(
            masked, bool(number // 2 % 2), bool(number // 4 % 2), "sum" if masked and written == "product" else written
        )

    def variable(self, array):
        return pt.tensor(shape=array.shape if self.static else (None,) * array.ndim, dtype=array.dtype.name)

    def split(self, predictions):
        """Inputs for predictions that are an expression of them."""
        if self.written == "sum":
            return [predictions, np.zeros_like(predictions)]
        # of more dimensions PyTensor makes a product of matrices, for which it infers the shape of its gradient
        if self.written == "product" and predictions.ndim == 2:
            return [predictions, np.eye(predictions.shape[-1], dtype=predictions.dtype)]
        if self.written == "slice":
            return [np.concatenate([predictions, predictions[:1]])]
        return [predictions.ravel() if self.written == "reshape" else predictions]

    def join(self, inputs, shape):
        """The expression, of predictions of this shape."""
        first = inputs[0]
        return {
            "input": lambda: first,
            "sum": lambda: first + inputs[-1],
            "product": lambda: first @ inputs[1] if len(inputs) > 1 else first,
            "slice": lambda: first[:-1],
            "reshape": lambda: first.reshape((-1, *shape[1:])),
        }[self.written]()

    def gradient(self, found, shape):
        """The gradient by the predictions, from that by the first input."""
        return found[:-1] if self.written == "slice" else found.reshape(shape)
