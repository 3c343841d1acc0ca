"""Commands for single API calls: a row of `operations/` and the command built from it."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from tocsin.cli import frame
from tocsin.cli.completing import incident_ids
from tocsin.cli.words import listed, moment, pairs
from tocsin.client import path_of
from tocsin.problems import BadUsageError

DEFAULT_LIMIT: Final = 50
Kind = Literal["text", "number", "switch", "words", "pairs", "moment", "file"]
_TYPES: Final[Mapping[Kind, Any]] = {
    "text": str,
    "number": int | None,
    "switch": bool | None,
    "words": list[str] | None,
    "pairs": list[str] | None,
    "moment": str,
    "file": str,
}
_PLACE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Field:
    """A field of the request: an argument if `flag` is empty, else a flag."""

    name: str
    kind: Kind = "text"
    flag: str = ""
    help: str = ""
    is_required: bool = False
    is_query: bool = False

    @property
    def parameter(self) -> str:
        return f"given_{self.name}"


@dataclass(frozen=True)
class Operation:
    """One command and the API operation that it calls."""

    command: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    help: str
    fields: tuple[Field, ...] = ()
    columns: frame.Columns | None = None  # a list; without them, one object
    id_field: str = "id"
    done: str = ""  # printed after a change; {names} are those of the path and of the response
    empty: str = "Nothing found."
    is_paged: bool = False
    rows: str = ""  # the field of the response that holds the list
    is_repeatable: bool = False  # a POST that supports Idempotency-Key

    @property
    def places(self) -> list[str]:
        return _PLACE.findall(self.path)


def argument(name: str, help: str = "", kind: Kind = "text") -> Field:
    """Return a positional field. Texts accept - for stdin."""
    return Field(name, kind, "", help, is_required=True)


def flag(name: str, help: str = "", kind: Kind = "text", *, flag: str = "", required: bool = False) -> Field:
    """Return a field for a flag of the same name, or `flag`."""
    return Field(name, kind, flag or f"--{name.replace('_', '-')}", help, is_required=required)


def query(name: str, help: str = "", kind: Kind = "text", *, flag: str = "") -> Field:
    """Return a flag for a query parameter."""
    return Field(name, kind, flag or f"--{name.replace('_', '-')}", help, is_query=True)


FILE: Final = Field("", "file", "--file", "JSON file with more fields, or - for stdin.")


def register(group: typer.Typer, operation: Operation) -> None:
    """Add the command of an operation to its group."""
    group.command(operation.command.split()[-1])(_command(operation))


def group_of(app: typer.Typer, operation: Operation, groups: Mapping[str, str]) -> typer.Typer:
    """Return the group of a command; missing groups are added."""
    for noun in operation.command.split()[:-1]:
        known = next((g.typer_instance for g in app.registered_groups if g.name == noun), None)
        if known is None:
            known = typer.Typer(help=groups[noun], no_args_is_help=True)
            app.add_typer(known, name=noun)
        app = known
    return app


def _command(operation: Operation) -> Callable[..., None]:
    """Return a function whose parameters are those of the path and the fields."""

    def run(**given: Any) -> None:
        _run(operation, given)

    parameters = [_parameter(f"at_{place}", str, _place_argument(place), ...) for place in operation.places]
    parameters += [_field_parameter(field) for field in operation.fields]
    if operation.is_paged:
        option = typer.Option("--limit", min=1, help="Maximum number of results.")
        parameters.append(_parameter("limit", int, option, DEFAULT_LIMIT))
    parameters.sort(key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    vars(run)["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = operation.help
    run.__name__ = operation.command.replace(" ", "_").replace("-", "_")
    return run


def _place_argument(place: str) -> Any:
    offered = incident_ids if place == "reference" else None
    return typer.Argument(metavar=place.upper(), autocompletion=offered)


def _field_parameter(field: Field) -> inspect.Parameter:
    default: Any = ... if field.is_required else ("" if _TYPES[field.kind] is str else None)
    if not field.flag:
        info = typer.Argument(metavar=field.name.upper(), help=field.help)
        return _parameter(field.parameter, _TYPES[field.kind], info, default)
    names = [field.flag, field.flag.replace("--", "--no-", 1)] if field.kind == "switch" else [field.flag]
    repeat = {"words": " Repeatable, and with commas.", "pairs": " NAME=VALUE; repeatable."}
    text = (field.help + repeat.get(field.kind, "")).strip()
    return _parameter(field.parameter, _TYPES[field.kind], typer.Option("/".join(names), help=text), default)


def _parameter(name: str, type: Any, info: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is ... else default,
        annotation=Annotated[type, info],
    )


def _run(operation: Operation, given: Mapping[str, Any]) -> None:
    places = {place: str(given[f"at_{place}"]) for place in operation.places}
    path = path_of(*[places.get(part[1:-1], part) for part in operation.path.strip("/").split("/")])
    values = [(field, _value(field, given[field.parameter])) for field in operation.fields]
    in_address = operation.method == "GET"
    params = {f.name: v for f, v in values if (f.is_query or in_address) and v is not None}
    body: dict[str, Any] = {}
    for field, value in values:
        if value is not None and not field.is_query:
            body |= value if field.kind == "file" else {field.name: value}
    if operation.method == "PATCH" and not body:
        flags = ", ".join(field.flag for field in operation.fields if field.flag)
        raise BadUsageError(f"Nothing to change. Give one of: {flags}.")
    if in_address:
        _read(operation, path, params, given.get("limit"))
        return
    sent = body or None if operation.fields else None
    key = frame.new_key() if operation.is_repeatable else ""
    response = frame.client().request(operation.method, path, params=params, body=sent, key=key)
    _done(operation, response, places)


def _read(operation: Operation, path: str, params: dict[str, Any], limit: int | None) -> None:
    if operation.is_paged:
        response: Any = list(frame.client().pages(path, limit=limit, **params))
    else:
        response = frame.client().request("GET", path, params=params)
    if operation.rows and isinstance(response, Mapping) and frame.output_format() == "table":
        response = response[operation.rows]
    if operation.columns is not None and isinstance(response, list):
        frame.put_list(response, operation.columns, id_field=operation.id_field, empty=operation.empty)
    else:
        frame.put_object(response, id_field=operation.id_field)


def _done(operation: Operation, response: Any, places: Mapping[str, str]) -> None:
    if isinstance(response, list) and operation.columns is not None and not operation.done:
        frame.put_list(response, operation.columns, id_field=operation.id_field, empty=operation.empty)
    elif isinstance(response, Mapping) and (frame.is_quiet() or frame.output_format() != "table"):
        frame.put_object(response, id_field=operation.id_field)
    elif isinstance(response, list) and frame.output_format() != "table":
        frame.put_json(response)
    elif operation.done:
        named = {**places, **(response if isinstance(response, Mapping) else {})}
        text = operation.done.format_map({name: frame.cell(named, name) for name in named})
        frame.put(frame.safe(text))
    elif isinstance(response, Mapping):
        frame.put_object(response, id_field=operation.id_field)


def _value(field: Field, given: Any) -> Any:
    """Return a flag's value for the API; None if it was not given."""
    if given in (None, "", []):
        return None
    match field.kind:
        case "words":
            return listed(given) if not field.is_query else ",".join(listed(given))
        case "pairs":
            return pairs(given, field.flag)
        case "moment":
            return moment(given)
        case "file":
            return _object_of(given)
        case "text" if given == "-" and not field.flag:
            return sys.stdin.read()
    return given


def _object_of(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise BadUsageError(f"{name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadUsageError(f"{name} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise BadUsageError(f"{name} does not hold a JSON object.")
    return found
