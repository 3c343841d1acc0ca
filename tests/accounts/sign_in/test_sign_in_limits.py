"""Wrong passwords are counted per account, and a sign-in leads only to this host."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.sign_in.limits import PER_NAME
from core.http.csv_stream import csv_lines
from incidents.export import tables
from tocsin.cli import frame

pytestmark = pytest.mark.django_db
PASSWORD = "twelve blue lanterns"


def test_tries_are_counted_per_account_whichever_name_was_typed(make_user):
    make_user("dana", email="dana@example.test", password=PASSWORD)
    names = ["dana", "DANA", "dana@example.test", "Dana@Example.Test"]
    for number in range(PER_NAME):
        Client().post("/sign-in", {"login": names[number % len(names)], "password": "wrong"})
    response = Client().post("/sign-in", {"login": "dana@example.test", "password": PASSWORD})
    assert response.status_code == 422
    assert "Too many attempts" in response.content.decode()


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "http://localhost/x",
        "http://127.0.0.1/",
        "javascript:alert(1)",
    ],
)
def test_sign_in_leads_only_to_this_host(make_user, target):
    make_user("dana", password=PASSWORD)
    response = Client().post(
        f"/sign-in?next={target}", {"login": "dana", "password": PASSWORD, "next": target}
    )
    assert response.status_code == 302
    assert response["Location"] == "/"


def test_sign_in_redirects_only_to_this_host(make_user):
    make_user("dana", password=PASSWORD)
    response = Client().post("/sign-in", {"login": "dana", "password": PASSWORD, "next": "/rules?x=1"})
    assert response["Location"] == "/rules?x=1"


@pytest.mark.parametrize(
    "cell", ["=1", "\u22121", "\ufeff=1", '"=1"', "'=1", " =1", "\uff1d1", "\n=1", "\ufeffx"]
)
def test_cells_that_a_spreadsheet_would_run_get_an_apostrophe(cell):
    assert csv_lines([[cell]]).lstrip('"').startswith("'")
    assert (tables.cell(cell), frame._csv_cell(cell)) == (f"'{cell}", f"'{cell}")


@pytest.mark.parametrize("cell", ["a=1", "plain", '"quoted"', "3 - 1", ""])
def test_other_cells_stay(cell):
    assert "'" not in csv_lines([["x", cell]])
