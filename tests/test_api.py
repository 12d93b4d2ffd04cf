"""The public surface: names, signatures, docstrings, documentation, imports and contracts."""

import inspect
import os
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpydoc.docscrape
import pytest

import objectives
from objectives import aggregation, evaluation, lookup, losses, metrics, sampling
from objectives._backends import BACKENDS
from tools.families import families

ROOT = Path(__file__).parent.parent
MODULES = [
    *(
        import_module(module.name)
        for package in (losses, metrics)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        if "._" not in module.name
    ),
    aggregation,
]
PUBLIC = {name: getattr(module, name) for module in MODULES for name in module.__all__}
FIRST = {
    *("predictions", "logits", "scores", "a", "loss", "targets", "anchor", "embeddings"),
    *("log_predictions", "log_rate", "reconstruction", "mean", "x", "features", "cosines"),
}
# What follows the predictions or stands for the targets: data that a function cannot do without.
DATA = {
    *("b", "targets", "positive", "negative", "labels", "variance", "log_variance", "scale", "dispersion"),
    *("standard_deviation", "scale_tril", "log_targets", "max_function"),
    *("z_mean", "z_log_variance", "cluster_mean", "cluster_log_variance", "cluster_log_prior"),
    *("cluster_log_probabilities", "factor_log_probabilities", "factor_log_prior"),
}
# The numbers that hold where nothing is said, NaN and truth values aside: users' results depend on them.
DEFAULTS = {
    **{"axis": -1, "threshold": 0.5, "top_k": 1, "zero_division": 0, "num_bins": 15, "num_regressors": 0},
    **{
        "label_smoothing": 0,
        "gamma": 2,
        "margin": 1,
        "delta": 1,
        "p": 2,
        "eps": 1e-6,
        "power": 0,
        "beta": 1,
        "alpha": 0.5,
    },
    **{
        "prior_mean": 0,
        "prior_log_variance": 0,
        "observation_log_variance": 0,
        "label_errors": 0,
        "smooth": 1,
    },
    **{"scale": 100, "factor": 100, "quantile": 0.5, "coefficient": 2, "blank": 0, "temperature": 0.07},
}
OTHER_DEFAULTS = {
    "arcface_loss": {"gamma": 64, "margin": 0.5},
    "circle_loss": {"gamma": 80, "margin": 0.4},
    "cosface_loss": {"gamma": 64, "margin": 0.35},
    "rank_sampled_softmax_loss": {"temperature": 1},
    "wmw_auc_loss": {"margin": 0.2, "power": 3},
    "cosine_embedding_loss": {"margin": 0},
    "margin_ranking_loss": {"margin": 0},
    "multi_margin_loss": {"power": 1},
    "generalized_crossentropy": {"power": 0.7},
    "beta_nll_loss": {"beta": 0.5},
    "tversky_loss": {"beta": 0.5},
    "generalized_dice_loss": {"smooth": 0},
    "median_absolute_deviation": {"factor": 1},
    **{f"cosine_{kind}": {"epsilon": 1e-8} for kind in ("distance", "similarity")},
    **{name: {"epsilon": 1e-6} for name in ("pairwise_distance", "triplet_margin_loss")},
    **{
        f"{kind}percentage_error": {"epsilon": 1e-7, "factor": 100} for kind in ("absolute_", "", "symmetric_absolute_")
    },
}
each_function = pytest.mark.parametrize("name", PUBLIC)


def test_the_collector_finds_the_functions():
    assert {"aggregate", "huber_loss", "categorical_accuracy"} <= PUBLIC.keys()
    assert {name for name in dir(objectives) if inspect.isfunction(getattr(objectives, name)) and name[0] != "_"} - set(
        lookup.__all__ + evaluation.__all__ + sampling.__all__
    ) == set(PUBLIC)


def test_nothing_else_is_visible():
    for package, doors in (
        (objectives, {"distributed", "losses", "metrics", "plot"}),
        (losses, set()),
        (metrics, set()),
    ):
        modules = {name for name, _ in inspect.getmembers(package, inspect.ismodule)}
        assert modules == doors
        assert set(dir(package)) - {"__version__"} == set(package.__all__)
        imported: dict = {}
        exec(f"from {package.__name__} import *", imported)
        assert imported.keys() - {"__builtins__"} == set(package.__all__)


def test_every_name_has_one_home():
    names = [name for module in MODULES for name in module.__all__]
    assert len(names) == len(set(names))
    assert all(getattr(objectives, name) is function for name, function in PUBLIC.items())
    assert all(module.__all__ == sorted(module.__all__) for module in MODULES)


@pytest.mark.parametrize("name", [name for name in objectives.__all__ if inspect.isclass(getattr(objectives, name))])
def test_the_source_of_a_class_is_found(name):
    """Help, editors and the site read it from the module that the class names."""
    assert re.match(rf"(@\w+.*\n)*class {name}\b", inspect.getsource(getattr(objectives, name)))


