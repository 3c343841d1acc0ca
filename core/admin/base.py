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
    """Paginator that counts at most 5,000 rows, so that large tables stay cheap to page."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most 5,000."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return int(rows.order_by()[:MAX_COUNTED].count())


class FastAdmin(Admin):
    """Admin lists that stay fast on large tables: bounded counts, newest first by primary key.

    Without `search_fields` or `list_filter` of its own, a list searches its text columns in the newest rows
    and filters by the columns whose values are known.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    show_facets = admin.ShowFacets.NEVER  # a facet would count the whole table
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the declared fields.

        Without any, or with the key alone, the text columns of the list too.
        """
        own = tuple(self.search_fields)
        return own if set(own) - {"=id"} else (*own, *shown_texts(self))

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the declared filters, else the shown columns whose values are known."""
        return self.list_filter or known_columns(self)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Search text only in the newest rows where the list has no search of its own."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if search_term.strip() and not self.search_fields:
            found = in_newest(self.model, found)
        return found, may_repeat


def in_newest(model: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return those of `rows` that are among the newest 20,000 of their table."""
    oldest = model._base_manager.order_by("-pk").values_list("pk", flat=True)[NEWEST : NEWEST + 1].first()
    return rows if oldest is None else rows.filter(pk__gt=oldest)


def _shown(page: FastAdmin) -> list[models.Field[Any, Any]]:
    fields = {field.name: field for field in page.opts.concrete_fields}
    return [fields[name] for name in page.list_display if isinstance(name, str) and name in fields]


def shown_texts(page: FastAdmin) -> list[str]:
    """Return the columns of a list that hold free text."""
    texts = (models.CharField, models.TextField)
    return [field.name for field in _shown(page) if isinstance(field, texts) and not field.choices]


def known_columns(page: FastAdmin) -> list[str]:
    """Return the columns with fixed values (choices, booleans, workspaces): filters need no query."""
    return [
        field.name
        for field in _shown(page)
        if field.choices or isinstance(field, models.BooleanField) or field.name == "workspace"
    ]


class ReadOnly(FastAdmin):
    """Read-only admin: changing these rows elsewhere also publishes events and audits."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False


class LargeTableAdmin(ReadOnly):
    """Admin of an ever-growing table: text is searched in its newest rows only, as it has no index.

    Sorting by another column is disabled; it would read the whole table for one page.
    """

    sortable_by: ClassVar[tuple[str, ...]] = ()
    search_help_text = f"Words in the newest {NEWEST:,} rows"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Search text in the newest rows; a number is looked up as a primary key in all of them."""
        word = search_term.strip()
        if "=id" in self.search_fields and word.isascii() and word.isdecimal() and len(word) < 19:
            return queryset.filter(pk=int(word)), False
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        return (in_newest(self.model, found) if word else found), may_repeat


class KnownValueFilter(ListFilter):
    """Filter by a column whose values are known, without querying them from the table."""

    field: ClassVar[str]
    values: ClassVar[Sequence[str]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the known values."""
        return [(value, value.replace("_", " ").capitalize()) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by the chosen value."""
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


def one_of(name: str, *values: str) -> type[KnownValueFilter]:
    """Return a filter class for the column `name` with these `values`."""
    words = name.replace("_", " ")
    fields = {"title": words, "parameter_name": name, "field": name, "values": values}
    return type(f"KnownValueFilter{name}", (KnownValueFilter,), fields)
