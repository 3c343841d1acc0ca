"""Parses form-encoded and multipart bodies, bounded. Pure."""

from __future__ import annotations

import io
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

import orjson
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from core.errors import FieldFault, Invalid, Malformed
from core.http.strict_json import load
from detection.webhooks.http.request import WebhookRequest

MAX_FIELDS: Final = 200
WRAPPERS: Final = ("data", "payload", "json", "body")
MULTIPART: Final = "multipart/form-data"
URLENCODED: Final = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


class _NoFiles(FileUploadHandler):
    """Upload handler that ignores files."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None


def form_values(request: WebhookRequest) -> Any:
    """Return the fields of a form as an object; fields that contain a JSON object or list are parsed.

    A form with one field called data, payload, json or body that contains JSON is that JSON. Raises Malformed
    and Invalid.
    """
    pairs = _multipart(request) if request.content_type == MULTIPART else _urlencoded(request)
    if not pairs:
        raise Invalid("The form has no field.", faults=[FieldFault("", "required", "has no field")])
    if len(pairs) > MAX_FIELDS:
        raise Invalid(f"The form has more than {MAX_FIELDS} fields.")
    values = {name: _value(text) for name, text in pairs}
    name, only = next(iter(values.items()))
    is_wrapped = len(values) == 1 and name in WRAPPERS and isinstance(only, dict | list)
    # Encoded as JSON again, so that the same characters are refused as everywhere.
    return load(orjson.dumps(only if is_wrapped else values))


def _urlencoded(request: WebhookRequest) -> Pairs:
    try:
        return parse_qsl(request.text(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise Malformed("The form is not text in UTF-8.") from None
    except ValueError:
        raise Invalid(f"The form has more than {MAX_FIELDS} fields.") from None


def _multipart(request: WebhookRequest) -> Pairs:
    meta = {"CONTENT_TYPE": request.headers.get("content-type", ""), "CONTENT_LENGTH": len(request.body)}
    try:
        fields, _ = MultiPartParser(meta, io.BytesIO(request.body), [_NoFiles()], "utf-8").parse()
    except (MultiPartParserError, SuspiciousOperation):
        raise Malformed("The multipart form cannot be read.") from None
    return [(str(name), str(text)) for name, text in fields.items()]


def _value(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return load(text.encode("utf-8", "surrogatepass"))
    except (Malformed, Invalid):
        return text
