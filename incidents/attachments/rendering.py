"""An attachment as JSON."""

from __future__ import annotations

from typing import Any

from incidents.attachments.models import Attachment


def attachment_json(one: Attachment) -> dict[str, Any]:
    """Return an attachment as the API shows it."""
    return {
        "id": one.pk,
        "name": one.name,
        "content_type": one.content_type,
        "size": one.size,
        "width": one.width,
        "height": one.height,
        "sha256": one.sha256,
        "path": one.path,
        "markdown": one.markdown,
        "uploaded_by": one.uploaded_label,
        "uploaded_at": one.uploaded_at,
    }
