"""Candidate samplers: random classes for the losses of sampled classes, with how often each class is expected."""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor import config
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import Constant, Variable
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import as_tensor, integer_labels
from objectives._options import at_least, flag, whole_number
from objectives._typing import TensorLike
from objectives.ops.selection import nan_where

__all__ = ["Candidates", "log_uniform_candidates", "uniform_candidates", "unigram_candidates"]


class Candidates(NamedTuple):
    """Sampled classes and their expected counts, for `sampled_softmax_loss` and `nce_loss`.

    Attributes
    ----------
    samples : TensorVariable
        Class indices (S,).
    target_counts : TensorVariable
        How often each target is expected among the samples, in the shape of the targets; constants for the gradient.
    sample_counts : TensorVariable
        How often each sample (S,) is expected.
    next_rng : Variable
        State of the generator after the draw, for the updates of a function.

    Examples
    --------
    >>> import pytensor
    >>> import pytensor.tensor as pt
    >>> from objectives import log_uniform_candidates, sampled_softmax_loss
    >>> h, W, y = pt.matrix(), pt.matrix(), pt.lvector()
    >>> rng = pt.random.shared_rng(seed=1)
    >>> drawn = log_uniform_candidates(y, num_classes=50_000, num_samples=64, rng=rng)
    >>> counts = {"target_counts": drawn.target_counts, "sample_counts": drawn.sample_counts}
    >>> loss = sampled_softmax_loss(h, W, y, samples=drawn.samples, **counts).mean()
    >>> train = pytensor.function([h, W, y], loss, updates={rng: drawn.next_rng})
    """

    samples: TensorVariable
    target_counts: TensorVariable
    sample_counts: TensorVariable
    next_rng: Variable


def log_uniform_candidates(
    targets: TensorLike, *, num_classes: int, num_samples: int, rng: Variable, unique: bool = True
) -> Candidates:
    r"""Log-uniform (Zipfian) candidate sampler: random classes of a vocabulary that is sorted by frequency.

    The usual choice for words: class 0 is the most frequent one. `unigram_candidates` takes the frequencies themselves.
    PyTorch and, with PyTensor 3.0, MLX have no random numbers: draw in a function of another backend there.

    .. math:: p_k = \log \frac{k + 2}{k + 1} / \log(V + 1), \qquad Q_k = S p_k \text{ or, if unique, } 1 - (1 - p_k)^n

    Parameters
    ----------
    targets : tensor of int
        Class indices of any shape.
    num_classes, num_samples : int
        Numbers V of classes and S of samples.
    rng : Variable
        Random generator, such as ``pt.random.shared_rng(seed=1)``.
    unique : bool
        Whether samples differ: as if n were drawn one by one, and repeats thrown away; takes O(V log V).

    Returns
    -------
    Candidates
        Samples, expected counts Q of targets and samples, and the next state of `rng`; see `Candidates` for an example.

    Raises
    ------
    TypeError, ValueError
        If targets or options do not fit, or there are fewer classes than unique samples.

    References
    ----------
    .. [1] ``tf.random.log_uniform_candidate_sampler``; Efraimidis, P. S. et al. (2006), doi:10.1016/j.ipl.2005.11.003

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from objectives import log_uniform_candidates
    >>> rng = pt.random.shared_rng(seed=1)
    >>> drawn = log_uniform_candidates([0, 10, 999], num_classes=50_000, num_samples=64, rng=rng, unique=False)
    >>> print(drawn.target_counts.eval().round(4))
    [4.1    0.5147 0.0059]
    """
    num_classes = whole_number(num_classes, "num_classes", 1)
    p = np.log1p(1 / np.arange(1.0, num_classes + 1)) / np.log(num_classes + 1)
    return _drawn(pt.constant(p), num_classes, targets, num_samples, rng, unique)


def uniform_candidates(
    targets: TensorLike, *, num_classes: int, num_samples: int, rng: Variable, unique: bool = True
) -> Candidates:
    r"""Uniform candidate sampler: random classes, all equally likely; for words see `log_uniform_candidates`.

    .. math:: p_k = \frac{1}{V}, \qquad Q_k = S p_k \text{ or, if unique, } 1 - (1 - p_k)^n

    Parameters
    ----------
    targets : tensor of int
        Class indices of any shape.
    num_classes : int
        Number V of classes.
    num_samples : int
        Number S of samples.
    rng : Variable
        Random generator, such as ``pt.random.shared_rng(seed=1)``.
    unique : bool
        Whether samples differ: as if n were drawn one by one, and repeats thrown away; takes O(V log V).

    Returns
    -------
    Candidates
        Samples, expected counts Q of targets and samples, and the next state of `rng`; see `Candidates` for an example.

    Raises
    ------
    TypeError, ValueError
        If targets or options do not fit, or there are fewer classes than unique samples.

    References
    ----------
    .. [1] ``tf.random.uniform_candidate_sampler``

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from objectives import uniform_candidates
    >>> rng = pt.random.shared_rng(seed=1)
    >>> print(uniform_candidates([0, 9], num_classes=10, num_samples=5, rng=rng, unique=False).target_counts.eval())
    [0.5 0.5]
    """
    num_classes = whole_number(num_classes, "num_classes", 1)
    return _drawn(pt.constant(np.full(num_classes, 1 / num_classes)), num_classes, targets, num_samples, rng, unique)


