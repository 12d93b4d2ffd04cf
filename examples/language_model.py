"""Learn to write Python's documentation, with the crossentropy of a vocabulary whose logits are never held.

    pip install "pytensor-objectives[examples]" pytensor-ml
    python examples/language_model.py
    python examples/language_model.py --mode JAX --epochs 2

A small causal transformer of pytensor-ml reads the help topics and docstrings of the standard library, word by word.
`linear_crossentropy` goes through the scores of 9000 words block by block, the perplexity of held-out pages is exact
over batches of unequal sizes, and at the end the same training step is compared with one that holds all logits.
Everything about the loss and the measures is in `build_functions`.
"""

import argparse
import ast
import ctypes
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any, NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
from matplotlib import pyplot as plt
from pytensor_ml.layers import Embedding, Input, LayerNorm, Sequential, TransformerBlock
from pytensor_ml.model import Model
from pytensor_ml.optim import adam, compile_train
from pytensor_ml.state import NormalInitializer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from objectives import (
    aggregate,
    aggregate_parts,
    categorical_crossentropy_with_logits,
    compile_validation,
    labelled,
    linear_crossentropy,
)
from objectives.plot import plot_learning_curves

MODES = ("CVM", "JAX", "NUMBA")
WINDOW = 64  # words that the transformer sees at once
WIDTH, BLOCKS, HEADS = 96, 2, 4
RARE, PADDING = 0, -1  # words that occur once are one word; the last window is filled
PROMPT = 16  # words that are shown before those that are generated

pytensor.config.floatX = "float32"  # the dtype that every backend computes in
plt.switch_backend("Agg")  # draws into files, without a window


class Corpus(NamedTuple):
    vocabulary: list[str]
    training: tuple[np.ndarray, np.ndarray]  # words (N, WINDOW), and for each the next one
    held_out: tuple[np.ndarray, np.ndarray]


class Functions(NamedTuple):
    train: Callable
    train_with_logits: Callable | None
    validation: Any
    next_scores: Callable


def main():
    options = parse_options()
    pytensor.config.mode = options.mode  # for the graphs within Ops, which ``mode=`` of a function does not reach
    console, rng = Console(), np.random.default_rng(options.seed)
    with waiting_for("Reading", console):
        corpus = read_corpus(options.pages, rng)
    console.print(f"{corpus.training[0].size:,} words to learn from, {len(corpus.vocabulary):,} of them different")
    with waiting_for(f"Compiling for {options.mode}", console):
        functions = build_functions(len(corpus.vocabulary), options)

    history = []
    for epoch in learn(functions, corpus, options, rng, console):
        history.append(epoch)
        console.print(f"held-out loss {epoch['validation_loss']:.3f}, perplexity {epoch['validation_perplexity']:.1f}")
    draw(history, options.plot)
    for _ in range(options.samples):
        console.print(generate(functions.next_scores, corpus, rng), style="italic", highlight=False, markup=False)
    if options.compare:
        console.print(comparison(functions, next(batches(corpus.training, options.batch_size))))


# The text


def read_corpus(number_of_pages, rng):
    """Windows of words, a tenth of the pages held out."""
    pages = [*topics.values(), *docstrings()]
    pages = [words_of(pages[i]) for i in rng.permutation(len(pages))[:number_of_pages]]
    counts = Counter(word for page in pages for word in page)
    vocabulary = ["", *(word for word, count in counts.items() if count > 1)]
    numbers = {word: number for number, word in enumerate(vocabulary)}
    split = len(pages) // 10
    return Corpus(vocabulary, windows(pages[split:], numbers), windows(pages[:split], numbers))


