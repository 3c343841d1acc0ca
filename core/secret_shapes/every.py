"""How secrets look in text: one `Shape` for each way.

A shape begins at one of its marks, fixed words that are quickly found, and is tried nowhere else.
"""

from __future__ import annotations

from typing import Final

from core.secret_shapes.addresses import ADDRESSES
from core.secret_shapes.commands import COMMANDS
from core.secret_shapes.issuers import ISSUED
from core.secret_shapes.named import NAMED
from core.secret_shapes.shape import Shape

# Of two at one place the earlier goes first.
SHAPES: Final[tuple[Shape, ...]] = (*ISSUED, *ADDRESSES, *NAMED, *COMMANDS)
