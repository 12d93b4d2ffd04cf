"""Recognizes a softmax crossentropy, and its gradient, in the graph of a user who wrote it by hand.

One example, from the graph to the kernel:

    >>> import pytensor.tensor as pt
    >>> from pytensor.tensor.special import softmax
    >>> x, y = pt.matrix("x"), pt.lvector("y")
    >>> n = x.shape[0]
    >>> loss = -pt.log(softmax(x, axis=-1))[pt.arange(n), y]

1. `finder` starts after PyTensor's "canonicalize". It looks for an index or a one-hot matrix that may name classes, and
   for a softmax over the last axis. The input of that softmax, here x, is a candidate for the logits.

2. `labels` reads the index. ``arange(n)`` runs over the rows of x, so that y names one class for each row: `Labels`.

3. `algebra` goes through the graph in order and writes each variable (N, C) as a sum over a basis: 1 ("all classes"),
   p ("p"), log p ("log p") and the one-hot rows of y (their `Labels`). The coefficients are `polynomials` in `symbols`,
   such as loss(y), which is -log p_y. What cannot be written so raises `Unknown` and stays as it is:

       softmax(x)                          p
       log(softmax(x))                     log p
       log(softmax(x))[arange(n), y]       -loss(y), the coefficient of the one-hot rows in (log p) onehot(y)
       -log(softmax(x))[arange(n), y]      loss(y)

    >>> from pytensor.graph.fg import FunctionGraph
    >>> from pytensor.graph.rewriting.utils import rewrite_graph
    >>> from objectives.rewriting.recognition.algebra import LOG_P, SoftmaxAlgebra
    >>> from objectives.rewriting.recognition.polynomials import number
    >>> fgraph = FunctionGraph([x, y], [loss], clone=False)
    >>> _ = rewrite_graph(fgraph, include=("ShapeOpt", "canonicalize"))
    >>> variables = {str(node.op).split("{")[0]: node.outputs[0] for node in fgraph.toposort()}
    >>> algebra = SoftmaxAlgebra(fgraph, x)
    >>> algebra.value(variables["Log"]) == {LOG_P: number(1)}
    True
    >>> [symbol.kind for symbol in algebra.value(fgraph.outputs[0]).as_row().symbols()]
    ['loss']

4. `finder` keeps the first variable that contains one loss symbol, here the picked entries. `builder` makes the graph
   that replaces it: the class of each row, counted from the end if it is negative, and its ``SoftmaxCrossentropy``.
   With ``n = y.shape[0]`` there may be fewer labels than rows: `OverRows` spreads the labels over the rows, and
   `FirstRows` takes the losses of the rows that have one.

    >>> from objectives.rewriting.recognition.finder import RecognizeCrossentropy
    >>> _ = RecognizeCrossentropy().rewrite(fgraph)
    >>> [str(node.op) for node in fgraph.toposort() if "Softmax" in str(node.op)]
    ['SoftmaxCrossentropy{options=()}']

5. The gradient of ``loss.sum()`` needs no rule of its own. The algebra finds that the graph which PyTensor derived is
   p - onehot(y), and the builder makes `SoftmaxCrossentropyGradient` with the weights 1 and 1 of both terms.

6. Later rewrites merge loss and gradient into one Op (47.0), choose the kernel (C: 47.5), and let the gradient
   overwrite x where nothing else needs it (50.3): see `objectives.rewriting`. The Numba kernel is in
   ``dispatch/numba/crossentropy.py``.

To recognize another way of writing it, teach `algebra` the Op (`RULES`, `SCALAR_RULES`) or `labels` the index, and add
the spelling to ``FORMULATIONS`` in ``tests/rewriting/test_recognition.py``.
"""

from objectives.rewriting.recognition import checks, finder  # noqa: F401  (imported for their registrations)
