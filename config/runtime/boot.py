"""Sets up Django on import, for entry points whose imports need models. Import it first."""

from __future__ import annotations

import os
from typing import Final

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class Application(ASGIHandler):
    """Django behind ASGI, with middleware and view in one piece on one thread.

    Nothing of ours is asynchronous there, so Django's own would send each request from the thread back to
    the loop between middleware and view: twice the hops, a fifth of a page's time.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """The chain that `get_response` runs."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """What Django answers, from a thread that is this request's own."""
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)
django_application: Final = Application()
