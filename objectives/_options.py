"""Checks of options, each with one wording, which names the option and the value that was given."""

from collections.abc import Hashable

import numpy as np
from pytensor.tensor import TensorConstant


def known_number(x) -> float | None:
    """The value of a number, NumPy scalar or scalar constant; None for what is known at run time only."""
    if isinstance(x, TensorConstant):
        x = x.data
    return float(x) if isinstance(x, int | float | np.number | np.ndarray) and np.ndim(x) == 0 else None


def positive(x, name):
    """The option; a number must be greater than 0."""
    if (number := known_number(x)) is not None and not number > 0:
        raise ValueError(f"{name} must be positive, not {number}")
    return x


def share(x, name):
    """The option; a number must be from 0 to 1."""
    if (number := known_number(x)) is not None and not 0 <= number <= 1:
        raise ValueError(f"{name} must be between 0 and 1, not {number}")
    return x


def at_least(x, name, least):
    """The option; a number must be no less than this."""
    if (number := known_number(x)) is not None and not number >= least:
        raise ValueError(f"{name} must be at least {least}, not {number}")
    return x


def number_from(x, name, least) -> float:
    """An option that must be known when the graph is built, as a float that is no less than this."""
    number = known_number(x)
    if number is None or not number >= least:
        raise ValueError(f"{name} must be a number of at least {least}, not {x!r}")
    return number


def known_share(x, name) -> float:
    """An option that must be known when the graph is built, as a float from 0 to 1."""
    number = known_number(x)
    if number is None or not 0 <= number <= 1:
        raise ValueError(f"{name} must be a number between 0 and 1, not {x!r}")
    return number


def whole_number(x, name, least, hint="") -> int:
    """A Python or NumPy integer of at least this."""
    if not isinstance(x, int | np.integer) or isinstance(x, bool) or x < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {x!r}{hint}")
    return int(x)


def flag(x, name) -> bool:
    """True or False; any text would count as True."""
    if not isinstance(x, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, not {x!r}")
    return bool(x)


def one_of(x, name, choices):
    """The option, which must be one of these."""
    choices = tuple(choices)
    if not isinstance(x, Hashable) or x not in choices:
        *others, last = map(repr, choices)
        known = f"{'one of ' if len(others) > 1 else ''}{', '.join(others)} or {last}"
        raise ValueError(f"{name} must be {known}, not {x!r}")
    return x
