"""Accepted recurrence rules (RFC 5545 RRULE): only those that cannot hang a program. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

MAX_LENGTH: Final = 200
MAX_COUNT: Final = 400
MAX_INTERVAL: Final = 99
_KEYS: Final = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
)
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL: Final = re.compile(r"\d{8}(T\d{6}Z?)?", re.ASCII)
_YEARS: Final = [date(2024, 1, 1) + timedelta(days=n) for n in range(5 * 365 + 1)]


class RecurrenceError(ValueError):
    """The rule is not supported; the message says why."""


def check_rule(text: str) -> dict[str, str]:
    """Return the parts of a supported rule. Raises RecurrenceError for any other."""
    if len(text) > MAX_LENGTH:
        raise RecurrenceError(f"the recurrence rule is longer than {MAX_LENGTH} characters")
    parts: dict[str, str] = {}
    for piece in text.strip().strip(";").upper().split(";"):
        key, _, value = piece.partition("=")
        if key not in _KEYS or not value or key in parts:
            raise RecurrenceError(f"the recurrence rule has {piece[:40]!r}, which is not accepted")
        parts[key] = value
    _check_values(parts)
    _check_yields(parts)
    return parts


def _check_values(parts: dict[str, str]) -> None:
    if parts.get("FREQ") not in _FREQUENCIES:
        raise RecurrenceError(f"FREQ must be one of {', '.join(_FREQUENCIES)}")
    _number(parts, "INTERVAL", 1, MAX_INTERVAL)
    _number(parts, "COUNT", 1, MAX_COUNT)
    if "UNTIL" in parts and not _UNTIL.fullmatch(parts["UNTIL"]):
        raise RecurrenceError("UNTIL must be a date or a time such as 20270131T090000Z")
    if "COUNT" in parts and "UNTIL" in parts:
        raise RecurrenceError("COUNT and UNTIL exclude each other")
    _numbers(parts, "BYMONTH", 1, 12)
    _numbers(parts, "BYMONTHDAY", 1, 31, negative=True)
    _numbers(parts, "BYSETPOS", 1, 366, negative=True)
    _check_days(parts)


def _check_days(parts: dict[str, str]) -> None:
    is_yearly = parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts
    most = 53 if is_yearly else 5 if parts["FREQ"] in {"MONTHLY", "YEARLY"} else 0
    for word in filter(None, parts.get("BYDAY", "").split(",")):
        found = _BYDAY.fullmatch(word)
        if not found or (found[1] and not 1 <= abs(int(found[1])) <= most):
            raise RecurrenceError(f"BYDAY has {word[:10]!r}, which is not accepted with this FREQ")
    if parts.get("WKST", "MO") not in _DAYS:
        raise RecurrenceError("WKST must be a day such as MO")


def _number(parts: dict[str, str], key: str, least: int, most: int) -> None:
    if key in parts and not (
        parts[key].isascii() and parts[key].isdigit() and least <= int(parts[key]) <= most
    ):
        raise RecurrenceError(f"{key} must be {least} to {most}")


def _numbers(parts: dict[str, str], key: str, least: int, most: int, *, negative: bool = False) -> None:
    for word in parts[key].split(",") if key in parts else ():
        digits = word.lstrip("+-" if negative else "")
        if not (digits.isascii() and digits.isdigit() and least <= int(digits[:4]) <= most):
            raise RecurrenceError(f"{key} must hold numbers from {least} to {most}")


def _check_yields(parts: dict[str, str]) -> None:
    """Refuse a rule without an occurrence in five years, which would be searched until the year 9999."""
    months = {int(word) for word in parts.get("BYMONTH", "").split(",") if word}
    days = {int(word) for word in parts.get("BYMONTHDAY", "").split(",") if word}
    weekdays = {_DAYS.index(word[-2:]) for word in parts.get("BYDAY", "").split(",") if word}
    sizes: dict[tuple[int, ...], int] = {}
    for day in _YEARS:
        if (months and day.month not in months) or (weekdays and day.weekday() not in weekdays):
            continue
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        if days and day.day not in days and day.day - last.day - 1 not in days:
            continue
        period = _period(parts["FREQ"], day)
        sizes[period] = sizes.get(period, 0) + 1
    least = min((abs(int(word)) for word in parts.get("BYSETPOS", "").split(",") if word), default=1)
    if max(sizes.values(), default=0) < least:
        raise RecurrenceError("the recurrence rule has no occurrence in five years")


def _period(frequency: str, day: date) -> tuple[int, ...]:
    if frequency == "YEARLY":
        return (day.year,)
    if frequency == "MONTHLY":
        return (day.year, day.month)
    return tuple(day.isocalendar()[:2]) if frequency == "WEEKLY" else (day.toordinal(),)
