"""The C kernels compute what the symbolic Ops say, raise, and can be called from threads and after a fork."""

import itertools
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import parameter
from pytensor.compile.mode import get_mode
from pytensor.graph.fg import FunctionGraph

from objectives.dispatch.c._registration import Kernel
from objectives.dispatch.c.elementwise import SimdElemwise
from objectives.dispatch.c.summation import SimdSum
from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient
from objectives.ops.labels import LabelError
from objectives.ops.margin import MulticlassHinge, MulticlassHingeGradient
from objectives.ops.marking import loss as mark
from objectives.ops.ranking import label_rank

pytestmark = pytest.mark.skipif(not pytensor.config.cxx, reason="no C++ compiler")

OPTIONS = ("class_weights", "label_smoothing", "logit_softcap", "z_loss", "mask")
COMBINATIONS = [c for k in (0, 1, len(OPTIONS)) for c in itertools.combinations(OPTIONS, k)]
TOLERANCE = {"float32": {"rtol": 1e-5, "atol": 1e-6}, "float64": {"rtol": 1e-12, "atol": 1e-14}}
DTYPES = pytest.mark.parametrize("dtype", TOLERANCE)


def variables(dtype, ndim):
    def tensor(dtype, ndim):
        return pt.tensor(dtype=dtype, shape=(None,) * ndim)

    return {
        "logits": tensor(dtype, ndim),
        "labels": tensor("int64", ndim - 1),
        "dense": tensor(dtype, ndim),
        "a": tensor(dtype, ndim - 1),
        "b": tensor(dtype, ndim - 1),
        "class_weights": tensor(dtype, 1),
        "label_smoothing": tensor(dtype, 0),
        "logit_softcap": tensor(dtype, 0),
        "z_loss": tensor(dtype, 0),
        "mask": tensor("bool", ndim - 1),
    }


def applications(v, combinations):
    """Each Op with its inputs."""
    for targets, options in itertools.product(("labels", "dense"), combinations):
        items, given = [v["logits"], v[targets]], [v[name] for name in options]
        yield SoftmaxCrossentropy(options=options), [*items, *given]
        for with_loss in (False, True) if options in ((), OPTIONS) else (True,):
            op = SoftmaxCrossentropyGradient(options=options, with_loss=with_loss)
            yield op, [*items, v["a"], v["b"], *given]


@cache
def kernels_and_expressions(dtype, ndim=2, combinations=tuple(COMBINATIONS)):
    """Two functions of the same arguments."""
    v = variables(dtype, ndim)
    pairs = list(applications(v, combinations))
    ours = [output for op, inputs in pairs for output in op(*inputs, return_list=True)]
    plain = [output for op, inputs in pairs for output in op.build_inner_graph(*inputs)]
    ours, plain = (
        [*ours, label_rank(v["logits"], v["labels"])],
        [*plain, *label_rank.build_inner_graph(v["logits"], v["labels"])],
    )
    kernels = pytensor.function([*v.values()], ours, mode=get_mode("CVM").excluding("loss_fusion"))
    assert all(isinstance(node.op, Kernel) for node in kernels.maker.fgraph.apply_nodes)
    return kernels, pytensor.function([*v.values()], plain)


def arguments(dtype, shape, seed=0):
    random = np.random.default_rng(seed)
    rows, classes = shape[:-1], shape[-1]
    dense = random.random(shape) * (random.random(shape) < 0.5)
    return {
        "logits": random.normal(0, 4, shape).astype(dtype),
        "labels": random.integers(0, classes, rows),
        "dense": dense.astype(dtype),
        "a": np.asarray(random.normal(size=rows), dtype),
        "b": np.asarray(random.normal(size=rows), dtype),
        "class_weights": random.random(classes).astype(dtype) * (np.arange(classes) != 1),
        "label_smoothing": np.asarray(0.1, dtype),
        "logit_softcap": np.asarray(6, dtype),
        "z_loss": np.asarray(0.01, dtype),
        "mask": np.asarray(random.random(rows) < 0.7),
    }


