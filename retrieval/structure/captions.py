"""Caption of a court paper: court, case number, parties and counsel."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.core.documents import Document, Span
from retrieval.structure.openings import opening_text
from retrieval.structure.parties import Party

_WITHIN = 5_000  # characters in which a caption begins and ends
_LONGEST = 1_800  # characters from the court to the last role
_MOST_ROLES = 12
_MOST_LINES = 14  # of the name and description of one party
_COUNSEL_LINES = 8  # above "Attorneys for Plaintiff" in which they are named


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption. Each of its `parties` has as its role what it is in the case; `counsel` are those who appear.

    `title` is that of the paper, which may stand beside the parties.
    """

    court: str
    case_number: str
    parties: tuple[Party, ...]
    counsel: tuple[str, ...]
    title: str
    title_span: Span | None
    span: Span


_COURT = re.compile(
    r"^[^\w\n]{0,12}(?:IN\s+THE\s+)?(?P<court>[^\n]{0,60}\b(?:DISTRICT|BANKRUPTCY|SUPERIOR|CIRCUIT|SUPREME|COUNTY|CHANCERY|FAMILY|PROBATE"
    r"|MUNICIPAL|HIGH|CIVIL|COMMERCIAL|TRADE)?\s*(?:COURT|Court|TRIBUNAL|Tribunal)\b[^\n.;]{0,80})$(?P<more>(?:\n[^\n]*\b(?:DISTRICT|COUNTY"
    r"|STATE|DIVISION|DEPARTMENT|COMMONWEALTH|District|County|Division)\b[^\n]{0,60}$){0,3})",
    re.MULTILINE,
)
_CASE_NUMBER = re.compile(
    r"\b(?:(?:Civil\s+Action|Case|Claim|Cause|Docket|Index|Adversary(?:\s+Proceeding)?|Crim(?:inal)?\.?|Civ(?:il)?\.?|Action|File|Appeal)"
    r"\s*(?:No(?:s)?\b\.?|Number|\#)?|No\.)\s*:?\s*(?P<number>(?=[\w:.\-/]*\d)[A-Z0-9][\w:.\-/()]{2,40}(?:\s\([A-Z]{2,6}\))?)",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"(?:^\W*|(?<=,\s))(?P<role>(?:(?:Third-Party|Cross|Counter|Appellant|Appellee|Defendant|Plaintiff)[-/\s]{1,2})?(?:Plaintiff|Defendant|Petitioner|Respondent"
    r"|Appellant|Appellee|Claimant|Debtor|Applicant|Complainant|Intervenor|Relator)s?)\b(?:-in-\w+)?\s*[,.)]?\s*(?:$|[)§:|\[]|(?=Case|Civil|No\b))",
    re.MULTILINE | re.IGNORECASE,
)
_LED_BY_ROLE = re.compile(
    r"^\W*(?P<role>(?:Plaintiff|Defendant|Petitioner|Respondent|Appellant|Appellee|Claimant|Debtor)s?):?[^\S\n]+"
    r"(?P<name>[A-Z][A-Z.,&’' -]{3,80}?),?[^\S\n]*$",
    re.MULTILINE,
)
_AGAINST = re.compile(
    r"^[^\w\n]*(?:(?:vs?\.?|versus|against)(?:[^\S\n]*[)§|:].*|[^\S\n]+[A-Z(].*|[^\w\n]*)|and[^\w\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_COUNSEL = re.compile(
    r"^\W*(?P<for>(?:Attorneys?|Counsel|Solicitors?)(?:\s+at\s+Law)?(?:\s+and\s+\w+)?\s+for\s+[^\n]{3,90})$",
    re.IGNORECASE | re.MULTILINE,
)
_RIGHT_COLUMN = re.compile(r"\s*[)§|:]\s*.*$|\s{3,}.*$")  # beside the names: case number, title of the paper
_DESCRIBED = re.compile(
    r",?\s+(?:an?|the)\s+(?:[\w.’'-]+\s+){0,8}?(?:corporation|company|partnership|individual|association|entity|trust|city|county|state|body)\b[^;]*"
    r"|,?\s+(?:individually|on\s+behalf\s+of|et\s+al|in\s+his|in\s+her|as\s+\w+\s+of)\b[^;]*",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\d{3,}|@|\b(?:Telephone|Tel|Fax|Facsimile|Email|Suite|Street|Avenue|Floor|Road|Drive)\b", re.IGNORECASE
)


def find_caption(document: Document) -> Caption | None:
    """The caption of a document; None for one that is no court paper."""
    text = opening_text(document)[:_WITHIN]
    court = _COURT.search(text)
    if court is None:
        return None
    within = min(len(text), court.end() + _LONGEST)
    roles = list(_ROLE.finditer(text, court.end(), within))[:_MOST_ROLES]
    led = list(_LED_BY_ROLE.finditer(text, court.end(), within))[:_MOST_ROLES]
    number = _CASE_NUMBER.search(text, court.end()) or _CASE_NUMBER.search(text)
    if not (roles or led) or not (number or _AGAINST.search(text, court.end())):
        return None
    found = [*_parties(document, text, court.end(), roles), *(_led(document, match) for match in led)]
    parties = tuple(sorted(found, key=lambda party: party.where.start))
    end = max(number.end() if number else 0, *(match.end() for match in (*roles, *led)))
    counsel = tuple(_counsel(text[: end + 200]))
    last_role = max(match.end() for match in (*roles, *led))
    title, title_span = _title(document, text, (court.end(), last_role), end)
    return Caption(
        court=" ".join((court["court"] + " " + court["more"]).split()),
        case_number=number["number"].rstrip(".,:") if number else "",
        parties=parties,
        counsel=counsel,
        title=title,
        title_span=title_span,
        span=document.span(0 if counsel and text.find(counsel[0]) < court.start() else court.start("court"), end),
    )


