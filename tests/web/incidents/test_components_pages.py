"""The catalogue through Django's test client: permissions, refusals with input, stale forms, queries."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from incidents.components.services.editing import create_component, edit_component
from incidents.correlation.services.opening import declare_incident
from incidents.models import Component
from incidents.sla.services.clocks import seed_policies

BACKEND = "django.contrib.auth.backends.ModelBackend"
FORM = {"description": "", "owner": "", "tier": "3", "runbook_url": "", "depends_on": ""}
HTMX = {"HX-Request": "true"}


def client_of(actor):
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id), backend=BACKEND)
    return client


@pytest.fixture
def keeper(make_actor):
    return make_actor("manager", username="mona.manager")


@pytest.fixture
def client(keeper):
    return client_of(keeper)


@pytest.fixture
def api(keeper):
    return create_component(keeper, name="api")


def test_component_is_added_and_shown(client, workspace):
    response = client.post("/components/new", FORM | {"name": "checkout/v2", "tier": "1"})
    made = Component.objects.of(workspace.pk).get()
    assert (response.status_code, response["Location"]) == (303, f"/components/{made.pk}")
    assert b"checkout/v2" in client.get(f"/components/{made.pk}").content
    assert client.get("/components/checkout%2Fv2")["Location"] == f"/components/{made.pk}"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "required"),
        ({"name": "api"}, "Is used by another component"),
        ({"name": "x" * 201}, "at most 200"),
        ({"name": "new", "tier": "9"}, "Select a valid choice"),
        ({"name": "new", "owner": "nobody.here"}, "Select a valid choice"),
        ({"name": "new", "runbook_url": "javascript:alert(1)"}, "Must be a web address"),
        ({"name": "new", "runbook_url": "https://user:secret@wiki.test/"}, "Must not contain a user name"),
        ({"name": "new", "depends_on": "no such thing"}, "names no such thing, which is no component here"),
    ],
)
def test_fault_is_named_and_the_input_preserved(client, api, workspace, changed, words):
    response = client.post("/components/new", FORM | {"description": "my own words"} | changed)
    text = response.content.decode()
    assert response.status_code == 422
    assert words.casefold() in text.casefold()
    assert "my own words" in text
    assert Component.objects.of(workspace.pk).count() == 1


def test_dependency_cycle_is_refused_with_its_path(client, keeper, api):
    db = create_component(keeper, name="db", wanted={"depends_on": ["api"]})
    response = client.post(f"/components/{api.pk}/edit", FORM | {"depends_on": "db", "version": "1"})
    assert response.status_code == 422
    assert "api → db → api" in response.content.decode()
    assert list(db.depends_on.values_list("name", flat=True)) == ["api"]


def test_stale_form_is_refused_with_its_input_preserved_and_accepted_when_sent_again(client, keeper, api):
    edit_component(keeper, component_id=api.pk, wanted={"tier": 2})
    stale = FORM | {"description": "mine", "version": "1"}
    response = client.post(f"/components/{api.pk}/edit", stale)
    assert response.status_code == 409
    assert "mine" in response.content.decode()
    assert 'name="version" value="2"' in response.content.decode()
    assert client.post(f"/components/{api.pk}/edit", stale | {"version": "2"}).status_code == 303


def test_form_returns_204_to_htmx_and_a_refusal_stays_in_the_dialog(client, api):
    good = client.post(f"/components/{api.pk}/edit", FORM | {"tier": "1", "version": "1"}, headers=HTMX)
    assert good.status_code == 204
    bad = client.post(f"/components/{api.pk}/edit", FORM | {"tier": "7"}, headers=HTMX)
    assert (bad.status_code, bad["HX-Retarget"]) == (422, "#dialog-body")


def test_archived_component_leaves_the_list_and_comes_back(client, api, workspace):
    client.post(f"/components/{api.pk}/archive")
    assert b"No components yet" in client.get("/components").content
    assert b">api</a>" in client.get("/components?archived=yes").content
    client.post(f"/components/{api.pk}/archive", {"archived": "no"})
    assert b">api</a>" in client.get("/components").content
    audited = AuditEntry.objects.of(workspace.pk).filter(object_type="component").order_by("id")
    actions = list(audited.values_list("action", flat=True))
    assert actions == ["component.create", "component.archive", "component.restore"]


@pytest.mark.parametrize("role", ["viewer", "responder"])
def test_viewer_of_the_catalogue_sees_no_buttons_and_is_refused(make_actor, api, role):
    client = client_of(make_actor(role))
    page = client.get(f"/components/{api.pk}").content.decode()
    assert "Archive" not in page
    for path in ("new", f"{api.pk}/edit"):
        assert client.get(f"/components/{path}").status_code == 403
        assert client.post(f"/components/{path}", FORM).status_code == 403
    assert client.post(f"/components/{api.pk}/archive").status_code == 403


@pytest.mark.parametrize(
    "query", ["health=purple", "tier=0", "tier=٣", "tier=x", "archived=perhaps", "cursor=%21", "cursor=eA"]
)
def test_filter_that_means_nothing_is_a_refusal_that_names_it(client, query):
    path = "/panels/components.list" if query.startswith("cursor") else "/components"
    response = client.get(f"{path}?{query}")
    assert response.status_code == 422
    assert query.partition("=")[0].encode() in response.content


@pytest.mark.parametrize("key", ["", "x", "0", "-1", "9" * 30, "٣"])
def test_panel_of_no_component_is_not_there(client, key):
    assert client.get("/panels/component.header", {"key": key}).status_code == 404


def test_empty_pages_show_what_to_do(client):
    assert b"No components yet" in client.get("/components").content
    assert b"No matches" in client.get("/components?search=x").content
    assert b"No activity yet" in client.get("/activity").content


def test_more_components_and_incidents_cost_no_more_queries(
    client, keeper, workspace, django_assert_max_num_queries
):
    seed_policies(workspace.pk)
    names = [f"part-{n}" for n in range(12)]
    for name in names:
        create_component(keeper, name=name, wanted={"owner": "mona.manager"})
    hub = create_component(keeper, name="hub", wanted={"depends_on": names})
    for number in range(12):
        declare_incident(keeper, title=f"Trouble {number}", components=["hub", *names[:number]])
    for path, most in (("/", 28), ("/components", 10), (f"/components/{hub.pk}", 23), ("/activity", 8)):
        with django_assert_max_num_queries(most):
            assert client.get(path).status_code == 200


def test_activity_page_goes_on_where_the_one_before_ended(client, keeper, workspace):
    seed_policies(workspace.pk)
    for number in range(60):
        declare_incident(keeper, title=f"Trouble {number}")
    first = client.get("/activity").content.decode()
    link = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = client.get(f"/activity{link}").content.decode()
    assert (first.count("INC-"), second.count("INC-")) >= (50, 10)
    assert "Trouble 59" in first
    assert "Trouble 9<" not in first
    assert "Trouble 0" in second
    assert client.get("/activity?kind=gossip").status_code == 422
