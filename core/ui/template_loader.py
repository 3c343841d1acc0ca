"""Template loader that removes the indentation of our templates from the output."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from django.template import Origin
from django_cotton.cotton_loader import Loader as CottonLoader

_VERBATIM: Final = re.compile(r"(<pre\b.*?</pre>|<textarea\b.*?</textarea>)", re.DOTALL)
_BEFORE_END_OF_TAG: Final = re.compile(r"\s*\n\s*(?=/?>)")
_LINE_BREAK: Final = re.compile(r"\s*\n\s*")
_BEFORE_DOCTYPE: Final = re.compile(r"\s+(?=<!DOCTYPE)")
# Block elements: a browser shows no space at either end of them.
_BLOCK: Final = r"(?:button|caption|dd|div|dt|h[1-6]|legend|li|option|p|summary|td|th)"
_ATTRIBUTES: Final = r"(?:\{%.*?%\}|\{\{.*?\}\}|\"[^\"]*\"|\{(?![%{])|[^<>\"{])*"
_AFTER_START: Final = re.compile(rf"(<{_BLOCK}\b{_ATTRIBUTES}>) ")
_BEFORE_END: Final = re.compile(rf" (?=</{_BLOCK}>)")


def without_indentation(source: str) -> str:
    """Collapse each line break with the space around it to one space, or none where a browser shows none.

    <pre> and <textarea> stay as they are.
    """
    parts = _VERBATIM.split(source)
    parts[::2] = [_compact(part) for part in parts[::2]]
    return "".join(parts)


def _compact(part: str) -> str:
    part = _LINE_BREAK.sub(" ", _BEFORE_END_OF_TAG.sub("", _BEFORE_DOCTYPE.sub("", part)))
    return _BEFORE_END.sub("", _AFTER_START.sub(r"\1", part))


class Loader(CottonLoader):
    """django-cotton's loader. Templates of libraries and text templates are left as they are."""

    def get_contents(self, origin: Origin) -> str:
        """Return the source of a template, its components compiled."""
        contents = str(super().get_contents(origin))
        is_ours = origin.name.endswith(".html") and any(
            Path(origin.name).is_relative_to(folder) for folder in self.engine.dirs
        )
        return without_indentation(contents) if is_ours else contents
