"""Pictures of incidents: cleaning, storing, serving, refusing."""

from __future__ import annotations

import contextlib
import struct

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.errors import Invalid, NotFound
from core.storage.client import bucket
from incidents.attachments.images import cleaned
from incidents.attachments.models import Attachment
from incidents.attachments.picture import NotAPictureError
from incidents.attachments.services import remove_attachment, store_attachment
from incidents.correlation.services.opening import declare_incident
from incidents.timeline.services.notes import add_note
from tests.incidents.attachments.pictures import (
    SECRET,
    block,
    gif,
    gif_frame,
    jpeg,
    png,
    segment,
    webp,
    webp_moving,
)
from tests.web.signed_in import browser_for

PICTURES = {
    "png": (png(2, 1, block(b"tEXt", b"Comment\0" + SECRET)), "image/png", (2, 1)),
    "jpeg": (jpeg(), "image/jpeg", (3, 2)),
    "gif": (gif(), "image/gif", (1, 1)),
    "webp": (webp(), "image/webp", (1, 1)),
}
PAGE = b"<script>alert(1)</script>"
HOSTILE = {
    "html": PAGE,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "gif_and_script": b"GIF89a=1;alert(1)//",
    "png_cut": png()[:40],
    "png_damaged": png().replace(b"IDAT", b"IDAZ"),
    "png_bomb": png(60_000, 60_000),
    "png_bomb_behind_a_text": png().replace(
        png()[8:33], block(b"tEXt", b"\0\0\0\1" * 2) + png(60_000, 60_000)[8:33]
    ),
    "png_two_headers": png(1, 1, png(60_000, 60_000)[8:33]),
    "png_frame_bomb": png(1, 1, block(b"fcTL", struct.pack(">IIIII", 0, 60_000, 60_000, 0, 0) + b"\0" * 6)),
    "jpeg_two_sizes": jpeg().replace(
        b"\xff\xda", segment(0xC0, b"\x08\xea\x60\xea\x60\1\1\x11\0") + b"\xff\xda"
    ),
    "jpeg_size_behind_a_scan": jpeg()[:-2] + segment(0xC1, b"\x08\xea\x60\xea\x60\1\1\x11\0") + b"\xff\xd9",
    "gif_frame_bomb": gif()[:-1] + gif_frame(65_535, 65_535) + b"\x3b",
    "gif_frames_bomb": gif()[:-1] + gif_frame(7000, 7000) * 30 + b"\x3b",
    "webp_frame_bomb": webp_moving(65_535, 65_535),
    "jpeg_cut": jpeg()[:-2],
    "jpeg_no_frame": b"\xff\xd8\xff\xda\0\x02\xff\xd9",
    "webp_cut": webp()[:-9],
    "empty_gif": b"GIF89a",
    "riff_sound": b"RIFF\x04\0\0\0WAVE",
    "zip": b"PK\x03\x04" + b"\0" * 60,
}


@pytest.mark.parametrize("kind", sorted(PICTURES))
def test_cleaning_removes_everything_but_the_picture(kind):
    body, content_type, size = PICTURES[kind]
    picture = cleaned(body + PAGE)
    assert (picture.content_type, (picture.width, picture.height)) == (content_type, size)
    assert SECRET not in picture.body
    assert PAGE not in picture.body
    assert cleaned(picture.body).body == picture.body


@pytest.mark.parametrize(
    "body",
    [
        png()[:-12] + block(b"IEND", SECRET),
        jpeg().replace(segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), segment(0xE0, b"JFXX\0\x10" + SECRET)),
        jpeg()[:-2] + segment(0xFE, SECRET) + segment(0xE1, b"Exif\0\0" + SECRET) + b"\xff\xd9",
        webp_moving(1, 1),
    ],
    ids=["png end", "jpeg thumbnail", "jpeg between scans", "webp frame"],
)
def test_nothing_is_hidden_in_the_blocks_of_a_picture(body):
    assert SECRET in body
    assert SECRET not in cleaned(body).body


