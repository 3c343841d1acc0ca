"""View of the public page as plain values, the only input of all public forms. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from status.vocabulary import INDICATORS, ComponentState, worst

RESOLVED = "resolved"
MAX_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Day:
    """A local day of a component: its worst state; None if unknown."""

    day: date
    state: str | None

    @property
    def words(self) -> str:
        """State in words, for tooltip and table."""
        return ComponentState(self.state).label if self.state else "No data"


@dataclass(frozen=True, slots=True)
class ComponentView:
    """Public view of a component."""

    public_id: str
    name: str
    description: str
    group: str
    position: int
    state: str
    days: tuple[Day, ...]
    uptime: float | None
    created_at: datetime
    updated_at: datetime

    @property
    def words(self) -> str:
        """The state in words."""
        return ComponentState(self.state).label

    @property
    def days_with_disruptions(self) -> tuple[Day, ...]:
        """Days that were not fully operational."""
        return tuple(d for d in self.days if d.state and d.state != ComponentState.OPERATIONAL)


@dataclass(frozen=True, slots=True)
class UpdateView:
    """A public update; `key` identifies its announcement."""

    key: str
    status: str
    body: str
    at: datetime

    @property
    def label(self) -> str:
        """The status in words."""
        return self.status.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A published incident or scheduled maintenance; updates newest first."""

    public_id: str
    title: str
    status: str
    impact: str
    started_at: datetime
    created_at: datetime
    updated_at: datetime
    components: tuple[str, ...]  # public ids
    updates: tuple[UpdateView, ...]
    monitoring_at: datetime | None = None
    resolved_at: datetime | None = None
    postmortem_url: str = ""
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is resolved, completed or cancelled."""
        return self.status in (RESOLVED, "completed")

    @property
    def label(self) -> str:
        """The status in words."""
        return self.status.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class PageView:
    """The whole page."""

    slug: str
    page_id: str
    title: str
    description: str
    color: str
    has_logo: bool
    time_zone: str
    url: str
    at: datetime
    is_public: bool
    components: tuple[ComponentView, ...]
    incidents: tuple[NoticeView, ...]
    maintenance: tuple[NoticeView, ...]

    @property
    def active(self) -> tuple[NoticeView, ...]:
        """Unresolved incidents."""
        return tuple(one for one in self.incidents if not one.is_over)

    @property
    def past(self) -> tuple[NoticeView, ...]:
        """Resolved incidents."""
        return tuple(one for one in self.incidents if one.is_over)

    @property
    def incident_pages(self) -> list[tuple[NoticeView, ...]]:
        """All incidents in pages of 50, newest first; at least one page."""
        starts = range(0, max(len(self.incidents), 1), MAX_PER_PAGE)
        return [self.incidents[start : start + MAX_PER_PAGE] for start in starts]

    @property
    def planned(self) -> tuple[NoticeView, ...]:
        """Maintenance that is upcoming or in progress, soonest first."""
        found = [one for one in self.maintenance if not one.is_over]
        return tuple(sorted(found, key=lambda one: one.scheduled_for or one.started_at))

    @property
    def state(self) -> str:
        """The worst component state; not operational while an incident with impact is open."""
        found = worst([one.state for one in self.components])
        if found == ComponentState.OPERATIONAL and any(one.impact != "none" for one in self.active):
            return ComponentState.DEGRADED.value
        return found

    @property
    def indicator(self) -> str:
        """Indicator of Statuspage: none, maintenance, minor, major or critical."""
        return INDICATORS[self.state][0]

    @property
    def sentence(self) -> str:
        """Overall state in words."""
        return INDICATORS[self.state][1]

    @property
    def groups(self) -> list[tuple[str, list[ComponentView]]]:
        """Components by group, in order; those without a group first."""
        found: dict[str, list[ComponentView]] = {}
        for one in self.components:
            found.setdefault(one.group, []).append(one)
        return sorted(found.items(), key=lambda pair: pair[0] != "")

    def names(self, ids: tuple[str, ...]) -> list[str]:
        """The names of components."""
        return [one.name for one in self.components if one.public_id in ids]
