import jax
import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch.jax.unknown import unknown
from objectives.ops.ctc import CTC, CTCGradient, check_shapes


def log_sum_exp(*terms):
    """``log(sum(exp(terms)))``, -inf with a gradient of 0 where all terms are."""
    largest = jax.lax.stop_gradient(jnp.max(jnp.stack(terms), axis=0))
    nothing = largest == -jnp.inf
    shift = jnp.where(nothing, 0, largest)
    total = sum(jnp.exp(term - shift) for term in terms)
    return jnp.where(nothing, -jnp.inf, jnp.log(jnp.where(nothing, 1, total)) + shift)


def shift_of(log_p):
    """The greatest of the states, which the gradient may take for a constant; 0 if it is -inf."""
    largest = jax.lax.stop_gradient(log_p.max(axis=-1, keepdims=True))
    return jnp.where(largest == -jnp.inf, 0, largest)


class Lattice:
    """The states of a batch (B, S) and what is emitted in them (B, T, S), in float64 where that is enabled."""

    def __init__(self, z, y, input_lengths, target_lengths, *, blank):
        check_shapes(z, y, input_lengths, target_lengths, blank=blank)
        (batch, num_frames, num_classes), num_labels = z.shape, y.shape[1]
        states, ends = jnp.arange(2 * num_labels + 1), 2 * target_lengths[:, None]
        self.frames = jnp.arange(num_frames) < input_lengths[:, None]
        inside = jnp.arange(num_labels) < target_lengths[:, None]
        bad = inside & ((y < 0) | (y >= num_classes) | (y == blank))
        self.valid = ~bad.any(axis=1) & (input_lengths >= 0) & (input_lengths <= num_frames)
        self.valid &= (target_lengths >= 0) & (target_lengths <= num_labels)
        self.labels = jnp.full((batch, states.size), blank).at[:, 1::2].set(jnp.where(inside & ~bad, y, blank))
        self.skips = jnp.zeros(self.labels.shape, bool).at[:, 3::2].set(self.labels[:, 3::2] != self.labels[:, 1:-2:2])
        wide = jnp.promote_types(z.dtype, jax.dtypes.canonicalize_dtype("float64"))
        self.log_p = jax.nn.log_softmax(jnp.where(self.frames[..., None], z, 0).astype(wide), axis=-1)
        emitted = jnp.take_along_axis(self.log_p, self.labels[:, None, :], axis=-1)
        self.emitted = jnp.where((states <= ends)[:, None], emitted, -jnp.inf)
        self.start = jnp.where(states == 0, 0, jnp.full(self.labels.shape, -jnp.inf, wide))
        self.end = jnp.where((states == ends) | (states == ends - 1), 0, jnp.full(self.labels.shape, -jnp.inf, wide))

    def over_time(self, step, first, *, backwards=False):
        """The last carry of a step that is made frame by frame, and what it gives (B, T, ...)."""
        frames = self.emitted.transpose(1, 0, 2), self.frames.T[..., None]
        last, found = jax.lax.scan(step, first, frames, reverse=backwards)
        return last, jax.tree.map(lambda x: jnp.moveaxis(x, 0, 1), found)

    def forward(self):
        """The logarithms of alpha less the greatest, and the sum of those (B, 1): after the last frame, and all.

        Without the shifts they would grow with the frames, and lose digits where float64 is not enabled.
        """

        def step(before, frame):
            (alpha, shift), (emitted, counts) = before, frame
            padded = jnp.pad(alpha, ((0, 0), (2, 0)), constant_values=-jnp.inf)
            skipped = jnp.where(self.skips, padded[:, :-2], -jnp.inf)
            after = emitted + log_sum_exp(alpha, padded[:, 1:-1], skipped)
            change = jnp.where(counts, shift_of(after), 0)
            after = jnp.where(counts, after - change, alpha), shift + change
            return after, after

        return self.over_time(step, (self.start, jnp.zeros((len(self.start), 1), self.start.dtype)))

    def backward(self):
        """The logarithms of beta less the greatest (B, T, S)."""

        def step(beta, frame):
            emitted, counts = frame
            padded = jnp.pad(emitted + beta, ((0, 0), (0, 2)), constant_values=-jnp.inf)
            skips = jnp.pad(self.skips, ((0, 0), (0, 2)))
            skipped = jnp.where(skips, padded, -jnp.inf)[:, 2:]
            earlier = log_sum_exp(padded[:, :-2], padded[:, 1:-1], skipped)
            return jnp.where(counts, earlier - shift_of(earlier), beta), beta

        return self.over_time(step, self.end, backwards=True)[1]


@jax_funcify.register(CTC)
def jax_funcify_ctc(op, **kwargs):
    def ctc(*inputs):
        z, *others = map(jnp.asarray, inputs)
        lattice = Lattice(z, *others, blank=op.blank)
        (alpha, shift), (alphas, shifts) = lattice.forward()
        # A factor, not a choice: jax.grad must be NaN too where a label or length is invalid.
        factor = jnp.where(lattice.valid, 1, unknown(z))
        log_p = log_sum_exp(*jnp.moveaxis(alpha + lattice.end, 1, 0)) + shift[:, 0]
        loss = -log_p * factor
        return loss.astype(z.dtype), jnp.where(lattice.valid[:, None, None], alphas + shifts, unknown(z))

    return ctc


@jax_funcify.register(CTCGradient)
def jax_funcify_ctc_gradient(op, **kwargs):
    def ctc_gradient(*inputs):
        z, y, input_lengths, target_lengths, log_alpha, g = map(jnp.asarray, inputs)
        lattice = Lattice(z, y, input_lengths, target_lengths, blank=op.blank)
        # In float32, log_alpha has lost digits to the shifts.
        alpha = log_alpha if log_alpha.dtype == "float64" else lattice.forward()[1][0]
        both = alpha + lattice.backward()
        possible = both.max(axis=-1, keepdims=True) != -jnp.inf
        share = jax.nn.softmax(jnp.where(possible, both, 0), axis=-1)
        classes = jax.nn.one_hot(lattice.labels, z.shape[-1], dtype=share.dtype)
        gradient = g[:, None, None] * (jnp.exp(lattice.log_p) - share @ classes)
        gradient = jnp.where(lattice.frames[..., None] & possible, gradient, 0)
        return jnp.where(lattice.valid[:, None, None], gradient, unknown(z)).astype(z.dtype)

    return ctc_gradient