def test_cleaning_preserves_the_orientation():
    assert b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06" in cleaned(jpeg(6)).body
    assert b"Exif" not in cleaned(jpeg(1)).body


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_cleaning_refuses_what_is_no_picture(kind):
    with pytest.raises(NotAPictureError):
        cleaned(HOSTILE[kind])


@pytest.mark.parametrize("kind", sorted(PICTURES))
def test_cleaning_any_cut_is_refused_or_a_picture(kind):
    body = PICTURES[kind][0]
    for end in range(len(body)):
        with contextlib.suppress(NotAPictureError):
            assert cleaned(body[:end]).width


@pytest.fixture
def incident(workspace, actor, storage):
    return declare_incident(actor, title="Pictures")


@pytest.mark.django_db
def test_attachment_is_stored_once_and_served_safely(actor, incident):
    body = PICTURES["png"][0]
    made = store_attachment(actor, 1, name="../a](javascript:x)<b>.html", body=body)
    assert store_attachment(actor, 1, name="again.png", body=body).pk == made.pk
    assert made.markdown == f"![a javascript x b .html](/attachments/{made.pk})"
    response = browser_for(actor).get(made.path)
    assert response.content == cleaned(body).body
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Content-Disposition"].startswith('inline; filename="attachment-')


@pytest.mark.django_db
def test_attachment_of_another_workspace_is_not_found(actor, incident, other_workspace, make_actor):
    other_actor = make_actor("admin", inside=other_workspace)
    made = store_attachment(actor, 1, name="a.png", body=png())
    assert browser_for(other_actor).get(made.path).status_code == 404
    with pytest.raises(NotFound):
        remove_attachment(other_actor, made.pk)
    assert Client().get(made.path).status_code in (302, 303)


@pytest.mark.django_db
def test_upload_by_form_and_by_script(actor, incident):
    browser = browser_for(actor)
    form = browser.post(
        "/incidents/INC-1/attachments",
        {"file": SimpleUploadedFile("a.png", png())},
        headers={"Accept": "text/html"},
    )
    assert (form.status_code, form["Location"]) == (303, "/incidents/INC-1")
    response = browser.post(
        "/incidents/INC-1/attachments",
        {"file": SimpleUploadedFile("b.gif", gif(), content_type="text/html")},
        headers={"Accept": "application/json"},
    )
    assert response.status_code == 201
    assert response.json()["content_type"] == "image/gif"
    add_note(
        actor, number=1, message=f"See {response.json()['markdown']} and ![x](https://evil.example/x.png)"
    )
    page = browser.get("/incidents/INC-1").content.decode()
    assert f'<img src="{response.json()["path"]}"' in page
    assert 'src="https://evil' not in page


@pytest.mark.django_db
def test_api_attaches_lists_reads_and_removes(actor, incident):
    browser = browser_for(actor)
    made = browser.post("/api/v1/incidents/INC-1/attachments", {"file": SimpleUploadedFile("a.webp", webp())})
    assert made.status_code == 201, made.content
    listed = browser.get("/api/v1/incidents/INC-1/attachments").json()
    assert [one["id"] for one in listed] == [made.json()["id"]]
    address = f"/api/v1/attachments/{made.json()['id']}"
    assert browser.get(address)["Content-Type"] == "image/webp"
    assert browser.delete(address).status_code == 204
    assert browser.get(address).status_code == 404
    assert Attachment.objects.of(actor.workspace_id).count() == 0
    assert not list(bucket().keys(f"attachments/{actor.workspace_id}/{incident.pk}/"))


@pytest.mark.django_db
@pytest.mark.parametrize("rule", ["required", "picture", "max_bytes"])
def test_attachment_refusal_names_the_rule(actor, incident, rule):
    body = {"required": b"", "picture": PAGE, "max_bytes": b"x" * 10_000_001}[rule]
    with pytest.raises(Invalid) as caught:
        store_attachment(actor, 1, name="a.png", body=body)
    assert [(one.field, one.rule) for one in caught.value.faults] == [("file", rule)]
