"""Reads calendar data (iCalendar, RFC 5545) as words: an invitation's subject, times, place and people."""

import re
from calendar import month_name

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
}
_EVENTS = ("VEVENT", "VTODO")
_MOST_FIELDS = 500
_LINE = re.compile(r'([A-Za-z-]+)((?:;[^":;]*(?:"[^"]*"[^":;]*)*)*):(.*)', re.DOTALL)
_NAMED = re.compile(r'(?i);CN=("[^"]*"|[^;]*)')
_ZONE = re.compile(r'(?i);TZID=("[^"]*"|[^;]*)')
_AT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(?:\d\d)?(Z)?)?")
_ESCAPED = re.compile(r"\\(.)")


def words_of_calendar(text: str) -> str:
    """The events of a calendar in words, a line for each, its description below; empty where there is none."""
    events: list[list[str]] = []
    notes: dict[int, str] = {}
    within: list[str] = []
    fields = 0
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        if fields == _MOST_FIELDS or not (found := _LINE.fullmatch(line)):
            continue
        field, settings, value = found[1].upper(), found[2], found[3]
        if field == "BEGIN":
            within.append(value.strip().upper())
            if within[-1] in _EVENTS:
                events.append([])
        elif field == "END":
            within = within[:-1]
        elif within and within[-1] in _EVENTS and value.strip():
            fields += 1
            if field == "DESCRIPTION":
                notes[len(events)] = _plain(value)
            elif field in _FIELDS:
                events[-1].append(f"{_FIELDS[field]}: {_words(field, settings, value)}")
    told = (["; ".join(event), notes.get(number, "")] for number, event in enumerate(events, 1))
    return "\n".join(line for lines in told for line in lines if line)


def _words(field: str, settings: str, value: str) -> str:
    if field.startswith("DT"):
        return _time(value, settings)
    if field in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"(?i)\Amailto:", "", value).strip()
        named = _NAMED.search(settings)
        return f"{named[1].strip(chr(34))} <{address}>" if named else address
    return " ".join(_plain(value).split())


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], value).strip()


def _time(value: str, settings: str) -> str:
    """A time of a calendar in words, with its zone: "12 June 2024, 09:30 America/New_York"."""
    found = _AT.fullmatch(value.strip())
    if not found or not 1 <= int(found[2]) <= 12:
        return value.strip()
    year, month, day, hour, minute, is_utc = found.groups()
    zone = _ZONE.search(settings)
    named = "UTC" if is_utc else zone[1].strip(chr(34)) if zone else ""
    return f"{int(day)} {month_name[int(month)]} {year}" + (f", {hour}:{minute} {named}" if hour else "").rstrip()
