"""The crossentropy of a linear layer, computed without storing its logits, where the user asks for it.

``-> mode.including("linear_crossentropy")`` turns ``categorical_crossentropy_with_logits(h @ W + b, y)``, and its
gradients by h, W and b, into those of `linear_crossentropy`. Logits that anything else reads stay as they are.
"""

from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import GraphRewriter, copy_stack_trace
from pytensor.scalar.basic import Add
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot, Sum
from pytensor.tensor.rewriting.ofg import inline_ofg_node

from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient
from objectives.ops.linear import LinearCrossentropy, LinearCrossentropyGradient


class InlineLayers(GraphRewriter):
    """Replace Ops that hold a layer, as those of pytensor-ml do, and their gradients, by the graphs inside."""

    def apply(self, fgraph):
        for node in fgraph.toposort():
            if isinstance(node.op, OpFromGraph) and touches_crossentropy(fgraph, node):
                new = inline_ofg_node(node)
                copy_stack_trace(node.outputs, new)
                fgraph.replace_all_validate(list(zip(node.outputs, new, strict=True)), reason="inline_layers")


def touches_crossentropy(fgraph, node):
    """Whether an Op that is not ours computes the logits of a crossentropy, or reads the gradient by them."""
    if type(node.op).__module__.startswith("objectives."):
        return False
    readers = [client for output in node.outputs for client, _ in fgraph.clients[output]]
    sources = [x.owner for x in node.inputs if x.owner]
    logits = any(isinstance(reader.op, SoftmaxCrossentropy) for reader in readers)
    return logits or any(isinstance(source.op, SoftmaxCrossentropyGradient) for source in sources)


class UseLinearCrossentropy(GraphRewriter):
    """Replace each crossentropy of a layer whose logits nothing else reads."""

    def apply(self, fgraph):
        for node in fgraph.toposort():
            if isinstance(node.op, SoftmaxCrossentropy) and (layer := layer_of(fgraph, node)):
                replacements = layer.losses(node) | layer.gradients(fgraph, node)
                for old, new in replacements.items():
                    copy_stack_trace(old, new)
                fgraph.replace_all_validate(list(replacements.items()), reason="linear_crossentropy")


def layer_of(fgraph, node):
    """The layer whose logits a crossentropy of class indices reads, if it and its gradient are all that read them."""
    logits, labels, *_ = node.inputs
    layer = Layer.of(logits)
    readers = {client for client, _ in fgraph.clients[logits]} - {node}
    if layer is None or labels.ndim == logits.ndim or "largest" in node.op.options:
        return None
    return layer if all(layer.is_gradient(fgraph, reader, node) for reader in readers) else None


