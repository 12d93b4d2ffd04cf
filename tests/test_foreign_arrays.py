"""Arrays of pandas, polars, PyTorch and JAX as arguments, and their columns in batches."""

import importlib

import numpy as np
import pytensor.tensor as pt
import pytest

from objectives import BatchError, aggregate, categorical_accuracy, compile_validation, squared_error


def evaluated(x):
    return x.eval()


@pytest.mark.needs("torch")
def test_torch():
    import torch

    numbers = torch.tensor([1.0, 2.0])
    loss = squared_error(numbers, torch.tensor([0, 1]))
    assert loss.dtype == "float32"
    np.testing.assert_array_equal(evaluated(loss), [1, 1])
    assert evaluated(aggregate(loss, mask=torch.tensor([True, False]))) == 1
    for wrong in (numbers.clone().requires_grad_(), numbers.bfloat16()):
        with pytest.raises(TypeError, match=r"a is a PyTorch tensor .* give a\.detach\(\)\.cpu\(\)\.numpy\(\)"):
            squared_error(wrong, 0.0)


@pytest.mark.needs("jax")
def test_jax():
    import jax
    import jax.numpy as jnp

    loss = squared_error(jnp.array([1.0, 2.0], "float32"), jnp.array([0, 1], "int32"))
    assert loss.dtype == "float32"
    np.testing.assert_array_equal(evaluated(loss), [1, 1])
    with pytest.raises(TypeError, match=r"a is a JAX array .* after \.astype\('float32'\) if"):
        squared_error(jnp.array([1.0], "bfloat16"), 0.0)
    with pytest.raises(TypeError, match="a is a JAX array"):
        jax.grad(lambda x: squared_error(x, 0.0))(1.0)


@pytest.mark.needs("pandas")
def test_pandas():
    import pandas as pd

    frame = pd.DataFrame({"a": [0.1, 0.7], "b": [0.9, 0.3], "label": [1, 1]})
    right = categorical_accuracy(frame[["a", "b"]], frame["label"])
    np.testing.assert_array_equal(evaluated(right), [1, 0])
    for dtype in ("Int64", "Float64", "boolean"):
        np.testing.assert_array_equal(evaluated(squared_error(frame["a"] * 0, pd.Series([1, 0], dtype=dtype))), [1, 0])
    with pytest.raises(TypeError, match=r"targets? must not hold pandas\.NA .* mask=objectives\.labelled"):
        categorical_accuracy(frame[["a", "b"]], pd.Series([True, None], dtype="boolean"))
    with pytest.raises(TypeError, match=r"text such as 'x': .* codes = pandas\.factorize\(a\)\[0\]"):
        squared_error(pd.Series(["x", "y"], dtype="object"), 0.0)
    validation = squared_errors()
    validation.update(frame[["a", "b"]].to_dict("series"))
    np.testing.assert_allclose(validation.result()["error"], 0.4)
    with pytest.raises(BatchError, match=r"not DataFrame: give its columns, batch\.to_dict\('series'\)"):
        validation.update(frame)
    with pytest.raises(BatchError, match=r"b must not hold pandas\.NA or other objects: convert it"):
        validation.update({"a": frame["a"], "b": pd.Series([True, None], dtype="boolean")})


@pytest.mark.needs("polars")
def test_polars():
    import polars as pl

    frame = pl.DataFrame({"a": [0.1, 0.7], "b": [0.9, 0.3], "label": [1, 1]})
    right = categorical_accuracy(frame[["a", "b"]], frame["label"])
    np.testing.assert_array_equal(evaluated(right), [1, 0])
    assert evaluated(aggregate(right, mask=pl.Series([True, False]))) == 1
    for values in ([1, None], [0.5, None], [True, None]):
        with pytest.raises(TypeError, match=r"b must not have nulls, .* give b\.cast\(polars\.Float64\)\.to_numpy\(\)"):
            squared_error(frame["a"], pl.Series(values))
    with pytest.raises(
        TypeError, match=r"b is a polars object of other .* b\.cast\(polars\.Categorical\)\.to_physical"
    ):
        squared_error(frame["a"], pl.Series(["x", "y"]))
    assert pl.Series(["x", "y"]).cast(pl.Categorical).to_physical().to_list() == [0, 1]
    for wrong, reason in (
        (frame.lazy(), "is lazy"),
        (pl.col("a"), "is lazy"),
        (frame.with_columns(b=None), "must not have nulls"),
    ):
        with pytest.raises(TypeError, match=f"a {reason}"):
            squared_error(wrong, 0.0)
    validation = squared_errors()
    for part in frame[["a", "b"]].iter_slices(1):
        validation.update(part.to_dict())
    np.testing.assert_allclose(validation.result()["error"], 0.4)
    with pytest.raises(BatchError, match=r"not DataFrame: give its columns, batch\.to_dict\(\)"):
        validation.update(frame)
    with pytest.raises(BatchError, match="b must not have nulls"):
        validation.update({"a": frame["a"], "b": pl.Series([1.0, None])})


