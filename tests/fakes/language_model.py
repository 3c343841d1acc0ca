"""A language model behind an OpenAI-compatible API on a loopback socket.

It checks what a real server checks (path, key, JSON, messages, the schema's form) with the errors of the
real one, and misbehaves on demand: slow, broken JSON, 429, 500, a refusal, a cut response, injected orders.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.receiver import Received, Receiver, Reply, running

GOOD = {"category": "database_issue", "summary": "The pool of orders is used up.", "ranking": [2, 1]}


@dataclass
class LanguageModel:
    """`content` makes the text of the next responses; `status` an error instead; `delay_s` waits first."""

    key: str = "sk-test"
    content: Callable[[dict[str, Any]], str] = field(default=lambda body: json.dumps(GOOD))
    status: int = 200
    retry_after: str = ""
    finish_reason: str = "stop"
    refusal: str | None = None
    raw: bytes | None = None
    delay_s: float = 0.0
    sent: list[str] = field(default_factory=list)
    url: str = ""

    def respond(self, received: Received) -> Reply:
        """The reply to one request."""
        self.sent.append(received.body.decode())
        time.sleep(self.delay_s)
        if received.path != "/v1/chat/completions" or received.method != "POST":
            return _error(404, "invalid_request_error", f"Invalid URL ({received.method} {received.path})")
        if received.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "invalid_request_error", "Incorrect API key provided", "invalid_api_key")
        if self.status != 200:
            kind = "requests" if self.status == 429 else "server_error"
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return _error(self.status, kind, "Rate limit reached" if headers else "The server had an error",
                          headers=headers)  # fmt: skip
        return Reply(200, self.raw) if self.raw is not None else self._completion(received)

    def _completion(self, received: Received) -> Reply:
        try:
            body = received.json()
        except ValueError:
            return _error(400, "invalid_request_error", "We could not parse the JSON body of your request")
        if fault := _fault(body):
            return _error(400, "invalid_request_error", fault)
        content = None if self.refusal else self.content(body)
        message = {"role": "assistant", "content": content, "refusal": self.refusal}
        whole = {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1_760_000_000, "model": body["model"],
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
            ],
            "usage": {"prompt_tokens": 900, "completion_tokens": 80, "total_tokens": 980},
        }  # fmt: skip
        return Reply(200, json.dumps(whole).encode(), {"Content-Type": "application/json"})


def _fault(body: dict[str, Any]) -> str:
    """What a real server refuses; "" for nothing."""
    messages = body.get("messages")
    if not body.get("model") or not messages:
        return "you must provide a model and messages parameter"
    if any(set(one) != {"role", "content"} for one in messages):
        return "Invalid value for messages"
    wanted = body.get("response_format", {}).get("json_schema", {})
    schema = wanted.get("schema", {})
    if not wanted.get("name") or schema.get("additionalProperties") is not False:
        return "Invalid schema for response_format: 'additionalProperties' is required to be false"
    if set(schema["required"]) != set(schema["properties"]):
        return "Invalid schema for response_format: 'required' must include every key in properties"
    return ""


def _error(
    status: int, kind: str, message: str, code: str | None = None, headers: dict[str, str] | None = None
) -> Reply:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


@contextmanager
def language_model() -> Iterator[LanguageModel]:
    """Serve until the block ends."""
    model = LanguageModel()
    with running(Receiver(model.respond)) as receiver:
        model.url = f"{receiver.url}/v1"
        yield model