class Layer:
    """``features @ weights + biases``, with weights (D, V)."""

    def __init__(self, features, weights, biases):
        self.features, self.weights, self.biases = features, weights, biases
        self.of_classes = weights.T

    @classmethod
    def of(cls, logits):
        product, biases = logits, None
        if is_elementwise(logits, Add) and len(logits.owner.inputs) == 2:
            terms = sorted(logits.owner.inputs, key=lambda x: factors(x) is None)
            product, biases = terms[0], without_leading(terms[1], 1)
        if (found := factors(product)) is None or (biases is None and product is not logits):
            return None
        features, weights = found[0], without_leading(found[1], 2)
        parts = [features, weights, *([] if biases is None else [biases])]
        if weights is None or features.ndim != logits.ndim or any(x.dtype != logits.dtype for x in parts):
            return None
        return None if biases is not None and biases.type.shape == (1,) else cls(features, weights, biases)

    def options(self, node):
        biases = {} if self.biases is None else {"biases": self.biases}
        return biases | node.op.named(node.inputs)

    def losses(self, node):
        losses = LinearCrossentropy.of(self.features, self.of_classes, node.inputs[1], **self.options(node))
        return {node.outputs[0]: losses}

    def gradients(self, fgraph, node):
        found: dict = {}
        for reader, _ in fgraph.clients[node.inputs[0]]:
            if reader is not node:
                g = reader.inputs[2]
                by_features, by_weights, *by_biases = LinearCrossentropyGradient.of(
                    self.features, self.of_classes, node.inputs[1], g, **self.options(node)
                )
                new = {"features": by_features, "weights": by_weights.T, "classes": by_weights}
                new |= dict(zip(["biases"], by_biases, strict=False))
                found |= {v: new[name] for v, name in self.uses(fgraph, reader)}
        return found

    def is_gradient(self, fgraph, reader, node):
        """Whether a reader of the logits is the gradient of the crossentropy, read by those of the layer alone."""
        if not isinstance(reader.op, SoftmaxCrossentropyGradient) or reader.op.options != node.op.options:
            return False
        labels, a, b, *options = reader.inputs[1:]
        same = a is b and labels is node.inputs[1] and list(options) == list(node.inputs[2:])
        uses = self.uses(fgraph, reader)
        return same and uses is not None and all(v.type.ndim == self.rank(name) for v, name in uses)

    def rank(self, name):
        return {"features": self.features.ndim, "weights": 2, "classes": 2, "biases": 1}[name]

    def uses(self, fgraph, reader):
        """The layer's gradients that are computed from the one by the logits, by part; None if it has other uses."""
        (g,) = reader.outputs
        found = []
        for client in readers(fgraph, g):
            use = self.use(fgraph, client, g)
            if use is None:
                return None
            found.append(use)
        return found

    def use(self, fgraph, client, g):
        output, leading = client.outputs[0] if client.outputs else None, tuple(range(g.ndim - 1))
        if isinstance(client.op, Sum) and client.op.axis == leading:
            return (output, "biases") if self.biases is not None else None
        if output is None or (found := factors(output)) is None:
            return None
        left, right = found
        if left is g and are_transposes(without_leading(right, 2), self.weights):
            return output, "features"
        if right is g and are_transposes(left, self.features):
            return self.summed(fgraph, output, leading), "weights"
        if right is self.features and are_transposes(left, g):
            return self.summed(fgraph, output, leading), "classes"
        return None

    def summed(self, fgraph, products, leading):
        """The sum over a stack of matrix products, if nothing else reads them; a single product is its own sum."""
        if len(leading) == 1:
            return products
        sums = [client for client, _ in fgraph.clients[products]]
        is_sum = len(sums) == 1 and isinstance(sums[0].op, Sum) and sums[0].op.axis == leading[:-1]
        return sums[0].outputs[0] if is_sum else products


def readers(fgraph, x):
    """The nodes that read a tensor, or its transpose."""
    for client, _ in fgraph.clients[x]:
        if client.outputs and transposed(client.outputs[0]) is x:
            yield from (reader for reader, _ in fgraph.clients[client.outputs[0]])
        else:
            yield client


def is_elementwise(x, scalar_type):
    return x.owner and isinstance(x.owner.op, Elemwise) and isinstance(x.owner.op.scalar_op, scalar_type)


def factors(x):
    """The factors of a product of matrices, or of stacks of them."""
    op = x.owner.op if x.owner else None
    is_product = isinstance(op, Dot) or (isinstance(op, Blockwise) and isinstance(op.core_op, Dot))
    return x.owner.inputs if is_product else None


def without_leading(x, ndim):
    """The tensor without leading axes of length 1 that were added to it; None if its rank is another even so."""
    if x is not None and x.ndim > ndim and x.owner and isinstance(x.owner.op, DimShuffle):
        order, (base,) = x.owner.op.new_order, x.owner.inputs
        if set(order[: x.ndim - ndim]) == {"x"} and base.ndim == ndim:
            kept = order[x.ndim - ndim :]
            return base if kept == tuple(range(ndim)) else base.dimshuffle(*kept)
    return x if x is not None and x.ndim == ndim else None


def are_transposes(x, y):
    """Whether one of two tensors is the other with its last two axes exchanged."""
    return x is not None and (transposed(x) is y or transposed(y) is x)


def transposed(x):
    """The tensor whose last two axes were exchanged to make x, or None."""
    if x is None or not x.owner or not isinstance(x.owner.op, DimShuffle):
        return None
    order = x.owner.op.new_order
    axes = list(range(x.ndim))
    axes[-2:] = axes[:-3:-1]
    return x.owner.inputs[0] if list(order) == axes else None


# Before canonicalize (1), which simplifies what was inside.
optdb.register("inline_layers", InlineLayers(), "linear_crossentropy", position=0.5)
# After canonicalize (1), which brings sums of terms to one form, and before products become calls of BLAS (1.7).
optdb.register("use_linear_crossentropy", UseLinearCrossentropy(), "linear_crossentropy", position=1.45)