@pytest.mark.parametrize(
    "package", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("pandas", "polars")]
)
def test_frames_and_series_where_arrays_are_wanted(package):
    module = importlib.import_module(package)
    frame, x = module.DataFrame({"p": [0.1, 0.7], "q": [0.9, 0.3]}), pt.dvector("x")
    single = compile_validation([x], {"error": squared_error(x, 0.0)}, mode="FAST_COMPILE")
    for batch in (frame, [frame], {"x": frame}):
        with pytest.raises(BatchError, match=r"x must have 1 dimension, .* give one of its columns, x\['p'\]"):
            single.update(batch)
    single.update(frame["p"])
    np.testing.assert_allclose(single.result()["error"], 0.25)
    with pytest.raises(BatchError, match=r"not Series: give one array for each of \['a', 'b'\], in a list"):
        squared_errors().update(frame["p"])
    with pytest.raises(BatchError, match=r"not 'p': .* validate\(\[batch\]\)|not Series: give one array"):
        squared_errors().validate(frame, progress=False)


@pytest.mark.needs("pymc")  # which needs xarray
def test_xarray():
    import xarray

    column = xarray.DataArray([1.0, 2.0], dims="n")
    batch = xarray.Dataset({"a": column, "b": 2 * column, "c": column})
    with pytest.raises(BatchError, match=r"leave out the others, \{name: batch\[name\] for name in \['a', 'b'\]\}"):
        squared_errors().update(batch)
    with pytest.raises(BatchError, match=r"not DataArray: give one array for each of \['a', 'b'\]"):
        squared_errors().update(column)
    with pytest.raises(
        BatchError, match=r"a is an object of xarray .* of a Dataset give one of its arrays, a\['name'\]"
    ):
        squared_errors().update([batch, column])


def squared_errors():
    a, b = pt.dvectors("a", "b")
    return compile_validation([a, b], {"error": squared_error(a, b)})


class Series:
    """An array of objects, such as pandas returns for columns of several dtypes."""

    __module__ = "pandas.core.series"

    def __init__(self, *values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=object)


def test_objects():
    np.testing.assert_array_equal(evaluated(squared_error(Series(1.5, True), 0.0)), [2.25, 1])
    with pytest.raises(TypeError, match=r"a must not hold pandas\.NA or other objects: .*na_value=numpy\.nan"):
        squared_error(Series(1.0, None), 0.0)
    for values in (("cat", "dog"), (None, "cat")):
        with pytest.raises(TypeError, match=r"text such as 'cat': .* codes = pandas\.factorize\(a\)\[0\]; .*codes, -1"):
            squared_error(Series(*values), 0.0)
    with pytest.raises(TypeError, match=r"pandas\.NA or other objects: .* mask\.fillna\(False\)\.astype\(bool\)"):
        squared_error(np.ones(2), 0.0, mask=Series(True, None))


def test_arrays_of_text():
    class Text(Series):
        __module__ = "somewhere"

    with pytest.raises(TypeError, match=r"a must be a tensor or an array of numbers, not somewhere\..*Text"):
        squared_error(Text("a"), 0.0)


def test_own_arrays_pass():
    assert squared_error(np.float32(1), np.zeros(2, "float32")).dtype == "float32"
    x = pt.vector("x")
    assert squared_error(x, [1, 2]).type.shape == (2,)