def assert_same(functions, values, dtype):
    kernels, expressions = functions
    with np.errstate(all="ignore"):
        expected = expressions(*values.values())
    for actual, desired in zip(kernels(*values.values()), expected, strict=True):
        assert actual.dtype == desired.dtype and actual.shape == desired.shape
        np.testing.assert_allclose(actual, desired, **TOLERANCE[dtype])


# rows shorter than a vector, of many chunks, single and none
@pytest.mark.parametrize("shape", [(5, 3), (700, 5), (40, 63), (7, 64), (3, 2500), (1500, 1), (0, 4)], ids=str)
@DTYPES
def test_kernels_are_the_expression(dtype, shape):
    assert_same(kernels_and_expressions(dtype), arguments(dtype, shape), dtype)


@pytest.mark.parametrize("shape", [(6,), (2, 3, 5), (2, 0, 5)], ids=str)
def test_any_number_of_axes(shape):
    functions = kernels_and_expressions("float32", len(shape), ((), OPTIONS))
    assert_same(functions, arguments("float32", shape), "float32")


@DTYPES
def test_views(dtype):
    values = arguments(dtype, (20, 30))
    for view in (np.s_[::2], np.s_[::-1]):
        assert_same(
            kernels_and_expressions(dtype),
            {name: value if value.ndim == 0 else value[view] for name, value in values.items()}
            | {"logits": values["logits"].T[:20, :20].T[view], "dense": values["dense"][view, :20][..., ::-1]}
            | {"labels": values["labels"][view] % 20, "class_weights": values["class_weights"][:20][::-1]},
            dtype,
        )


@pytest.mark.parametrize("delta_ndim", [0, 1])
def test_hinge(delta_ndim):
    v = variables("float32", 2)
    delta, y = pt.tensor(dtype="float32", shape=(None,) * delta_ndim), v["labels"]
    z, weight, mask = v["logits"], v["a"], v["mask"]
    loss, both = MulticlassHinge(options=("delta",)), MulticlassHingeGradient(options=("delta", "mask"), with_loss=True)
    applied = [(loss, [z, y, delta]), (both, [z, y, weight, delta, mask]), (both, [z * 2, y, weight, delta, mask])]
    outputs = [output for op, inputs in applied for output in op(*inputs, return_list=True)]
    plain = [output for op, inputs in applied for output in op.build_inner_graph(*inputs)]
    arguments_ = [z, y, weight, mask, delta]
    kernels = pytensor.function(arguments_, outputs, mode="CVM")
    used = [node.op for node in kernels.maker.fgraph.apply_nodes if isinstance(node.op, Kernel)]
    assert len(used) == 3 and any(op.inplace for op in used)
    functions = kernels, pytensor.function(arguments_, plain)
    for shape in ((30, 4), (5, 1), (0, 3), (4, 3000)):
        values = {
            name: value
            for name, value in arguments("float32", shape).items()
            if name in ("logits", "labels", "a", "mask")
        }
        values["delta"] = np.ones(shape[0], "float32") if delta_ndim else np.ones((), "float32")
        assert_same(functions, values, "float32")
    values = {
        name: value
        for name, value in arguments("float32", (30, 4)).items()
        if name in ("logits", "labels", "a", "mask")
    }
    values["logits"] = np.random.default_rng(0).choice([-np.inf, 0, 1, 2, np.inf, np.nan], (30, 4)).astype("float32")
    assert_same(functions, values | {"delta": np.ones((30,) * delta_ndim, "float32")}, "float32")
    with pytest.raises(LabelError, match="class label 4 at position"):
        kernels(*(values | {"labels": np.full(30, 4), "delta": np.ones((30,) * delta_ndim, "float32")}).values())


def test_broadcasting():
    row, one = pt.tensor(dtype="bool", shape=(1, None)), pt.tensor(dtype="float32", shape=(1, 1))
    weight = pt.tensor(dtype="float32", shape=(1,))
    z, t = pt.ftensor3(), pt.lmatrix()
    op = SoftmaxCrossentropyGradient(options=("class_weights", "mask"), with_loss=True)
    inputs, arguments_of_op = [z, t, one, weight, row], [z, t, one, one, weight, row]
    kernel = pytensor.function(inputs, op(*arguments_of_op, return_list=True), mode="CVM")
    expression = pytensor.function(inputs, op.build_inner_graph(*arguments_of_op))
    values = {name: value for name, value in arguments("float32", (4, 3, 5)).items() if name in ("logits", "labels")}
    half = np.full((1, 1), 0.5, "float32")
    values |= {"one": half, "weight": half[0], "row": np.array([[True, False, True]])}
    assert_same((kernel, expression), values, "float32")