def unigram_candidates(
    targets: TensorLike,
    *,
    frequencies: TensorLike,
    power: float = 1.0,
    num_samples: int,
    rng: Variable,
    unique: bool = True,
) -> Candidates:
    r"""Unigram candidate sampler: random classes, each as likely as it is frequent, by counts that may be learned.

    A power of 0.75 is that of word2vec. For a learned sampler, let `frequencies` be a shared variable that starts as
    ones, and add the labels of each batch to it in the updates of a function.

    .. math:: p_k = \frac{f_k^a}{\sum_l f_l^a}, \qquad Q_k = S p_k \text{ or, if unique, } 1 - (1 - p_k)^n

    Parameters
    ----------
    targets : tensor of int
        Class indices of any shape.
    frequencies : tensor
        Frequency f (V,) of each class, positive, as counts or shares; if one is not, all counts are NaN.
    power : float
        Exponent a, not negative; below 1 it evens frequencies out.
    num_samples : int
        Number S of samples.
    rng : Variable
        Random generator, such as ``pt.random.shared_rng(seed=1)``.
    unique : bool
        Whether samples differ: as if n were drawn one by one, and repeats thrown away; takes O(V log V).

    Returns
    -------
    Candidates
        Samples, expected counts Q of targets and samples, and the next state of `rng`; see `Candidates` for an example.

    Raises
    ------
    TypeError, ValueError
        If inputs or options do not fit, a constant frequency is not positive, or unique samples exceed the classes.

    References
    ----------
    .. [1] ``tf.random.fixed_unigram_candidate_sampler``, ``tf.random.learned_unigram_candidate_sampler``
    .. [2] Mikolov, T. et al. (2013), "Distributed representations of words and phrases", arXiv:1310.4546

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from objectives import unigram_candidates
    >>> rng = pt.random.shared_rng(seed=1)
    >>> drawn = unigram_candidates([0, 2], frequencies=[6, 3, 1], num_samples=10, rng=rng, unique=False)
    >>> print(drawn.target_counts.eval())
    [6. 1.]
    """
    f = as_tensor(frequencies, "frequencies")
    if f.ndim != 1:
        raise TypeError(f"frequencies must be a vector with one number for each class, not {f.ndim}-d")
    if isinstance(f, Constant) and not (f.data > 0).all():
        raise ValueError(f"frequencies must be positive, not {f.data.min()}: add 1 to counts")
    f = f.astype("float64")
    f = nan_where(f <= 0, f) ** at_least(power, "power", 0)
    return _drawn(f / f.sum(), f.type.shape[0], targets, num_samples, rng, unique)


def _drawn(p, num_classes, targets, num_samples, rng, unique):
    """Samples of classes that have the probabilities p (V,), in float64: those of a rare class are small."""
    num_samples = whole_number(num_samples, "num_samples", 1)
    if not isinstance(rng, Variable):
        raise TypeError(f"rng must be a variable, such as pt.random.shared_rng(seed=1), not {rng!r}")
    if flag(unique, "unique") and num_classes is not None and num_samples > num_classes:
        raise ValueError(
            f"num_samples must be at most the number of classes {num_classes}, not {num_samples}, for samples that are "
            "unique: draw fewer, or give unique=False"
        )
    targets = integer_labels(as_tensor(targets, "targets"))
    length = (num_classes or p.shape[0]) + num_samples if unique else num_samples
    next_rng, u = pt.random.uniform(size=(length,), rng=rng, dtype="float64", return_next_rng=True)
    if unique:
        samples, tries = _without_replacement(p, u, num_samples)
    else:
        samples, tries = pt.searchsorted(pt.cumsum(p), u, side="right"), None
    last = p.shape[0] - 1
    samples = pt.minimum(samples, last).astype("int64")

    def expected(classes):
        q = p[pt.clip(classes, 0, last)]
        return num_samples * q if tries is None else -pt.expm1(tries * pt.log1p(-q))

    of_targets, of_samples = (disconnected_grad(expected(x).astype(config.floatX)) for x in (targets, samples))
    return Candidates(samples, of_targets, of_samples, next_rng)


def _without_replacement(p, u, num_samples):
    """Different classes, and how many draws with replacement it took to find them.

    The first arrivals of processes of rates p come in the order in which such draws find classes; until the next new
    class, the number of draws is geometric, by the probability of all that is left.
    """
    order = pt.argsort(-pt.log1p(-u[num_samples:]) / p)
    left = pt.minimum(pt.cumsum(p[order][::-1])[::-1][1:num_samples], 1)
    between = pt.floor(pt.log1p(-u[: num_samples - 1]) / pt.log1p(-left))
    return order[:num_samples], num_samples + between.sum()
