"""Renders user Markdown to safe HTML."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.registry import Registry
from core.ui.chart_blocks import ChartBlock, chart_html, read_chart

MAX_CHARS: Final = 64_000  # longer texts are shown unformatted
_TAGS: Final = {
    "p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES: Final[Mapping[str, set[str]]] = {"a": {"href"}, "ol": {"start"}}
_MARKS: Final = re.compile(
    r"[*_`#>|~\[\]\\]|^\s*[-+]\s|^\s*\d+[.)]\s|^ {4}|^\t|[A-Z]-[0-9]|@\w|https?://|^\s*[-=]+\s*$", re.M
)
_ADDRESS: Final = r"https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}*_]"
# Further references in plain text: a pattern, and the path that such a word links to, without its `#` or `@`.
REFERENCES: Final[Registry[tuple[str, str]]] = Registry("reference")
_PAIRED: Final = re.compile(r"[\[\]*_`~!]")
MAX_PAIRED: Final = 1500  # matching them takes quadratic time
_BLANK: Final = re.compile(r"\n\s*\n")
HEADINGS_BELOW: Final = 2  # the page has an h1, its sections h2
_cleaner: Final = nh3.Cleaner(
    tags=_TAGS,
    attributes=dict(_ATTRIBUTES),
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow noopener noreferrer",
)
_parser: Final = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)
_parser.disable(["image", "html_block", "html_inline"])
ATTACHMENT: Final = re.compile(r"/attachments/[1-9][0-9]{0,17}")
_BOX: Final = re.compile(r"\[([ xX])\]\s")
_document_parser: Final = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)
_document_parser.disable(["html_block", "html_inline"])
_document_cleaner: Final = nh3.Cleaner(
    tags=_TAGS | {"img", "input"},
    attributes={
        **_ATTRIBUTES,
        "img": {"src", "alt", "title"},
        "input": {"type", "disabled", "checked", "aria-label"},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow noopener noreferrer",
)


@lru_cache(maxsize=2048)
def document(text: str) -> SafeString:
    """Render `markdown` with charts, task lists (with disabled checkboxes) and stored pictures."""
    if len(text) > MAX_CHARS or len(_PAIRED.findall(text)) > MAX_PAIRED:
        return markdown(text)
    charts: dict[str, ChartBlock] = {}
    tokens = [_or_mark(token, charts) for token in _document_parser.parse(text)]
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = list(_linked(_with_boxes(_own_pictures(token.children))))
        elif token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1:]) + HEADINGS_BELOW)}"
    made = str(_document_parser.renderer.render(tokens, _document_parser.options, {}))
    cleaned = _document_cleaner.clean(made).strip()
    for mark, chart in charts.items():
        cleaned = cleaned.replace(mark, chart_html(chart), 1)
    return SafeString(cleaned)


def _or_mark(token: Token, charts: dict[str, ChartBlock]) -> Token:
    """Replace a chart by an unguessable marker; its drawing is put there after sanitizing."""
    chart = read_chart(token.info, token.content) if token.type == "fence" else None
    if chart is None:
        return token
    mark = f"chart-{secrets.token_hex(16)}"
    charts[mark] = chart
    return Token("html_block", "", 0, content=f"{mark}\n")


def _own_pictures(children: list[Token]) -> list[Token]:
    """Replace pictures from anywhere else by their alternative text."""
    return [
        _text(token.content) if token.type == "image" and not _is_own(token) else token for token in children
    ]


def _is_own(token: Token) -> bool:
    return bool(ATTACHMENT.fullmatch(str(token.attrs.get("src", ""))))


def _with_boxes(children: list[Token]) -> list[Token]:
    """Replace `[ ]` or `[x]` at the beginning of a line by a checkbox."""
    first = children[0] if children else None
    if first is None or first.type != "text" or not (found := _BOX.match(first.content)):
        return children
    checked = {"checked": ""} if found[1] in "xX" else {}
    attributes: dict[str, Any] = {"type": "checkbox", "disabled": "", "aria-label": "Task", **checked}
    box = Token("task_box", "input", 0, attrs=attributes)
    return [box, _text(first.content[found.end() - 1 :]), *children[1:]]


@lru_cache(maxsize=2048)
def markdown(text: str) -> SafeString:
    """Render the text as HTML: line breaks stay, headings are small, bare URLs and references become links.

    Text that is too long or has too many marks to be parsed quickly is shown unformatted.
    """
    is_hard = len(text) > MAX_CHARS or len(_PAIRED.findall(text)) > MAX_PAIRED
    if is_hard or not _MARKS.search(text):
        return SafeString("".join(f"<p>{_broken(part)}</p>" for part in _BLANK.split(text) if part))
    tokens = _parser.parse(text)
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = list(_linked(token.children))
        elif token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1:]) + HEADINGS_BELOW)}"
    made = str(_parser.renderer.render(tokens, _parser.options, {}))
    return SafeString(_cleaner.clean(made).strip())


@cache
def _known() -> re.Pattern[str]:
    return re.compile("|".join([_ADDRESS, *(rf"(?<!\w)(?:{pattern})(?!\w)" for pattern, _ in REFERENCES)]))


def _broken(text: str) -> str:
    return "<br>".join(escape(line) for line in text.strip("\n").split("\n"))


def _linked(children: list[Token]) -> Iterator[Token]:
    """Return the tokens with URLs in plain text linked; text inside a link is unchanged."""
    depth = 0
    for token in children:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "text" and not depth:
            yield from _split(token.content)
        else:
            yield token


def _split(text: str) -> Iterator[Token]:
    at = 0
    for match in _known().finditer(text):
        yield _text(text[at : match.start()])
        yield from _link(match[0])
        at = match.end()
    yield _text(text[at:])


def _link(words: str) -> Iterator[Token]:
    paths = (path for pattern, path in REFERENCES if re.fullmatch(pattern, words))
    attributes: dict[str, Any] = {"href": next((f"{path}{words.lstrip('#@')}" for path in paths), words)}
    yield Token("link_open", "a", 1, attrs=attributes)
    yield _text(words)
    yield Token("link_close", "a", -1)


def _text(words: str) -> Token:
    return Token("text", "", 0, content=words)
