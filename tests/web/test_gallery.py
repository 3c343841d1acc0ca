"""The gallery of screenshots: every address in it exists, and error pages are shown as a whole."""

from __future__ import annotations

import re

import pytest
from django.urls import resolve

from scripts import gallery_albums, gallery_problems

NOWHERE = "/nowhere"
NAMED = [*gallery_albums.MORE.values(), *(path for path, _ in gallery_albums.OPENED.values())]


@pytest.mark.parametrize("path", sorted({*NAMED, *gallery_albums.LISTS} - {NOWHERE}))
def test_addresses_of_the_gallery_exist(path):
    known = dict.fromkeys(gallery_albums.FOUND, "1")
    assert resolve(path.format(**known).split("?")[0])


def test_every_error_page_shows_what_to_do(db, tmp_path):
    gallery_problems.write(tmp_path)
    pages = {path.stem: path.read_text() for path in tmp_path.iterdir()}
    assert len(pages) == 10
    for name, text in pages.items():
        assert name.split("-")[1] in text
        assert "What to do" in text, name
        assert re.search(r"<h1[^>]*>\w", text), name


def test_name_of_a_picture_names_its_page():
    names = [gallery_albums.shot("full-", path, path).name for path in gallery_albums.LISTS]
    assert len(set(names)) == len(names)
    assert {"full-home", "full-incidents-story", "full-view-mine"} <= set(names)
    assert all(re.fullmatch(r"[a-z0-9_-]+", name) for name in names)
