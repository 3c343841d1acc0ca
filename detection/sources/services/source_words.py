"""Unknown words of a source's senders: counted, and shown on the source's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import F

from detection.models import Source, SourceWord
from detection.webhooks.own_words import UnknownWord

MAX_WORDS: Final = 100


def note_words(source: Source, words: Sequence[UnknownWord], at: datetime) -> None:
    """Count each word once for this request; a source stores its first 100.

    Without unknown words it costs nothing.
    """
    if not words:
        return
    rows = SourceWord.objects.of(source.workspace_id).filter(source=source)
    for kind, word, taken_as in words[:MAX_WORDS]:
        again = rows.filter(kind=kind, word=word).update(times=F("times") + 1, taken_as=taken_as, last_at=at)
        if not again and rows.count() < MAX_WORDS:
            row = SourceWord(
                workspace_id=source.workspace_id,
                source=source,
                kind=kind,
                word=word,
                taken_as=taken_as,
                last_at=at,
            )
            SourceWord.objects.bulk_create([row], ignore_conflicts=True)