@pytest.mark.parametrize("classes", [6, 100])
@DTYPES
def test_extremes(dtype, classes):
    values = arguments(dtype, (12, classes))
    z = values["logits"]
    z[0], z[1, 0], z[2, 1], z[3, :3], z[4], z[5, 2] = 1000, 1000, -1000, -np.inf, -np.inf, np.inf
    z[6, 0], z[7], z[8] = np.nan, np.nan, np.linspace(-1000, 1000, classes)
    values["labels"][3], values["labels"][8] = 0, 1
    values["a"][9], values["b"][10], values["a"][11] = np.nan, np.inf, np.inf
    for smoothing in (0, 0.1, 1):
        values["label_smoothing"] = np.asarray(smoothing, dtype)
        assert_same(kernels_and_expressions(dtype), values, dtype)


@pytest.mark.parametrize("classes", [6, 100])
def test_masked_rows_are_never_looked_at(classes):
    values = arguments("float32", (50, classes))
    z, y, t, mask = (pt.fmatrix(), pt.lvector(), pt.fmatrix(), pt.vector(dtype="bool"))
    a = pt.fvector()
    outputs = [
        output
        for targets in (y, t)
        for output in SoftmaxCrossentropyGradient(options=("mask",), with_loss=True)(z, targets, a, a, mask)
    ]
    f = pytensor.function([z, y, t, a, mask], outputs, mode="CVM")
    names = ("logits", "labels", "dense", "a", "mask")
    clean = f(*(values[name] for name in names))
    out = ~values["mask"]
    values["logits"][out], values["dense"][out], values["labels"][out], values["a"][out] = np.nan, np.inf, -100, np.nan
    for before, after in zip(clean, f(*(values[name] for name in names)), strict=True):
        np.testing.assert_array_equal(before, after)
        assert not after[out].any()


@cache
def loss_and_gradient():
    z, y = pt.fmatrix("z"), pt.lvector("y")
    a = pt.ones_like(y, dtype="float32")
    return pytensor.function([z, y], SoftmaxCrossentropyGradient(options=(), with_loss=True)(z, y, a, a), mode="CVM")


@cache
def rank():
    z, y = pt.fmatrix("z"), pt.lvector("y")
    return pytensor.function([z, y], [label_rank(z, y)], mode="CVM")


@pytest.mark.parametrize("label", [-1, 4, 2**40])
@pytest.mark.parametrize("function", [loss_and_gradient, rank])
def test_a_bad_label_raises(label, function):
    f = function()
    with pytest.raises(LabelError, match=rf"class label {label} at position \(2,\) of the targets is outside \[0, 4\)"):
        f(np.zeros((3, 4), "float32"), np.array([0, 1, label]))


def test_shapes_are_checked():
    z = np.zeros((3, 4), "float32")
    with pytest.raises(ValueError, match=r"shape mismatch between targets \(2,\) and predictions \(3, 4\)"):
        loss_and_gradient()(z, np.zeros(2, "int64"))
    with pytest.raises(ValueError, match="the class axis has length 0"):
        loss_and_gradient()(z[:, :0], np.zeros(3, "int64"))
    values = arguments("float32", (5, 3))
    for name in ("dense", "class_weights", "mask"):
        with pytest.raises(ValueError, match="shape mismatch"):
            kernels_and_expressions("float32")[0](*(values | {name: values[name][:2]}).values())


