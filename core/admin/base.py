"""Base classes of the admin pages: bounded counts, mostly read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
    Pages = Paginator[Any]
    ListFilter = admin.SimpleListFilter
else:  # generic for the type checker only
    Admin = admin.ModelAdmin
    Pages = Paginator
    ListFilter = admin.SimpleListFilter

MAX_COUNTED: Final = 5000
PER_PAGE: Final = 50
NEWEST: Final = 20_000


class BoundedPaginator(Pages):
    """Counts to 5,000 and no further: a table of millions of rows costs what one of thousands does."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, 5,000 at most."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return int(rows.order_by()[:MAX_COUNTED].count())


class Quick(Admin):
    """Lists that stay quick: bounded counting, newest first by primary key.

    A list without `search_fields` or `list_filter` of its own searches the texts that it shows, in the newest
    rows, and filters by the shown columns whose values are known.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    show_facets = admin.ShowFacets.NEVER  # each would be counted to its end
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Its own; where that is none, or the key alone, the texts that the list shows as well."""
        own = tuple(self.search_fields)
        return own if set(own) - {"=id"} else (*own, *shown_texts(self))

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Its own, or the shown columns whose values are known."""
        return self.list_filter or known_columns(self)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Words, in the newest rows only where the list has no search of its own."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if search_term.strip() and not self.search_fields:
            found = in_newest(self.model, found)
        return found, may_repeat


def in_newest(model: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of `rows` that are among the newest 20,000 of their table."""
    oldest = model._base_manager.order_by("-pk").values_list("pk", flat=True)[NEWEST : NEWEST + 1].first()
    return rows if oldest is None else rows.filter(pk__gt=oldest)


def _shown(page: Quick) -> list[models.Field[Any, Any]]:
    fields = {field.name: field for field in page.opts.concrete_fields}
    return [fields[name] for name in page.list_display if isinstance(name, str) and name in fields]


def shown_texts(page: Quick) -> list[str]:
    """The columns of a list that hold free text."""
    texts = (models.CharField, models.TextField)
    return [field.name for field in _shown(page) if isinstance(field, texts) and not field.choices]


def known_columns(page: Quick) -> list[str]:
    """The columns of a list with known values, so that no table is asked: choices, truths, workspaces."""
    return [
        field.name
        for field in _shown(page)
        if field.choices or isinstance(field, models.BooleanField) or field.name == "workspace"
    ]


class ReadOnly(Quick):
    """For looking: what changes these rows also tells the outbox and the audit trail."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No one."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No one."""
        return False


class Growing(ReadOnly):
    """A table that grows for ever: words have no index, so they are searched for in its newest rows only.

    Nor is it sorted by another column, which would read all of it for one page.
    """

    sortable_by: ClassVar[tuple[str, ...]] = ()
    search_help_text = f"Words in the newest {NEWEST:,} rows"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Among the newest rows only; a number is looked for as a primary key in all of them."""
        word = search_term.strip()
        if "=id" in self.search_fields and word.isascii() and word.isdecimal() and len(word) < 19:
            return queryset.filter(pk=int(word)), False
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        return (in_newest(self.model, found) if word else found), may_repeat


class OneOf(ListFilter):
    """Filter by a column whose values are known, without asking the table which there are."""

    field: ClassVar[str]
    values: ClassVar[Sequence[str]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The known values."""
        return [(value, value.replace("_", " ").capitalize()) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the chosen value."""
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


def one_of(name: str, *values: str) -> type[OneOf]:
    """A filter of the column `name` over `values`."""
    words = name.replace("_", " ")
    fields = {"title": words, "parameter_name": name, "field": name, "values": values}
    return type(f"OneOf{name}", (OneOf,), fields)
