"""Warnings of what is allowed but rarely meant."""

import sys
import warnings

__all__ = ["MistakeWarning"]


class MistakeWarning(UserWarning):
    """Warning about code that is allowed, but probably a mistake.

    It is issued while a graph is built, once for each line of code, which it names. :doc:`errors` lists all of them
    and says how to silence one.
    """


def warn_of_mistake(message):
    """Warn, with the line outside this package that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "objectives":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, MistakeWarning, stacklevel=level)