@each_function
def test_signature(name):
    """Predictions first, Lasagne's arguments positional, all others keyword-only."""
    parameters = list(inspect.signature(PUBLIC[name]).parameters.values())
    assert parameters[0].name in FIRST
    positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    lasagne = {
        "binary_crossentropy": ["predictions", "targets"],
        "categorical_crossentropy": ["predictions", "targets"],
        "squared_error": ["a", "b"],
        "aggregate": ["loss", "weights", "mode"],
        "binary_hinge_loss": ["predictions", "targets", "delta", "log_odds", "binary"],
        "multiclass_hinge_loss": ["predictions", "targets", "delta"],
        "huber_loss": ["predictions", "targets", "delta"],
        "binary_accuracy": ["predictions", "targets", "threshold"],
        "categorical_accuracy": ["predictions", "targets", "top_k"],
        "align_targets": ["predictions", "targets"],
    }
    ours = {
        "aggregate_parts": ["loss", "weights", "mode"],
        "labelled": ["targets", "missing_value"],
        "binary_crossentropy_with_logits": ["logits", "targets"],
        "categorical_crossentropy_with_logits": ["logits", "targets"],
        "adaptive_log_softmax": ["features", "weights", "biases"],
        "adaptive_log_softmax_loss": ["features", "weights", "targets", "biases"],
        "linear_crossentropy": ["features", "weights", "targets", "biases"],
        "nce_loss": ["features", "weights", "targets", "biases"],
        "rank_sampled_softmax_loss": ["features", "weights", "targets", "biases"],
        "sampled_softmax_loss": ["features", "weights", "targets", "biases"],
    }
    with_threshold = positional[:3] == ["predictions", "targets", "threshold"]
    data = [p for i, p in enumerate(positional) if i < 2 or p in DATA]
    assert positional == (lasagne | ours).get(name, data + ["threshold"] * with_threshold)


def test_default_numbers():
    for name, function in PUBLIC.items():
        defaults = {p.name: p.default for p in inspect.signature(function).parameters.values()}
        numbers = {k: v for k, v in defaults.items() if isinstance(v, int | float) and v == v}
        known = DEFAULTS | OTHER_DEFAULTS.get(name, {})
        assert numbers == {k: known.get(k, v) for k, v in numbers.items()}, f"OTHER_DEFAULTS lacks {name}"


@each_function
def test_docstring(name):
    """Formula, shapes, errors, source and an example that prints, as numpydoc sections that match the signature."""
    function = PUBLIC[name]
    doc = numpydoc.docscrape.FunctionDoc(function)
    assert ".. math::" in function.__doc__ and not re.search(r"[\x00-\x08\x0b-\x1f]", function.__doc__)
    assert doc["Summary"][0].endswith((".", ",", ":")), "the first line is a sentence"
    documented = [name for p in doc["Parameters"] for name in p.name.split(", ")]
    assert documented == list(inspect.signature(function).parameters)
    for section in ("Returns", "Raises", "References", "Examples"):
        assert doc[section], f"{section} is missing"
    assert all(p.desc for p in doc["Parameters"] + doc["Returns"] + doc["Raises"])
    assert re.search(r">>> .*\n *[^>\s]", function.__doc__), "the example shows a result"
    if name not in ("aggregate", "aggregate_parts", "align_targets", "labelled"):
        assert re.search(r"\((\.\.\.|N\b|B\b)", function.__doc__), "shapes"
        without = ("adaptive_log_softmax", "auc", "ctc_forward_variables")
        assert "mask" in inspect.signature(function).parameters or name in without


@each_function
def test_documentation_entry(name):
    pages = "\n".join(page.read_text() for page in (ROOT / "docs").glob("*.rst"))
    listed = [f for package in ("losses", "metrics") for family in families(package) for f in family.functions()]
    assert len(re.findall(rf"^.. auto\w+:: {name}$", pages, re.MULTILINE)) + listed.count(name) == 1


def test_files_are_short():
    long = {path: n for path in ROOT.glob("objectives/**/*.py") if (n := len(path.read_text().splitlines())) > 400}
    assert not long


def run(*command, env=None):
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_imports_run_one_way():
    result = run(sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()")
    assert result.returncode == 0, result.stdout + result.stderr


def test_float32_throughout():
    """With floatX=float32 nothing becomes float64 on the way, which PyTensor is told to refuse."""
    code = """
import sys, numpy as np, pytensor, pytensor.tensor as pt
sys.path.insert(0, "tests")
from backends import REWRITTEN
from cases import CASES, FIRST
from objectives import aggregate
for case in CASES:
    if case.function.__name__ == "ctc_loss":
        continue  # adds up long sums in float64 on purpose
    arrays = case.draw("float32")
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in arrays]
    options = {k: v.astype("float32") if isinstance(v, np.ndarray) else v for k, v in case.options.items()}
    mask = pt.tensor(shape=(None,) * len(case.mask_shape()), dtype="bool")
    loss = case.apply(inputs, mask=mask, **options)
    loss = aggregate(loss, mask=mask if loss.ndim == mask.ndim else None)
    outputs = [loss, *(pytensor.grad(loss, inputs[i]) for i in case.wrt(arrays))]
    assert all(output.dtype == "float32" for output in outputs), case.id
    if case in FIRST:
        pytensor.function([*inputs, mask], outputs, mode=REWRITTEN, on_unused_input="ignore")
"""
    flags = {"PYTENSOR_FLAGS": "floatX=float32,warn_float64=raise"}
    result = run(sys.executable, "-W", "ignore", "-c", code, env=os.environ | flags)
    assert result.returncode == 0, result.stderr


def test_importing_loads_no_backend():
    result = run(
        sys.executable,
        "-c",
        "import pytensor.tensor, sys; before = set(sys.modules); import objectives; "
        "print(sorted({n.split('.')[0] for n in set(sys.modules) - before}))",
    )
    loaded = set(eval(result.stdout))
    assert "objectives" in loaded
    optional = {backend.library for backend in BACKENDS}
    optional |= {"numba", "sklearn", "matplotlib", "tqdm", "dask", "distributed"}
    assert not loaded & optional, result.stdout + result.stderr
