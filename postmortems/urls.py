"""URLs of postmortems, action items, lessons and templates."""

from __future__ import annotations

from django.urls import path

from postmortems.action_items import views as items
from postmortems.documents import views as documents
from postmortems.export import views as export
from postmortems.learning import views as learning
from postmortems.review import views as review
from postmortems.template_library import views as templates
from postmortems.trackers import views as trackers

app_name = "postmortems"
ONE = "postmortems/<str:reference>"
urlpatterns = [
    path("postmortems", documents.index, name="list"),
    path(ONE, documents.detail, name="detail"),
    path(f"{ONE}/draft", documents.draft, name="draft"),
    path(f"{ONE}/preview", documents.preview, name="preview"),
    path(f"{ONE}/sections/<str:key>", documents.section, name="section"),
    path(f"{ONE}/comments", documents.comment, name="comment"),
    path(f"{ONE}/comments/<int:comment_id>/resolve", documents.resolve, name="resolve_comment"),
    path(f"{ONE}/versions", documents.versions, name="versions"),
    path(f"{ONE}/versions/<int:number>", documents.version, name="version"),
    path(f"{ONE}/versions/<int:number>/restore", documents.restore, name="restore"),
    path(f"{ONE}/state/<slug:verb>", review.move, name="move"),
    path(f"{ONE}/decide", review.decide, name="decide"),
    path(f"{ONE}/waive", review.waive, name="waive"),
    path(f"{ONE}/settings", review.settings, name="settings"),
    path(f"{ONE}/export", export.export, name="export"),
    path(f"{ONE}/five-whys", learning.five_whys_page, name="five_whys"),
    path(f"{ONE}/five-whys/<int:node_id>", learning.why, name="why"),
    path(f"{ONE}/lessons", learning.add, name="lesson_new"),
    path("public/postmortems/<str:key>", review.public, name="public"),
    path("lessons", learning.lessons, name="lessons"),
    path("lessons/<int:lesson_id>/remove", learning.remove, name="lesson_remove"),
    path("action-items", items.index, name="items"),
    path("action-items/new", items.new, name="item_new"),
    path("action-items/bulk", items.bulk, name="item_bulk"),
    path("action-items/export.csv", items.as_csv, name="items_csv"),
    path("action-items/<str:item>", items.detail, name="item"),
    path("settings/trackers", trackers.index, name="trackers"),
    path("settings/trackers/<int:tracker_id>/delete", trackers.delete, name="tracker_delete"),
    path("trackers/<str:key>", trackers.receive, name="tracker"),
    path("settings/postmortems", templates.index, name="templates"),
    path("settings/postmortems/<int:template_id>", templates.edit, name="template"),
    path("settings/postmortems/<int:template_id>/copy", templates.copy, name="template_copy"),
    path("settings/postmortems/<int:template_id>/archive", templates.archive, name="template_archive"),
]
