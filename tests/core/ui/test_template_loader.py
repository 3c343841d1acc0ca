"""Templates are sent without indentation, and render the same."""

from __future__ import annotations

import pytest

from core.ui.template_loader import without_indentation


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ('<a\n  class="x"\n  href="/y"\n>Go</a>', '<a class="x" href="/y">Go</a>'),
        ("<p>\n  One\n  two\n</p>", "<p>One two</p>"),
        ("<b>one</b>\n  <i>two</i>", "<b>one</b> <i>two</i>"),
        ("<b>one</b><i>two</i>", "<b>one</b><i>two</i>"),
        ("<p {% if a > b %}hidden{% endif %}>\n  x\n</p>", "<p {% if a > b %}hidden{% endif %}>x</p>"),
        ("<pre\n  class=c\n>a\n  b</pre>\n<p>x</p>", "<pre\n  class=c\n>a\n  b</pre> <p>x</p>"),
        ("<textarea>\n  a\n</textarea>", "<textarea>\n  a\n</textarea>"),
        ("{% load ui %}\n<!DOCTYPE html>", "{% load ui %}<!DOCTYPE html>"),
    ],
    ids=["attributes", "text", "inline", "joined", "condition", "pre", "textarea", "doctype"],
)
def test_indentation_is_left_out(source, sent):
    assert without_indentation(source) == sent
