"""The contenders: how each compiles a workload, and how its results are read.

A contender is given its inputs where it computes, in its own type of array, and is timed until its results are there.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

# A list of its own: to import objectives before set_environment() would load what reads the environment.
BACKENDS = {"NUMBA": "numba", "CVM": None, "JAX": "jax", "PYTORCH": "torch", "plain": "numba"}
HOST_BACKENDS = ("NUMBA", "CVM", "plain")  # compute on the processor alone
PEERS = ("torch eager", "torch.compile", "jax.jit", "scikit-learn")
FLOOR = "copy of the bytes"
REWRITES = (  # those of this package, which "plain" does without
    "loss_fusion",
    "recognize_checks",
    "recognize_crossentropy",
    "simd",
)


class Mismatch(Exception):
    """A contender's results differ from those of the others."""


@dataclass
class Contender:
    name: str
    kind: str  # "ours", "peer" or "floor"
    step: Callable[[], object]  # one call, until its results are there
    fetch: Callable[[object], np.ndarray] = np.asarray  # a result as a NumPy array


class Maker(NamedTuple):
    """How to build a contender from a workload and its arrays, the modules needed, and the one that has the tasks."""

    name: str
    kind: str
    modules: tuple[str, ...]
    build: Callable
    tasks: str | None = None

    def serves(self, workload):
        """Whether its library has this task."""
        return self.tasks is None or hasattr(import_module(f"benchmarks.{self.tasks}"), workload.task)

    def missing(self):
        packages = {module.split(".")[0]: None for module in self.modules}  # to find a submodule imports its package
        return [package for package in packages if find_spec(package) is None]

    def load(self):
        """Import what is needed, so that it is not part of the time to compile."""
        for module in self.modules:
            import_module(module)

    def make(self, workload, arrays):
        step, fetch = self.build(workload, arrays)
        return Contender(self.name, self.kind, step, fetch)


def set_environment(threads, device):
    """Set environment variables that libraries read when imported; call it before."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(threads)
    # Threads that spin after their work is done would take the processor from the next contender.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["JAX_PLATFORMS"] = device


def makers(backends, peers, threads, device):
    """All requested contenders, and those peers that are not installed."""
    candidates = [
        *(pytensor_maker(backend, device) for backend in backends),
        *(torch_maker(name, threads=threads, device=device) for name in ("torch eager", "torch.compile")),
        Maker("jax.jit", "peer", ("jax", "jax.numpy", "optax"), build_jax, "in_jax"),
        Maker("scikit-learn", "peer", ("sklearn.metrics", "scipy.stats"), build_scipy, "in_scipy"),
    ]
    wanted = [maker for maker in candidates if maker.kind == "ours" or maker.name in peers]
    if device == "cpu":
        wanted.append(Maker(FLOOR, "floor", (), partial(build_floor, threads=threads)))
    else:
        wanted.append(Maker(FLOOR, "floor", ("jax", "jax.numpy"), build_jax_floor))
    return [m for m in wanted if not m.missing()], [m for m in wanted if m.missing()]


def thread_counts(threads):
    """Threads of each library; XLA takes all processors of the process, without an option for fewer."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"Numba": threads, "OpenMP (CVM)": threads, "PyTorch": threads, "copy": threads, "XLA (JAX)": processors}


# PyTensor


def pytensor_maker(backend, device):
    library = BACKENDS[backend]
    modules = ("pytensor", "pytensor.tensor", "objectives", *([library] if library else []))
    tasks = "in_plain" if backend == "plain" else "in_pytensor"
    return Maker(backend, "ours", modules, partial(build_pytensor, backend=backend, device=device), tasks)


def build_pytensor(workload, arrays, *, backend, device):
    if backend == "JAX":
        set_jax_precision(workload.dtype)
        return jax_step(compile_pytensor(workload, arrays, backend), arrays)
    function = compile_pytensor(workload, arrays, backend)
    if backend == "PYTORCH":
        import torch

        # PyTensor's wrapper returns NumPy arrays, so that on a GPU the time includes their way to the host.
        inputs = [torch.as_tensor(array, device=device) for array in arrays.values()]
        return partial(function, *inputs), np.asarray
    return partial(function, *arrays.values()), np.asarray


def compile_pytensor(workload, arrays, backend):
    """A function of inputs of unknown lengths, as in training; results are not copied."""
    import pytensor
    import pytensor.tensor as pt
    from pytensor.compile.mode import get_mode

    tasks = import_module("benchmarks.in_plain" if backend == "plain" else "benchmarks.in_pytensor")
    mode = get_mode("NUMBA").excluding(*REWRITES) if backend == "plain" else get_mode(backend)
    with pytensor.config.change_flags(floatX=workload.dtype):
        inputs = [pt.tensor(name, dtype=a.dtype, shape=(None,) * a.ndim) for name, a in arrays.items()]
        loss = getattr(tasks, workload.task)(*inputs)
        outputs = [loss, *(pytensor.grad(loss, inputs[: workload.gradients]) if workload.has_gradient else [])]
        outputs = [pytensor.Out(output, borrow=True) for output in outputs]
        return pytensor.function(inputs, outputs, mode=mode, trust_input=True)