def docstrings():
    """Those of the modules of the standard library, and of their functions and classes."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for path in sorted(Path(ast.__file__).parent.glob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        yield from filter(None, (ast.get_docstring(node) for node in nodes if isinstance(node, documented)))


def words_of(page):
    """Words and signs with the space before them, and line breaks: joined they are the page."""
    return re.findall(r" ?\w+| ?[^\w\s]+|\s+", f"{page}\n\n")


def windows(pages, numbers):
    text = [numbers.get(word, RARE) for page in pages for word in page]
    padded = np.full(-(-len(text) // WINDOW) * WINDOW + 1, PADDING)
    padded[: len(text)] = text
    return np.maximum(padded[:-1], 0).reshape(-1, WINDOW), padded[1:].reshape(-1, WINDOW)


# The transformer, its loss and what is measured


def build_functions(num_words, options):
    """Compile a training step, the same with all logits, a validation, and the scores of the word after a window."""
    words, targets = (Input(name, shape=(None, WINDOW), dtype="int64") for name in ("words", "targets"))
    features, weights = transformer(words, num_words, options.seed)

    mask = labelled(targets, PADDING)
    losses = linear_crossentropy(features, weights, targets, mask=mask)
    same_losses = categorical_crossentropy_with_logits(features @ weights.T, targets, mask=mask)

    def training_step(losses):
        given = {"inputs": [words, targets], "extra_outputs": aggregate_parts(losses, mask=mask)}
        return compile_train(aggregate(losses, mask=mask), adam(0.002), **given, compile_kwargs={"mode": options.mode})

    loss = aggregate(losses, mask=mask)
    measures = {"loss": loss, "perplexity": pt.exp(loss)}
    return Functions(
        training_step(losses),
        training_step(same_losses) if options.compare else None,
        compile_validation([words, targets], measures, mode=options.mode),
        pytensor.function([words], features[0, -1] @ weights.T, mode=options.mode),
    )


def transformer(words, num_words, seed):
    """Features (N, WINDOW, WIDTH) of each word and those before it, and the weights that score the next one.

    They are those that embed the words (Press and Wolf, 2017).
    """
    size = {"n_features": WIDTH, "weight_initializer": NormalInitializer(0, 0.02)}
    embedding = Embedding("words", n_embeddings=num_words, **size)
    positions = Embedding("positions", n_embeddings=WINDOW, **size)
    blocks = [TransformerBlock(f"block_{i}", d_model=WIDTH, n_head=HEADS, is_causal=True) for i in range(BLOCKS)]
    layers = Sequential(*blocks, LayerNorm("last", n_in=WIDTH))
    features = layers(embedding(words) + positions(np.arange(WINDOW)))
    Model(features).initialize(seed)
    return features, embedding.W


# Training


def learn(functions, corpus, options, rng, console):
    """Train, and yield the measures of each epoch."""
    for number in range(1, options.epochs + 1):
        order = rng.permutation(len(corpus.training[0]))
        steps = list(batches([array[order] for array in corpus.training], options.batch_size))
        parts = [functions.train(*batch)[1:] for batch in track(steps, f"Epoch {number}", console=console)]
        numerator, denominator = np.sum(parts, axis=0)  # divided once: exact for batches of any size
        results = functions.validation.validate(batches(corpus.held_out, options.batch_size), progress=False)
        yield {"train_loss": numerator / denominator} | {f"validation_{name}": results[name] for name in results}


def batches(arrays, size):
    for start in range(0, len(arrays[0]), size):
        yield [array[start : start + size] for array in arrays]


# What the user sees


@contextmanager
def waiting_for(what, console):
    """Report a slow step, and how long it took."""
    started = time.perf_counter()
    console.print(f"{what} ...", end=" ")
    yield
    console.print(f"{time.perf_counter() - started:.1f} s")


def draw(history, path):
    """Write learning curves to a PNG file."""
    loss, _ = plot_learning_curves(history)
    loss.set(ylabel="crossentropy of the next word")
    loss.figure.savefig(path, dpi=150)


def generate(next_scores, corpus, rng, length=40):
    """The end of a held-out window, and words drawn after it, one by one."""
    words = list(rng.choice(corpus.held_out[0]))
    for _ in range(length):
        scores = np.asarray(next_scores(np.array([words[-WINDOW:]]))) / 0.7  # likely words become likelier
        scores[RARE] = -np.inf
        p = np.exp(scores - scores.max(), dtype="float64")
        words.append(rng.choice(len(p), p=p / p.sum()))
    text = [corpus.vocabulary[word] for word in words]
    return f"{''.join(text[-length - PROMPT : -length])} ->{''.join(text[-length:])}"


def comparison(functions, batch):
    """Time and memory of a training step without the logits, and with them."""
    table = Table(
        "training step", "seconds", "MB at its peak", title="Two ways to the same gradients", title_justify="left"
    )
    for name, step in (("block by block", functions.train), ("all logits", functions.train_with_logits)):
        seconds, peak = [], []
        for _ in range(4):
            before, started = memory_in_use(), time.perf_counter()
            step(*batch)
            seconds.append(time.perf_counter() - started)
            peak.append(memory_in_use(at_peak=True) - before)
        table.add_row(name, f"{statistics.median(seconds):.2f}", f"{statistics.median(peak):.0f}" if any(peak) else "?")
    return table


def memory_in_use(*, at_peak=False):
    """MB that Linux counts now, without what is free again, or at their peak since then; 0 on other systems."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    if not at_peak:
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    found = re.search(rf"{'VmHWM' if at_peak else 'VmRSS'}:\s+(\d+) kB", status.read_text())
    return int(found.group(1)) / 1000


# Options


def parse_options():
    parser = argparse.ArgumentParser(
        description="Train a small language model whose logits are never held.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--mode",
        type=str.upper,
        choices=MODES,
        default="CVM",
        help="PyTensor mode: the backend; NUMBA compiles for minutes",
    )
    add("--epochs", type=int, default=3, metavar="N", help="passes over the text")
    add("--batch-size", type=int, default=32, metavar="N", help=f"windows of {WINDOW} words in a batch")
    add("--pages", type=int, metavar="N", help="read no more than this many pages")
    add("--samples", type=int, default=3, metavar="N", help="how many texts to continue")
    add("--compare", action=argparse.BooleanOptionalAction, default=True, help="measure a step with all logits, too")
    add("--seed", type=int, default=1, help="seed of the split, the weights, the order and the samples")
    add("--plot", type=Path, default="language_model.png", metavar="PATH", help="where to write the learning curves")
    return parser.parse_args()


if __name__ == "__main__":
    main()
