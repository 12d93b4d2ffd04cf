"""Formulas as MathML, written at build time: browsers show it without scripts, fonts or a connection."""

import re

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.util import logging

# what latex2mathml does not know, in words that it knows
SPELLED = [
    (re.compile(r"\\arg(?![a-zA-Z])"), r"\\operatorname{arg}"),
    (re.compile(r"\\big(?=\\\|)", re.IGNORECASE), ""),
    (re.compile(r"\\\|"), r"\\Vert "),
    (re.compile(r"\\_"), "_"),
]
# a thin space between a function's name and what is not in parentheses, as in TeX
NAMED = r"(<mi>(?:arg|cos|cosh|exp|log|max|min|tanh)</mi>)"
SPACE = '<mspace width="0.167em" />'
SPACED = [
    (re.compile(r"(?<=</m[ion]>)(?<!;</mo>)(?<!<mo>=</mo>)" + NAMED), SPACE + r"\1"),
    (re.compile(NAMED + r"(?=<m[inrs])"), r"\1" + SPACE),
]


def mathml(tex: str, display: str) -> str:
    for pattern, known in SPELLED:
        tex = pattern.sub(known, tex)
    found = convert(tex, display=display)
    if "\\" in found:
        raise ValueError("a command was not understood")
    for pattern, spaced in SPACED:
        found = pattern.sub(spaced, found)
    return found


def writer(display, template):
    def write(self, node):
        try:
            self.body.append(template.format(mathml(node.astext(), display)))
        except Exception as error:  # whatever the converter meets in a formula, the warning names the formula
            logging.getLogger(__name__).warning("formula %r: %r", node.astext(), error, location=node)
        raise SkipNode

    return write, None


def setup(app):
    app.add_html_math_renderer("mathml", writer("inline", "{}"), writer("block", '<div class="formula">{}</div>'))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
