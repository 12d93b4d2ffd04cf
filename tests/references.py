"""What the references of the rows give, kept as data: only those who change a row need JAX and optax.

``pytest --references add`` computes what the chosen tests ask for and adds it to
``tests/data/<file of the function>.npz``; `make references` computes everything, and forgets what no test asks for.
In it each answer, all its numbers one after another, is found by a digest of the question: the function, its options
and the arrays. A question without an answer is an error, so a row cannot change unnoticed; a test computes the
references anew.
"""

from hashlib import sha256
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "data"
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def plain(value):
    """An option as text that tells it from others."""
    return value.tolist() if isinstance(value, np.ndarray) else getattr(value, "__name__", value)


def digest(case, arrays, upstream, mask):
    """Of what the reference is given, which computes in float64 and int64."""
    wide = [a.astype("float64" if a.dtype.kind == "f" else "int64") for a in (*arrays, upstream)]
    wide += [] if mask is None else [mask]
    options = {name: plain(value) for name, value in case.options.items()}
    question = [case.function.__name__, options, list(case.extras), case.wrt(arrays), [a.shape for a in wide]]
    found = sha256(repr(question).encode())
    for array in wide:
        found.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(found.digest()[:8], "uint64")[0]


class References:
    """The answers of all files, each read when it is asked for."""

    def __init__(self):
        self.known, self.made, self.making = {}, {}, None

    def find(self, case, arrays, upstream, mask):
        file, key = case.function.__module__.rpartition(".")[2], digest(case, arrays, upstream, mask)
        if self.making:
            self.make(file, key, case.computed(arrays, upstream, mask))
        answers = self.made if self.making else self.known
        if file not in answers:
            answers[file] = read(file)
        if key not in answers[file]:
            raise LookupError(f"No reference for {case.id}: docs/adding_a_loss.rst says how to compute it.")
        return split(answers[file][key], [upstream.shape, *(arrays[i].shape for i in case.wrt(arrays))])

    def make(self, file, key, computed):
        """Keep the numbers, those of before where they are as close as versions of JAX are."""
        value, gradients = computed
        numbers = np.concatenate([np.ravel(a) for a in (value, *gradients)])
        old = self.known.setdefault(file, read(file)).get(key)
        same = old is not None and np.allclose(old, numbers, **CLOSE, equal_nan=True)
        self.made.setdefault(file, {})[key] = old if same else numbers

    def write(self):
        for file, made in self.made.items():
            answers = self.known[file] | made if self.making == "add" else made
            keys = sorted(answers)
            ends = np.cumsum([answers[key].size for key in keys])
            numbers = np.concatenate([answers[key] for key in keys])
            FOLDER.mkdir(exist_ok=True)
            np.savez_compressed(FOLDER / f"{file}.npz", keys=np.array(keys, "uint64"), ends=ends, numbers=numbers)


def read(file):
    path = FOLDER / f"{file}.npz"
    if not path.exists():
        return {}
    with np.load(path) as data:
        return dict(zip(data["keys"], np.split(data["numbers"], data["ends"][:-1]), strict=True))


def split(numbers, shapes):
    """The losses and gradients of these shapes."""
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    value, *gradients = [part.reshape(shape) for part, shape in zip(np.split(numbers, ends[:-1]), shapes, strict=True)]
    return value, gradients


REFERENCES = References()
