"""Assembles sections into a Markdown document. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from postmortems.template_library.models import SectionStyle

LEVELS: Final = {SectionStyle.CHAPTER: "##", SectionStyle.SUBSECTION: "###"}


@dataclass(frozen=True)
class Part:
    """A section to export. An open question has no text; `note` is shown in its place."""

    style: str
    title: str
    has_text: bool
    text: str = ""
    note: str = ""

    @property
    def is_left_out(self) -> bool:
        """Optional sections without text are not exported."""
        return self.has_text and not self.text and not self.note


def assemble(header: str, parts: Iterable[Part], footer: str, *, has_dividers: bool) -> str:
    """The document; `has_dividers`: rules between chapters and blank lines below their headings."""
    blocks = [header] if header else []
    fields: list[str] = []
    for part in _with_content([part for part in parts if not part.is_left_out]):
        text = part.text or part.note
        if part.style == SectionStyle.FIELD:
            fields.append(f"- **{part.title}**: {' '.join(text.split())}")
            continue
        _put_fields(blocks, fields)
        if has_dividers and part.style == SectionStyle.CHAPTER and blocks:
            blocks.append("---")
        heading = f"{LEVELS[SectionStyle(part.style)]} {part.title}"
        is_airy = has_dividers and part.style == SectionStyle.CHAPTER
        blocks.append(heading + (("\n\n" if is_airy else "\n") + text if text else ""))
    _put_fields(blocks, fields)
    if footer:
        blocks += ["---", footer] if has_dividers else [footer]
    return "\n\n".join(blocks) + "\n"


def _put_fields(blocks: list[str], fields: list[str]) -> None:
    """Append fields directly below their heading."""
    if not fields:
        return
    text = "\n".join(fields)
    fields.clear()
    if blocks and blocks[-1].startswith("#") and "\n" not in blocks[-1]:
        blocks[-1] += f"\n{text}"
    else:
        blocks.append(text)


def _with_content(parts: list[Part]) -> list[Part]:
    """Parts without empty headings."""
    result: list[Part] = []
    for part in reversed(parts):
        if part.has_text or _has_below(part, result):
            result.append(part)
    return result[::-1]


def _has_below(heading: Part, later: list[Part]) -> bool:
    nearest = later[-1] if later else None
    if nearest is None or nearest.style == SectionStyle.CHAPTER:
        return False
    return heading.style == SectionStyle.CHAPTER or nearest.style == SectionStyle.FIELD
