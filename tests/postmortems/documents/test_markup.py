"""Hostile markup in a section is shown as text by the page, the preview, HTML, Markdown, PDF and mail."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from core.ui.markdown import document
from notifications.channels.kinds.email import build
from notifications.deliveries.message import compose
from postmortems.documents.selectors import section_of
from postmortems.documents.services import save_section
from postmortems.drafting.services import draft_postmortem
from postmortems.export.pdf import pdf_of
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "script in table": "| a |\n|---|\n| <script>alert(1)</script> |",
    "image handler": '<img src=x onerror="alert(1)">',
    "svg handler": '<svg onload="alert(1)"><circle r="9"/></svg>',
    "hx attribute": '<b hx-get="/settings/members" hx-trigger="load">b</b>',
    "data hx attribute": '<div data-hx-post="/sign-out" data-hx-trigger="load">x</div>',
    "hx on": '<a hx-on:click="alert(1)">x</a>',
    "iframe": '<iframe src="https://evil.test"></iframe>',
    "object": '<object data="https://evil.test"></object><embed src="https://evil.test">',
    "form": '<form action="https://evil.test"><input name="password"><button>Go</button></form>',
    "style tag": "<style>body{display:none}</style>",
    "style attribute": '<p style="position:fixed;inset:0">x</p>',
    "base": '<base href="https://evil.test/">',
    "meta": '<meta http-equiv="refresh" content="0;url=https://evil.test">',
    "link tag": '<link rel="stylesheet" href="https://evil.test/x.css">',
    "javascript link": "[a](javascript:alert(1))",
    "mixed case link": "[a](JaVaScRiPt:alert(1))",
    "entity link": "[a](&#106;avascript:alert(1))",
    "tab link": "[a](<java\tscript:alert(1)>)",
    "data link": "[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "vbscript link": "[a](vbscript:msgbox(1))",
    "autolink": "<javascript:alert(1)>",
    "reference link": "[a][b]\n\n[b]: javascript:alert(1)",
    "outside picture": "![a](https://evil.test/pixel.png)",
    "data picture": "![a](data:image/svg+xml;base64,PHN2Zy8+)",
    "breaking alt": '![" onerror="alert(1)](/attachments/1)',
    "breaking title": '![a](/attachments/1 "\\" onload=\\"alert(1)")',
    "other attachment path": "![a](/attachments/1/../../settings)",
    "unclosed tag": "<img src=x onerror=alert(1)//",
    "comment": "<!-- --><script>alert(1)</script><!-- -->",
    "cdata": "<![CDATA[<script>alert(1)</script>]]>",
    "code fence": "```html\n<script>alert(1)</script>\n```",
    "fence name": '```"><script>alert(1)</script>\nx\n```',
    "chart label": '```chart\n<script>alert(1)</script>\n"><img src=x onerror=alert(1)>: 4\n```',
    "chart mark": "chart-00000000000000000000000000000000",
    "template": "{% include 'x' %}{{ settings.SECRET_KEY }}{{ timeline }}",
    "typst": '#read("/etc/passwd") #import "x" $ #eval("1") $ @label <label>',
    "deep nesting": ">" * 200 + " x",
    "many marks": "*_`[" * 400,
    "quotes": "'\"`&<>\u2028\u2029",
}
# Each way to run something, in each place where a text may hold it.
VECTORS = {
    "script": "<script>alert(1)</script>",
    "svg": "<svg/onload=alert(1)>",
    "image": "<img src=x onerror=alert(1)>",
    "link": "[x](javascript:alert(1))",
    "encoded link": "[x](java&#x0A;script:alert(1))",
    "details": "<details open ontoggle=alert(1)>x</details>",
    "math": "<math><a xlink:href=javascript:alert(1)>x</a></math>",
    "htmx": "<p hx-post=/sign-out hx-trigger=load>x</p>",
    "split tag": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "nul": "<scr\0ipt>alert(1)</scr\0ipt>",
}
PLACES = {
    "heading": "# {}",
    "list": "- one\n  1. {}",
    "task": "- [ ] {}",
    "quote": "> > {}",
    "table head": "| {} |\n|---|\n| a |",
    "emphasis": "**_{}_**",
    "link text": "[{}](https://example.test)",
    "title": '[a](https://example.test "{}")',
    "definition": "[{}]: https://example.test\n\n[{}]",
}
PAYLOADS |= {
    f"{vector} in {place}": PLACES[place].replace("{}", VECTORS[vector])
    for vector in VECTORS for place in PLACES
}  # fmt: skip
_ALLOWED = {"href", "start", "src", "alt", "title", "type", "disabled", "checked", "aria-label", "rel"}
_CHART = {
    "class",
    "viewbox",
    "width",
    "height",
    "preserveaspectratio",
    "aria-hidden",
    "focusable",
    "fill",
    "scope",
}


class Tags(HTMLParser):
    """Every start tag with its attributes, as a browser's parser finds them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def assert_harmless(html):
    for tag, attributes in Tags(html).found:
        assert tag not in {"script", "iframe", "object", "embed", "form", "style", "base", "meta", "link"}, (
            tag
        )
        in_chart = tag in {"svg", "rect", "table", "th", "td"}
        assert set(attributes) <= _ALLOWED | (_CHART if in_chart else set()), (tag, attributes)
        address = attributes.get("href") or ""
        assert not re.match(r"\s*(?!https?:|mailto:)[a-z]+:", address, re.I), address
        if tag == "img":
            assert re.fullmatch(r"/attachments/[0-9]+", attributes["src"]), attributes
        if tag == "input":
            assert "disabled" in attributes


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload_is_harmless_in_the_rendered_text(name):
    assert_harmless(document(PAYLOADS[name]))