# PyTorch


def torch_maker(name, **options):
    build = partial(build_torch, compiled=name == "torch.compile", **options)
    return Maker(name, "peer", ("torch",), build, "in_torch")


def build_torch(workload, arrays, *, compiled, threads, device):
    import torch

    torch.set_num_threads(threads)
    function = getattr(import_module("benchmarks.in_torch"), workload.task)
    if compiled:
        torch._dynamo.reset()  # of the functions of the workload before, whose number is limited
        function = torch.compile(function, dynamic=False)
    inputs = [torch.as_tensor(array, device=device) for array in arrays.values()]
    trained = inputs[: workload.gradients]
    synchronize = torch.cuda.synchronize if device == "cuda" else lambda: None

    def train():
        loss = function(*inputs)
        gradients = torch.autograd.grad(loss, trained)
        synchronize()
        return loss.detach(), *gradients

    def evaluate():
        with torch.no_grad():
            loss = function(*inputs)
        synchronize()
        return [loss]

    for x in trained:
        x.requires_grad_()
    return (train if workload.has_gradient else evaluate), torch_to_numpy


def torch_to_numpy(tensor):
    return tensor.cpu().numpy()


# JAX


def build_jax(workload, arrays):
    import jax

    set_jax_precision(workload.dtype)
    function = getattr(import_module("benchmarks.in_jax"), workload.task)
    if workload.has_gradient:
        by = tuple(range(workload.gradients))
        differentiated = jax.value_and_grad(function, by)

        def train(*inputs):
            loss, gradients = differentiated(*inputs)
            return loss, *gradients

        return jax_step(jax.jit(train), arrays)
    return jax_step(jax.jit(lambda *inputs: [function(*inputs)]), arrays)


def set_jax_precision(dtype):
    """The setting that PyTensor makes by floatX once, when it loads JAX."""
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64")


def jax_step(function, arrays):
    """A call with arrays on the device, until all results are there."""
    import jax

    inputs = [jax.device_put(array) for array in arrays.values()]
    return (lambda: jax.block_until_ready(function(*inputs))), np.asarray


# scikit-learn and SciPy, which compute in NumPy


def build_scipy(workload, arrays):
    function = getattr(import_module("benchmarks.in_scipy"), workload.task)
    return (lambda: [function(*arrays.values())]), partial(np.asarray, dtype=workload.dtype)


# The floor


def floor_bytes(workload, arrays):
    """Half of the bytes that must be read and written at least, since a copy does both."""
    moved = sum(array.nbytes for array in arrays.values())
    moved += sum(array.nbytes for array in list(arrays.values())[: workload.gradients])
    return max(1, moved // 2)


def build_floor(workload, arrays, *, threads):
    """Copy as many bytes as the inputs and the gradient have, on as many threads as the others."""
    size = floor_bytes(workload, arrays)
    source, target = np.ones(size, dtype="uint8"), np.empty(size, dtype="uint8")
    if size < 2**20:  # too little to share
        return partial(np.copyto, target, source), np.asarray
    pool = ThreadPoolExecutor(threads)
    pieces = list(zip(np.array_split(target, threads), np.array_split(source, threads), strict=True))
    return (lambda: list(pool.map(lambda piece: np.copyto(*piece), pieces))), np.asarray


def build_jax_floor(workload, arrays):
    import jax
    import jax.numpy as jnp

    source = {"bytes": np.ones(floor_bytes(workload, arrays), dtype="uint8")}
    return jax_step(jax.jit(jnp.copy), source)


# Do all compute the same?


def check(contender, expected, tolerance):
    """The loss and gradient of a contender, checked against the expected ones, if any."""
    results = [contender.fetch(result) for result in contender.step()]
    if expected is None:
        return results
    for what, actual, wanted in zip(
        ("loss", "gradient", "gradient by the second input"), results, expected, strict=False
    ):
        greatest = tolerance * max(np.abs(wanted).max(), np.finfo(wanted.dtype).tiny)
        if actual.shape != wanted.shape or actual.dtype != wanted.dtype:
            raise Mismatch(f"{what} {actual.dtype}{actual.shape} instead of {wanted.dtype}{wanted.shape}")
        difference = np.abs(actual - wanted).max()
        if not difference <= greatest:
            raise Mismatch(f"{what} differs by {difference:.2g}, which is more than {greatest:.2g}")
    if len(results) != len(expected):
        raise Mismatch(f"{len(results)} results instead of {len(expected)}")
    return expected
