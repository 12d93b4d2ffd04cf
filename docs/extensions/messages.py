"""Examples that raise, shown as what was written and, below it, the message, as text that wraps."""

from docutils import nodes

TRACEBACK = "\nTraceback (most recent call last):\n    ...\n"


def show_messages(app, doctree):
    for block in list(doctree.findall(nodes.doctest_block)):
        written, raised, message = block.astext().partition(TRACEBACK)
        if raised:
            kind, _, text = message.partition(": ")
            shown = nodes.paragraph("", "", nodes.strong("", kind.rpartition(".")[2]), nodes.Text(f": {text}"))
            block.replace_self([nodes.doctest_block(written, written), nodes.container("", shown, classes=["message"])])


def setup(app):
    app.connect("doctree-read", show_messages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
