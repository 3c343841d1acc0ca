"""How secrets look in text: one `Shape` for each way.

A shape begins at one of its marks, fixed words that are quickly found, and is tried nowhere else.
"""

from __future__ import annotations

from typing import Final

from tocsin.redaction.addresses import ADDRESSES
from tocsin.redaction.commands import COMMANDS
from tocsin.redaction.formats import FORMATS
from tocsin.redaction.issuers import ISSUED
from tocsin.redaction.named import NAMED
from tocsin.redaction.shape import Shape

# Of two at one place the earlier goes first.
SHAPES: Final[tuple[Shape, ...]] = (*ISSUED, *FORMATS, *ADDRESSES, *NAMED, *COMMANDS)

# Rules that are wrong so seldom that one match is a leak; the rest may take harmless words for secrets.
CERTAIN: Final = frozenset(shape.name for shape in ISSUED) | {
    "private key of PuTTY",
    "password in an address",
}
