"""Reads calendar data (iCalendar, RFC 5545) as lines of words: an invitation's subject, times, place and people."""

import re

_FIELDS = {
    "SUMMARY": "Event",
    "STATUS": "Status",
    "DTSTART": "Starts",
    "DTEND": "Ends",
    "DURATION": "Lasts",
    "RRULE": "Repeats",
    "LOCATION": "Place",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee",
    "DESCRIPTION": "Description",
}
_EVENTS = ("VEVENT", "VTODO")
_MOST_LINES = 500
_LINE = re.compile(r'([A-Za-z-]+)((?:;[^":;]*(?:"[^"]*"[^":;]*)*)*):(.*)', re.DOTALL)
_NAMED = re.compile(r'(?i);CN=("[^"]*"|[^;]*)')
_ZONE = re.compile(r'(?i);TZID=("[^"]*"|[^;]*)')
_AT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(?:\d\d)?(Z)?)?")
_ESCAPED = re.compile(r"\\(.)")


def words_of_calendar(text: str) -> str:
    """The events of a calendar in words, a field on each line; empty where there is none."""
    lines: list[str] = []
    within: list[str] = []
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        if len(lines) == _MOST_LINES or not (found := _LINE.fullmatch(line)):
            continue
        field, settings, value = found[1].upper(), found[2], found[3]
        if field == "BEGIN":
            within.append(value.strip().upper())
        elif field == "END":
            within = within[:-1]
        elif within and within[-1] in _EVENTS and field in _FIELDS and value.strip():
            lines.append(f"{_FIELDS[field]}: {_words(field, settings, value)}")
    return "\n".join(lines)


def _words(field: str, settings: str, value: str) -> str:
    if field.startswith("DT"):
        return _time(value, settings)
    if field in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"(?i)\Amailto:", "", value).strip()
        named = _NAMED.search(settings)
        return f"{named[1].strip(chr(34))} <{address}>" if named else address
    return _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], value).strip()


def _time(value: str, settings: str) -> str:
    """A time as it is written there, with its zone: "2024-06-12 09:30 America/New_York"."""
    found = _AT.fullmatch(value.strip())
    if not found:
        return value.strip()
    year, month, day, hour, minute, is_utc = found.groups()
    zone = _ZONE.search(settings)
    named = "UTC" if is_utc else zone[1].strip(chr(34)) if zone else ""
    return f"{year}-{month}-{day}" + (f" {hour}:{minute} {named}" if hour else "").rstrip()