def _parties(document: Document, text: str, start: int, roles: list[re.Match[str]]) -> Iterator[Party]:
    """The names above each role, up to the "v." or the role before."""
    for role in roles:
        borders = [m.end() for m in _AGAINST.finditer(text, start, role.start())]
        begin = borders[-1] if borders else start
        for a, b in _names(text, begin, role.start("role")):
            name = " ".join(_RIGHT_COLUMN.sub("", _CASE_NUMBER.sub("", line)) for line in text[a:b].split("\n"))
            name = _DESCRIBED.sub("", " ".join(name.split()))
            name = re.sub(r"(?:[,;]|\band)\s*\Z", "", name.strip(" ,;.)")).strip(" ,;.")
            name = name + "." if re.search(r"\b(?:Inc|Corp|Ltd|Co)\Z", name, re.IGNORECASE) else name
            if re.search(r"[^\W\d_]{2}", name) and len(name) < 140:
                yield Party(name, role["role"].title(), (), document.span(a, b), document.span(a, role.end()))
        start = text.find("\n", role.end()) + 1 or role.end()


def _led(document: Document, match: re.Match[str]) -> Party:
    """The party of "Plaintiff MARCUS HOLLOWAY,"."""
    where = document.span(*match.span("name"))
    return Party(" ".join(match["name"].split()), match["role"].title(), (), where, where)


def _names(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) of the names between two offsets: "and", and semicolons, part them; only the last lines count."""
    rows = [
        m.span()
        for m in re.compile(r"[^\n]+").finditer(text, start, end)
        if _RIGHT_COLUMN.sub("", m[0]).strip(" )§|:_-")
    ]
    begin: int | None = None
    for a, b in rows[-_MOST_LINES:]:
        left = _RIGHT_COLUMN.sub("", text[a:b].strip(" \xa0"))
        begin = a if begin is None else begin
        if re.search(r"(?:;|;\s*and|,\s*and)\s*\Z", left):
            yield begin, b
            begin = None
    if begin is not None:
        yield begin, rows[-1][1]


def _title(document: Document, text: str, parties: tuple[int, int], end: int) -> tuple[str, Span | None]:
    """The title of the paper: beside the parties, after them, or in the first lines below the caption."""
    start, last_role = parties
    found: list[str] = []
    first, last = start, start
    below = len(text) if text.find("\n", end) < 0 else text.find("\n", end)
    for row in re.compile(r"[^\n]+").finditer(text, start, min(len(text), below + _TITLE_WITHIN)):
        words = " ".join(_beside(row[0]).split()) if row.start() < min(below, last_role) else row[0].strip()
        if not found and _PAPER.search(words) and words.isupper():
            found, first, last = [words], row.start(), row.end()
        elif found and (not words.isupper() or re.match(r"DEMAND|JUDGE|HON|DATE|\[", words)):
            break
        elif found:
            found.append(words)
            last = row.end()
    title = " ".join(" ".join(found).split()).strip(" :")
    return (title, document.span(first, last)) if title else ("", None)


_TITLE_WITHIN = 400  # characters below a caption
_PAPER = re.compile(
    r"\b(?:COMPLAINT|ORDER|MOTION|ANSWER|PETITION|NOTICE|MEMORANDUM|BRIEF|STIPULATION|JUDGMENT|DECLARATION|AFFIDAVIT|OPINION|REPLY|RESPONSE|SUBPOENA"
    r"|INTERROGATORIES|REQUEST|INDICTMENT|DECREE|FINDINGS|CLAIM|DEFEN[CS]E)\b"
)


def _beside(line: str) -> str:
    """What stands in the right column of a line of a caption."""
    line = _CASE_NUMBER.sub("", line)
    parts = re.split(r"[)§|](?=\s|$)|^\W*(?:vs?\.|versus)\s|\bet\s+al\.?,?|\s{3,}(?=\S)", line, maxsplit=1)
    return re.sub(r"^(?:[)§|\s]|\(\d+\))+", "", parts[1]) if len(parts) > 1 else ""


def _counsel(text: str) -> Iterator[str]:
    """Who appears for whom: "Rosalind F. Achterberg, ACHTERBERG & VO LLP (Attorneys for Plaintiff)"."""
    for match in list(_COUNSEL.finditer(text))[:6]:
        above = text[: match.start()].split("\n")[-_COUNSEL_LINES - 1 : -1]
        named = [re.sub(r"\s*\((?:SBN|Bar|CA)[^)]*\)", "", line).strip(" ,") for line in above if line.strip()]
        named = [
            line for line in named if not _ADDRESS.search(line) and len(line) < 80 and re.search(r"[A-Za-z]{3}", line)
        ]
        yield (
            f"{', '.join(named[-3:])} ({' '.join(match['for'].split()).rstrip('.')})"
            if named
            else " ".join(match["for"].split())
        )
