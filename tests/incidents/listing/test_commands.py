"""Commands of the palette for one incident."""

from __future__ import annotations

import pytest

from incidents.listing.commands import Command, parse_command


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sev1 INC-39", Command(39, severity="sev1")),
        ("INC-39 SEV1", Command(39, severity="sev1")),
        ("@maya lead inc-39", Command(39, person="maya", role="lead")),
        ("resolve 39", Command(39, verb="resolve")),
        ("sev1", None),
        ("INC-39", None),
        ("resolve the checkout 39", None),
        ("", None),
    ],
)
def test_command_is_read_in_any_order_and_nothing_else_is_one(text, expected):
    assert parse_command(text) == expected
