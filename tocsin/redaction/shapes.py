"""Forms of secrets in text: one `Shape` each.

A shape begins at one of its marks, fixed strings that are quickly found, and is tried nowhere else.
"""

from __future__ import annotations

from typing import Final

from tocsin.redaction.addresses import ADDRESSES
from tocsin.redaction.commands import COMMANDS
from tocsin.redaction.formats import FORMATS
from tocsin.redaction.issuers import ISSUED
from tocsin.redaction.named import NAMED
from tocsin.redaction.shape import Shape

# Of two at one position the earlier goes first.
SHAPES: Final[tuple[Shape, ...]] = (*ISSUED, *FORMATS, *ADDRESSES, *NAMED, *COMMANDS)

# Rules so precise that one match is a leak; others may match harmless words.
CERTAIN: Final = frozenset(shape.name for shape in ISSUED) | {
    "private key of PuTTY",
    "password in an address",
}
