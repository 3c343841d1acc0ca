"""Converts Markdown to a tree of blocks and spans, for the PDF layout. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.ui.chart_blocks import read_chart

_parser: Final = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)
_parser.disable(["html_block", "html_inline"])
MAX_DEPTH: Final = 8
Node = dict[str, Any]
_MARKS: Final = {"strong": "strong", "em": "emph", "s": "strike"}


def blocks_of(text: str) -> list[Node]:
    """The document as nested nodes: {"t": kind, "c": children}; text leaves are {"t": "text", "v": …}.

    Quotes nested more than eight deep are not indented further.
    """
    root: list[Node] = []
    stack: list[list[Node]] = [root]
    for token in _parser.parse(text):
        if token.type == "inline":
            stack[-1].extend(_spans(token.children or []))
        elif token.type == "blockquote_open" and len(stack) > MAX_DEPTH:
            stack.append(stack[-1])
        elif token.nesting == 1:
            node = _opened(token)
            stack[-1].append(node)
            stack.append(node["c"])
        elif token.nesting == -1:
            stack.pop()
        else:
            stack[-1].append(_leaf(token))
    return root


def _opened(token: Token) -> Node:
    kind = token.type.removesuffix("_open")
    node: Node = {"t": kind, "c": []}
    if kind == "heading":
        node["level"] = int(token.tag[1:])
    if kind == "ordered_list":
        node["start"] = int(token.attrs.get("start", 1))
    return node


def _leaf(token: Token) -> Node:
    if token.type == "fence" and (chart := read_chart(token.info, token.content)):
        rows = [[label, chart.share(number), f"{number:,g}"] for label, number in chart.rows]
        return {"t": "chart", "title": chart.title, "rows": rows}
    if token.type in ("fence", "code_block"):
        return {"t": "code_block", "v": token.content}
    return {"t": token.type}


def _spans(children: list[Token]) -> Iterator[Node]:
    root: list[Node] = []
    stack: list[list[Node]] = [root]
    for token in children:
        if token.nesting == 1:
            node = _span(token)
            stack[-1].append(node)
            stack.append(node["c"])
        elif token.nesting == -1:
            stack.pop()
        elif token.type in ("text", "code_inline"):
            stack[-1].append({"t": "text" if token.type == "text" else "code", "v": token.content})
        elif token.type in ("softbreak", "hardbreak"):
            stack[-1].append({"t": "break"})
        elif token.type == "image":
            stack[-1].append({"t": "text", "v": f"[Image: {token.content}]"})
    yield from root


def _span(token: Token) -> Node:
    kind = token.type.removesuffix("_open")
    if kind == "link":
        href = str(token.attrs.get("href", ""))
        is_web = href.startswith(("http://", "https://", "mailto:"))
        return {"t": "link" if is_web else "group", "href": href, "c": []}
    return {"t": _MARKS.get(kind, "group"), "c": []}
