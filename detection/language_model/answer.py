"""Schema and validation of a language model's response about an incident. Pure."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from incidents.analysis.draft import MAX_MODEL_SUMMARY_CHARS
from incidents.vocabulary import Category

MAX_RANKED: Final = 20
# control and format characters, such as bidirectional overrides
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co"})


class InvalidResponseError(ValueError):
    """The model's text does not follow the schema."""


class ModelResponse(BaseModel):
    """A category of the list, a summary, and numbers of the actions it was shown. Nothing else is used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: Category
    summary: Annotated[str, Field(min_length=1, max_length=MAX_MODEL_SUMMARY_CHARS)]
    ranking: Annotated[list[int], Field(max_length=MAX_RANKED)]


def parse_response(text: str, actions: int) -> ModelResponse:
    """Parse a model's text. Raises InvalidResponseError: no JSON, another schema, an unknown action."""
    try:
        found = ModelResponse.model_validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise InvalidResponseError(f"{where}: {first['msg'][:200]}") from None
    if len(set(found.ranking)) != len(found.ranking) or not all(0 < n <= actions for n in found.ranking):
        raise InvalidResponseError(f"ranking: must name each of the {actions} actions at most once")
    summary = plain(found.summary)
    if not summary:
        raise InvalidResponseError("summary: holds no readable text")
    return found.model_copy(update={"summary": summary})


def plain(text: str) -> str:
    """Return the text as one line without control and format characters."""
    spaced = " ".join(text.split())
    return "".join(char for char in spaced if unicodedata.category(char) not in _UNSEEN).strip()


def content_of(reply: Any) -> str:
    """Return the text of a chat completion. Raises InvalidResponseError if there is none (a refusal)."""
    try:
        choice = reply["choices"][0]
        content = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise InvalidResponseError("the reply holds no choices[0].message.content") from None
    if not isinstance(content, str) or not content:
        raise InvalidResponseError("the model refused or wrote nothing")
    if choice.get("finish_reason") == "length":
        raise InvalidResponseError("the response was cut off at its length limit")
    return content