@pytest.fixture
def hostile(actor, resolved):
    """INC-1 with every payload in one section."""
    made = draft_postmortem(actor, 1)
    text = "\n\n".join(
        f"**{name}**\n\n{payload}" for name, payload in PAYLOADS.items() if name != "many marks"
    )
    text = re.sub("[\0\u2028\u2029]", "", text)  # a section refuses them
    save_section(actor, 1, "executive_summary", base_version=1, text=text)
    return made


def test_payloads_are_harmless_on_page_preview_and_in_every_export(actor, hostile):
    browser = browser_for(actor)
    stored = section_of(hostile, "executive_summary").text
    page = browser.get("/postmortems/INC-1").content.decode()
    inside = re.search(
        r'id="section-executive_summary".*?<div class="prose"[^>]*>(.*?)<p class="tiny', page, re.S
    )
    assert_harmless(inside[1])
    preview = browser.post("/postmortems/INC-1/preview", {"text": stored}).content.decode()
    assert_harmless(preview)
    html = browser.get("/postmortems/INC-1/export?format=html")
    assert_harmless(re.search(r"<main>(.*)</main>", html.content.decode(), re.S)[1])
    assert "attachment" in html["Content-Disposition"]
    markdown = browser.get("/postmortems/INC-1/export?format=markdown").content.decode()
    assert "{{ settings.SECRET_KEY }}" in markdown
    pdf = browser.get("/postmortems/INC-1/export?format=pdf").content
    assert pdf.startswith(b"%PDF")
    assert b"/JavaScript" not in pdf
    assert re.findall(rb"/URI\s*\((?!https?:|mailto:)[^)]*", pdf) == []  # titles are text, links are not


def test_payload_in_a_comment_is_escaped_in_mail(settings):
    settings.MAIL_FROM = "tocsin@example.test"
    payload = {"subject": PAYLOADS["script"], "details": {"lines": list(PAYLOADS.values())[:30], "url": ""}}
    message = compose({**payload, "event_kind": "postmortem.mentioned"}, public_id="1", workspace_id=1)
    mail = build(message, "theo@example.test")
    html = mail.alternatives[0][0]
    for tag, attributes in Tags(html).found:
        assert tag not in {"script", "iframe", "object", "embed", "form", "svg", "img", "base"}, tag
        assert not {name for name in attributes if name.startswith(("on", "hx-", "data-hx"))}, attributes
        assert not (attributes.get("href") or "").lower().startswith(("javascript", "data", "vbscript"))
    assert "\n" not in mail.subject


@pytest.mark.parametrize("mark", [">", "- ", "1. "], ids=["quotes", "bullets", "numbers"])
def test_deeply_nested_text_becomes_a_pdf(mark):
    text = "\n".join(
        f"{'   ' * depth if mark != '>' else ''}{mark * (depth if mark == '>' else 1)} x"
        for depth in range(1, 60)
    )
    assert pdf_of("Nested", text).startswith(b"%PDF")