@pytest.mark.parametrize("shape", [(9, 5), (9, 100)], ids=str)
def test_in_place(shape):
    x, y, a = pt.fmatrix(), pt.lvector(), pt.fvector()
    op, inputs = SoftmaxCrossentropyGradient(options=(), with_loss=True), [pt.tanh(x), y, a, a]
    kernel = pytensor.function([x, y, a], op(*inputs), mode="CVM")
    (used,) = (node.op for node in kernel.maker.fgraph.apply_nodes if isinstance(node.op, Kernel))
    assert used.inplace and used.destroy_map == {1: [0]}
    expression = pytensor.function([x, y, a], op.build_inner_graph(*inputs))
    values = arguments("float32", shape)
    assert_same((kernel, expression), {name: values[name] for name in ("logits", "labels", "a")}, "float32")


@pytest.mark.parametrize("backend", [parameter("NUMBA"), parameter("JAX"), parameter("PYTORCH"), "FAST_COMPILE"])
def test_other_modes_are_left_alone(backend):
    v = variables("float32", 2)
    x = mark(pt.exp(v["logits"]).sum())
    fgraph = FunctionGraph(
        outputs=[x, *(op(*inputs) for op, inputs in applications(v, [()]) if not getattr(op, "with_loss", False))]
    )
    get_mode(backend).optimizer.rewrite(fgraph)
    assert not any(isinstance(node.op, Kernel | SimdElemwise | SimdSum) for node in fgraph.apply_nodes)


def test_denormal_numbers_stay():
    loss_and_gradient(), rank()
    assert np.array([1e-40], "float32") * np.float32(1) > 0


LARGE = (4096, 200)  # more than the least work of two threads


def large_arguments(seed):
    values = arguments("float32", LARGE, seed)
    return values["logits"], values["labels"]


@pytest.mark.parametrize("shape", [(4097, 200), (90001, 7), (3, 300_001)], ids=str)
def test_shares_of_threads_make_up_all_rows(shape, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    values = arguments("float32", shape)
    z, y = values["logits"], values["labels"]
    size = max(1, 100_000 // shape[1])  # too little for threads
    for f in (loss_and_gradient(), rank()):
        parts = [f(z[i : i + size], y[i : i + size]) for i in range(0, len(z), size)]
        for whole, part in zip(f(z, y), zip(*parts, strict=True), strict=True):
            np.testing.assert_allclose(whole, np.concatenate(part), rtol=1e-6)


def test_python_threads():
    f = loss_and_gradient()
    inputs = [large_arguments(seed) for seed in range(8)]
    expected = [f(*x) for x in inputs]
    copies = [f.copy() for _ in inputs]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            results = pool.map(lambda f, x: f(*x), copies, inputs)
            for actual, desired in zip(results, expected, strict=True):
                for one, other in zip(actual, desired, strict=True):
                    np.testing.assert_array_equal(one, other)


WITHOUT_EXCEPTIONS = """
import sys
sys.path.insert(0, "tests")
from dispatch.test_c import large_arguments, loss_and_gradient
loss_and_gradient()(*large_arguments(0))
"""


def test_kernels_compile_without_exceptions(tmp_path):
    """Which is how PyMC compiles all C code of the processes that import it."""
    flags = f"base_compiledir={tmp_path},gcc__cxxflags=-fno-exceptions -fno-unwind-tables"
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_EXCEPTIONS]
    subprocess.run(command, env=os.environ | {"PYTENSOR_FLAGS": flags}, check=True, timeout=300)


FORK = """
import multiprocessing, sys
sys.path.insert(0, "tests")
from dispatch.test_c import large_arguments, loss_and_gradient
f, x = loss_and_gradient(), large_arguments(0)
f(*x)
child = multiprocessing.get_context("fork").Process(target=f, args=x)
child.start()
child.join(60)
assert child.exitcode == 0, child.exitcode
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a fork after threads is not promised to work")
def test_fork_after_threads():
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], env=environment, check=True, timeout=120)


@pytest.mark.parametrize("setting", [1, 3])
def test_kernels_use_threads(monkeypatch, setting):
    """Seen in the time that other threads than the calling one spend on the processor."""
    monkeypatch.setenv("OMP_NUM_THREADS", str(setting))
    f, x = loss_and_gradient(), large_arguments(0)
    f(*x)
    process, thread = time.process_time(), time.thread_time()
    for _ in range(20):
        f(*x)
    process, thread = time.process_time() - process, time.thread_time() - thread
    assert ((process - thread) / process > 0.3) == (setting > 1)
