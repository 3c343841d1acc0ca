"""`tocsin attachments add` and `get`: pictures of an incident."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli import frame
from tocsin.cli.completing import Reference
from tocsin.client import path_of


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Pictures of an incident.", no_args_is_help=True)
    group.command("add")(add)
    group.command("get")(get)
    app.add_typer(group, name="attachments")


def add(reference: Reference, file: Annotated[Path, typer.Argument(help="PNG, JPEG, GIF or WebP.")]) -> None:
    """Attach a picture; the same one is stored once."""
    made = frame.client().upload(path_of("incidents", reference, "attachments"), file.name, file.read_bytes())
    if frame.is_quiet() or frame.output_format() != "table":
        frame.put_object(made)
    else:
        frame.put(f"Attachment {made['id']} added")


def get(
    attachment_id: int, output: Annotated[Path, typer.Option(help="Where the picture is written.")]
) -> None:
    """Write a picture to a file."""
    output.write_bytes(frame.client().send("GET", path_of("attachments", attachment_id)).content)
    frame.say(f"Written to {output}")
