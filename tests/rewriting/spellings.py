"""Random graphs of crossentropies as users write them, and of what only resembles one, with inputs of random shapes."""

from typing import Any, NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax, softmax

LABEL_DTYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")


class Spelling(NamedTuple):
    """Variables, arrays for them, outputs, and the words that say what they are."""

    variables: list
    arrays: list
    outputs: list
    words: list


class _Writer:
    """Writes one graph; ``words`` collects what it chose."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.words: list = []
        self.variables: list = []
        self.arrays: list = []

    def chance(self, share):
        return self.rng.random() < share

    def choose(self, *options, weights=None):
        chosen = options[self.rng.choice(len(options), p=None if weights is None else np.divide(weights, sum(weights)))]
        self.words.append(chosen)
        return chosen

    def variable(self, array, *, static=0.25):
        shape = tuple(n if self.chance(static) else None for n in array.shape)
        # a length of 1 that is known changes what broadcasts
        variable = pt.tensor(shape=shape, dtype=array.dtype.name)
        self.words.append(shape)
        self.variables.append(variable)
        self.arrays.append(array)
        return variable

    def write(self):
        rng = self.rng
        self.ndim = int(self.choose(2, 3, weights=(3, 1)))
        self.rows = tuple(int(n) for n in rng.integers(1, 5, size=self.ndim - 1))
        self.classes = int(rng.integers(2, 6))
        self.dtype = self.choose("float64", "float32", weights=(3, 1))
        self.x = self.variable(rng.normal(size=(*self.rows, self.classes)).astype(self.dtype))
        self.z = self.logits()
        self.y = self.labels()
        losses = self.aggregated(self.weighed(self.loss()))
        outputs = [losses]
        if self.chance(0.8):
            self.words.append("gradient")
            outputs.append(pytensor.grad(losses.sum() if losses.ndim else losses, self.x, disconnected_inputs="ignore"))
        if self.chance(0.2):
            outputs.append(losses.shape if losses.ndim else losses * 2)
        return Spelling(self.variables, self.arrays, outputs, self.words)

    def logits(self):
        kind = self.choose("x", "x / t", "x @ w", "x + b", "x[::-1]", "tanh", weights=(6, 1, 1, 1, 1, 1))
        x = self.x
        return {
            "x": lambda: x,
            "x / t": lambda: x / np.asarray(2.5, self.dtype),
            "x @ w": lambda: x @ pt.as_tensor_variable(np.eye(self.classes, dtype=self.dtype)[::-1] * 2),
            "x + b": lambda: x + np.arange(self.classes).astype(self.dtype),
            "x[::-1]": lambda: x[::-1],
            "tanh": lambda: pt.tanh(x),
        }[kind]()

    def labels(self):
        """Labels, of which there may be fewer or more than rows, or one."""
        rng, rows = self.rng, list(self.rows)
        many = self.choose("as many", "fewer", "one", "more", weights=(7, 2, 1, 0.5))
        axis = int(rng.integers(len(rows)))
        if many != "one" and rows[axis] == 1:
            many = "as many"  # several labels of a single row, or none: docs/speed.rst
        rows[axis] = {"as many": rows[axis], "fewer": int(rng.integers(0, rows[axis] + 1)), "one": 1}.get(
            many, rows[axis] + 1
        )
        dtype = self.choose(*LABEL_DTYPES)
        values = self.choose("valid", "negative", "too large", "too low", weights=(8, 2, 0.5, 0.5))
        y = rng.integers(0, self.classes, size=rows)
        if values == "negative" and not dtype.startswith("u"):
            y = y - self.classes * rng.integers(0, 2, size=rows)
        elif values != "valid" and y.size:
            y.flat[rng.integers(y.size)] = self.classes if dtype.startswith("u") or values == "too large" else -9
        y, self.num_labels = y.astype(dtype), y.shape
        cut = self.choose("given", "sliced", "strided", weights=(6, 1, 1))
        if cut == "given":
            return self.variable(y)
        if cut == "sliced":
            return self.variable(np.concatenate([y, y[:1]]), static=0)[: y.shape[0] if len(y) else 0]
        return self.variable(np.repeat(y, 2, axis=0), static=0)[::2]

    def grid(self):
        """The indices before that of the labels."""
        grid = []
        for axis in range(self.ndim - 1):
            of = self.choose("y", "x", "z", "number", weights=(4, 3, 1, 1))
            length = {"y": self.y.shape, "x": self.x.shape, "z": self.z.shape}.get(of, self.rows)[axis]
            index = np.arange(length) if of == "number" else pt.arange(length)
            grid.append(index if axis == self.ndim - 2 else pt.as_tensor_variable(index)[:, None])
        return grid

    def pick(self, scores):
        if self.y.dtype.startswith("u") or self.choose("index", "take_along_axis", weights=(3, 1)) == "index":
            return scores[(*self.grid(), self.y)]
        taken = pt.take_along_axis(scores, self.y[..., None], axis=-1)
        return self.choose(taken[..., 0], taken.squeeze(-1))

    def one_hot(self):
        kind = self.choose("eq", "eye", "eq cast", "identity")
        if kind == "eye":
            return pt.eye(self.classes, dtype=self.dtype)[self.y]
        if kind == "identity":
            return pt.constant(np.eye(self.classes))[self.y]
        classes = self.choose(pt.arange(self.classes), pt.arange(self.x.shape[-1]))
        equal = pt.eq(self.y[..., None], classes)
        return equal.astype(self.choose("float32", "float64")) if kind == "eq cast" else equal

    def log_p(self):
        z = self.z
        shifted = z - z.max(axis=-1, keepdims=True)
        return self.choose(
            ("log_softmax", lambda: log_softmax(z, axis=-1)),
            ("log(softmax)", lambda: pt.log(softmax(z, axis=-1))),
            ("z - logsumexp", lambda: z - pt.logsumexp(z, axis=-1, keepdims=True)),
            ("log(exp / sum)", lambda: pt.log(pt.exp(z) / pt.exp(z).sum(axis=-1, keepdims=True))),
            ("by hand", lambda: shifted - pt.log(pt.exp(shifted).sum(axis=-1, keepdims=True))),
        )[1]()

    def loss(self):
        kind = self.choose("pick", "product", "log of pick", "logsumexp", "switch", weights=(4, 2, 2, 2, 1))
        if kind == "pick":
            scores = self.log_p()
            if self.chance(0.15):  # a factor for each row, before entries are picked
                self.words.append("scaled rows")
                scores = scores * self.variable(self.rng.uniform(0.5, 2, size=(*self.rows, 1)).astype(self.dtype))
            return -self.pick(scores)
        if kind == "product":
            return -(self.one_hot() * self.log_p()).sum(axis=-1)
        if kind == "log of pick":
            return -pt.log(self.pick(softmax(self.z, axis=-1)))
        if kind == "logsumexp":
            return pt.logsumexp(self.z, axis=-1) - self.pick(self.z)
        return -pt.switch(pt.eq(self.y[..., None], pt.arange(self.classes)), self.log_p(), 0).sum(axis=-1)

    def weighed(self, loss):
        kind = self.choose("plain", "items", "classes", "mask", "square", "cast", weights=(6, 1, 1, 1, 1, 1))
        # as many as there are labels, or as rows
        shape = self.choose(self.rows, self.num_labels) if kind in ("items", "mask") else ()
        draw = self.rng.uniform(0.5, 2, size=shape)
        return {
            "plain": lambda: loss,
            "items": lambda: loss * self.variable(draw.astype(self.dtype)),
            "classes": lambda: loss * pt.as_tensor_variable(np.linspace(1, 2, self.classes).astype(self.dtype))[self.y],
            "mask": lambda: pt.switch(self.variable(draw) > 1, loss, 0),
            "square": lambda: pt.square(loss),
            "cast": lambda: loss.astype("float64" if self.dtype == "float32" else "float32"),
        }[kind]()

    def aggregated(self, loss):
        return {
            "none": lambda: loss,
            "mean": lambda: loss.mean(),
            "sum": lambda: loss.sum(),
            "last axis": lambda: loss.mean(axis=-1),
        }[self.choose("none", "mean", "sum", "last axis", weights=(2, 4, 2, 1))]()


def spelling(seed) -> Spelling:
    """The graph of this seed."""
    return _Writer(seed).write()


def results(graph: Spelling, mode) -> Any:
    """What a graph gives in a mode: arrays, or the error."""
    try:
        function = pytensor.function(graph.variables, graph.outputs, mode=mode, on_unused_input="ignore")
        return [np.asarray(result) for result in function(*graph.arrays)]
    except Exception as error:
        return error
