"""Opening of a document: its title, the preamble that names its parties, and its recitals.

All of it stands among the first lines, so that no more of a document is looked at, whatever its length.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.layout import Line, lines

_LONGEST_OPENING = 16_000  # characters of the contract's words; contents and running lines do not count
_MOST_OPENING = 60_000  # characters, contents and running lines among them
_LONGEST_PREAMBLE = 4_000
_MOST_CANDIDATES = 200  # places that may name the parties
_NAME_WITHIN = 200  # characters after "between"
_LONGEST_RECITALS = 20_000
_TITLE_LINES = 60  # among which a title stands
_LONGEST_TITLE = 6  # lines

_KINDS = (
    r"AGREEMENTS?|CONTRACT|LEASE|DEED|AMENDMENT|ADDENDUM|SUPPLEMENT|LICEN[CS]E|INDENTURE|GUARANT(?:Y|EE)|WARRANT"
    r"|(?:PROMISSORY|CONVERTIBLE|SECURED)\s+NOTE|NOTE|CERTIFICATE|CHARTER|CONSTITUTION|BY-?LAWS|POLICY|PLAN|DECLARATION"
    r"|MEMORANDUM|STATEMENT\s+OF\s+WORK|WORK\s+ORDER|PURCHASE\s+ORDER|ORDER|TERMS(?:\s+(?:AND|&)\s+CONDITIONS)?"
    r"|CONDITIONS|TERM\s+SHEET|LETTER|NOTICE|RELEASE|WAIVER|CONSENT|ASSIGNMENT|SETTLEMENT|UNDERTAKING|PROTOCOL"
    r"|COMPLAINT|MOTION|BRIEF|ANSWER|PETITION|STIPULATION|SUBPOENA|JUDGMENT|OPINION|AFFIDAVIT|REGULATIONS?|DIRECTIVE"
    r"|REPORT|MINUTES|RESOLUTIONS?|TRANSCRIPT|DEPOSITION|PROPOSAL|PROSPECTUS|FORM|SCHEDULE\s+OF\s+FEES|INVOICE|MOU|NDA"
    r"|MANUAL|HANDBOOK|CODE\s+OF\s+CONDUCT"
)
_KIND = re.compile(rf"\b(?:{_KINDS})\b", re.IGNORECASE)
_KIND_OF = re.compile(rf"\b(?:{_KINDS})\s+(?:of|for|to)\b", re.IGNORECASE)  # "PARTNERSHIP AGREEMENT OF ACME, L.P."
# Lines above a title that are none of it.
_LEGEND = re.compile(
    r"(?:EXHIBIT|EX-|ANNEX|APPENDIX|ATTACHMENT)\s*[\w.()\-–]*\s*(?:\(.*\))*\s*(?:under\s+.*)?"
    r"|(?:(?:FINAL\s+)?EXECUTION|CONFORMED|REDACTED|SIGNATURE|DRAFT|FINAL|EXECUTED)\s*(?:COPY|VERSION|DRAFT|FORM)?"
    r"|.*\b(?:confidential|redacted|omitted|excluded|omissions|asterisks|securities\s+and\s+exchange|pursuant\s+to|rule\s+24b"
    r"|treatment|filed|denoted|furnished|copyright|privileged|\[\*+\])\b.*"
    r"|.*\b(?:specimen|sample|synthetic|fictitious|not\s+real|for\s+(?:discussion|information)\s+(?:purposes\s+)?only)\b.*|\[?logo\b.*|source:.*|page\b.*|(?:agreement|contract|reference|ref\.?|policy|order|document|our\s+ref|your\s+ref)"
    r"\s+(?:number|no\.?|ref\.?)?\s*[:#]?\s*[\w/-]*\d[\w/-]*|[\W\d_]+|(?:table\s+of\s+)?contents\s*:?|private\s+and\s+.*"
    r"|dated?\b.*|effective\b.*|between:?|by\s+and\s+(?:between|among):?|and|among(?:st)?:?|to:?|of:?|for:?|.*@.*|https?:.*"
    r"|(?:january|february|march|april|may|june|july|august|september|october|november|december)\b.*\d.*|\d{1,2}\s+[A-Za-z]+,?\s+\d{4}",
    re.IGNORECASE,
)
_ENTITY = (
    r"(?:Inc(?:orporated)?|Corp(?:oration)?|Co(?:mpany)?|L\.?\s?L\.?\s?C|L\.?\s?L\.?\s?P|L\.?\s?P|P\.?L\.?C|Ltd|Limited|N\.?\s?A"
    r"|S\.?\s?A(?:\.?\s?R\.?\s?L)?|S\.?p\.?A|S\.?\s?A\.?\s?S|GmbH|A\.?G|B\.?\s?V|N\.?\s?V|A/S|AB|Oy|K\.?K|Pty|P\.?C|Trust|Bank|Partners(?:hip)?"
    r"|Association|University|Foundation|Fund|Holdings|Group|Pte|Sdn|Bhd|S\.?E|SP\.?\s?Z\s?O\.?\s?O)"
)
ENDS_AS_COMPANY = re.compile(rf"(?:\b|(?<=[.]))(?-i:{_ENTITY}|{_ENTITY.upper()})\.?,?\s*(?:\(.*\))?\s*\Z")
_RUNS_ON = re.compile(
    r"(?:[,&–—-]|\b(?:and|or|of|to|for|the|in|on|with|by|no\.?|number|non-|a|an|under))\s*\Z", re.IGNORECASE
)
_LEADS_ON = re.compile(r"\(?(?:to|of|for|and|or|the|in|on|with|under|no\.?)\b", re.IGNORECASE)

_DOCUMENT = (
    r"(?:agreement|contract|lease|deed|amendment|addendum|supplement|licen[cs]e|indenture|guarant(?:y|ee)|note|warrant|letter"
    r"|memorandum|release|waiver|consent|assignment|settlement|statement\s+of\s+work|undertaking|order|plan|mou)"
)
_BETWEEN = re.compile(
    r"\b(?:by\s+and\s+)?(?:between|among(?:st)?)(?:\s+and\s+among)?\b|(?<=[,\s])by(?=\s+(?-i:[A-Z][\w’'&.-]+\s+[A-Z]))|^\s*(?:parties|the\s+parties|the\s+undersigned)\s*:?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_INTRODUCTION = re.compile(
    rf"\bthis\b[^.;]{{0,250}}?\b{_DOCUMENT}\b|^\W*{_DOCUMENT}\b[\s,)”\"]+(?:is\s+|was\s+)?(?:made|entered|dated|executed|effective)\b"
    rf"|\bentered\s+into\b",
    re.IGNORECASE | re.MULTILINE,
)
_GIVEN = re.compile(r"\b(?:made|entered\s+into|executed|given|issued|granted)\b[^.;]{0,150}\Z", re.IGNORECASE)
_SENTENCE_ENDS = re.compile(
    r"(?:(?<!\bno)(?<!\bnos)(?<!\bnr)|(?!\.\s+[\dIVX]))\.(?=[ \n])|\f", re.IGNORECASE
)  # not "No. 1"
# "This Amendment to the Lease dated … between": whose parties follow are those of what is amended.
_DESCRIBES = re.compile(
    rf"\b(?:amend(?:s|ing)|varies|supplements?|restates?|modif(?:ies|ying)|(?:amendment|addendum|variation|supplement"
    rf"|modification)(?:\s+no\.?\s*\w+)?\s+(?:to|of))\s[^;]{{0,200}}?\b{_DOCUMENT}\b"
    r"(?:(?!\b(?:is|was|are)\s+(?:hereby\s+)?(?:made|entered|executed|dated|effective)\b)[^;]){0,200}\Z",
    re.IGNORECASE,
)
_LATEST_INTRODUCTION, _LATEST_COVER = 12_000, 3_000  # characters
# A name, a blank, a number of a list; not "the parties", "you and us".
_NAMES_FOLLOW = re.compile(
    r"(?:[\s,:]|\b(?:and|by|among|between|the|on|one|other|hand|of|first|part|following|parties|AND|THE)\b(?!\s+(?:parties|hereto)))*(?:[A-Z“\"\[_●•]|\(\d|\(\w\)|\d[.)]|[a-z]{1,2}[A-Z])"
)
# Parties that were named before: "between the Company and the Trust".
_ROLES_FOLLOW = re.compile(
    r"\s+(?:the\s+)?(?:(?:Holding\s+)?Company|Corporation|Agents?|Trust|Trustee|Banks?|Borrowers?|Lenders?|Buyers?|Sellers?|Purchasers?"
    r"|Suppliers?|Customers?|Clients?|Licens(?:or|ee)s?|Landlord|Tenant|Lessor|Lessee|Franchis(?:or|ee)s?|Contractors?|Consultants?"
    r"|Employers?|Employees?|Executive|Distributors?|Manufacturers?|Vendors?|Owners?|Holders?|Issuers?|Underwriters?|Part(?:y|ies))\b(?!\s*[,(])"
)
_OTHERS = re.compile(
    r"\b(?:relationship|difference|conflict|distance|disputes?|inconsistency|apportioned|allocated|discrepancy|communications?"
    r"|agreed|entire\s+(?:agreement|understanding)|understandings?|intervals?|choose|split|transactions?|time|period|correspondence|privity|divided)\s+\Z",
    re.IGNORECASE,
)
_PREAMBLE_ENDS = re.compile(
    r"\bW\s?I\s?T\s?N\s?E\s?S\s?S\s?E\s?T\s?H\b|^\s*(?:R\s?E\s?C\s?I\s?T\s?A\s?L\s?S?|(?:Preliminary\s+)?Recitals?|BACKGROUND|Background"
    r"|PREAMBLE|Preamble|PREMISES|STATEMENT\s+OF\s+PURPOSE|INTRODUCTION|Introduction|EXPLANATORY\s+STATEMENT)\b[^\n]{0,30}$"
    r"|\b(?:WHEREAS|Whereas)\b|\bN\s?OW,?\s+T\s?HEREFORE|\bNow,?\s+[Tt]herefore|\bIN\s+CONSIDERATION\b|\b[Ii]n\s+consideration\s+of"
    r"|\b(?:IT\s+IS|THE\s+PARTIES|THE\s+PARTIES\s+HAVE)\s+(?:HEREBY\s+)?AGREED?\b|\b[Tt]he\s+parties\s+(?:hereto\s+)?(?:hereby\s+)?agree\b"
    r"|\bhereby\s+agree\b|^\s*AGREED\s+TERMS|^\s*(?:ARTICLE|Article|SECTION|Section)\s+(?:1|I|ONE|One)\b"
    r"|^\s*(?:1|I)\.0?\s+[A-Z]|^\s*1\s+[A-Z]{3}|^\s*TABLE\s+OF\s+CONTENTS|^\s*(?:TERMS|DEFINITIONS|AGREEMENT)\s*:?\s*$"
    r"|\bRECITALS\b",
    re.MULTILINE,
)
_RECITALS_BEGIN = re.compile(
    r"\bW\s?I\s?T\s?N\s?E\s?S\s?S\s?E\s?T\s?H\b|^\s*(?:R\s?E\s?C\s?I\s?T\s?A\s?L\s?S?|(?:Preliminary\s+)?Recitals?|BACKGROUND|Background"
    r"|PREAMBLE|PREMISES|EXPLANATORY\s+STATEMENT)\b[^\n]{0,30}$|\bRECITALS\b|\b(?:WHEREAS|Whereas)\b",
    re.MULTILINE,
)
_RECITALS_END = re.compile(
    r"\bN\s?OW,?\s+T\s?HEREFORE|\b[Nn]ow,?\s+[Tt]herefore|^\s*(?:Therefore|THEREFORE),|^\s*(?:IT\s+IS\s+(?:HEREBY\s+)?AGREED|AGREED\s+TERMS"
    r"|AGREEMENT|Agreement|TERMS|OPERATIVE\s+PROVISIONS)\b[^\n]{0,40}$|\b(?:IN\s+CONSIDERATION|[Ii]n\s+consideration)\b"
    r"|\b[Tt]he\s+[Pp]arties\s+(?:hereto\s+)?(?:hereby\s+)?agree\b|\b(?:THE\s+)?PARTIES\s+(?:HERETO\s+)?(?:HEREBY\s+)?AGREE\b"
    r"|^\s*(?:ARTICLE|Article|SECTION|Section)\s+(?:1|I|ONE|One)\b|^\s*1\.\s+[A-Z]|^\s*For\s+(?:good\s+and\s+)?valuable\s+consideration",
    re.MULTILINE,
)


_PLAIN = {
    0xA0: " ",
    0x37E: ";",
    0xFF1A: ":",
    0xFF08: "(",
    0xFF09: ")",
    0xFF0C: ",",
    0x2011: "-",
}  # other forms of marks


@dataclass(frozen=True, slots=True)
class Opening:
    """How a document begins. `preamble` is the paragraph that names the parties, whose names begin at `names_at`."""

    title: str = ""
    title_span: Span | None = None
    preamble: Span | None = None
    names_at: int = 0
    recitals: Span | None = None


def find_opening(document: Document) -> Opening:
    """Title, preamble and recitals of a document, from its first lines."""
    rows = _first_lines(document)
    text = opening_text(document)
    between = _between(text)
    preamble = _preamble(document, text, between) if between else None
    before = preamble.start if preamble else len(text)
    title = _subject(rows) or _title(rows, before) or _title(lines(document), before)  # it may run above every page
    return Opening(
        title=" ".join(" ".join(row.text.split()) for row in title) if title else _named_title(text, preamble),
        title_span=document.span(title[0].start, title[-1].end) if title else None,
        preamble=preamble,
        names_at=between.end() if between else 0,
        recitals=_recitals(document, preamble.end if preamble else 0),
    )


@document_cache()
def opening_text(document: Document) -> str:
    """The first words of a document, noise blanked out character for character, so that offsets hold."""
    out, done = [], 0
    for row in _first_lines(document):
        out += [_blank(document.text[done : row.start]), row.text]
        done = row.end
    return "".join(out)[:_MOST_OPENING].translate(_PLAIN)


def _blank(between: str) -> str:
    """What lies between two lines, white: a line end where there is one."""
    return between if between.isspace() or not between else "\n" + " " * (len(between) - 1)


def _first_lines(document: Document) -> list[Line]:
    """The first lines that are words of the contract."""
    found, characters = [], 0
    for row in lines(document):
        if not row.noise:
            found.append(row)
            characters += len(row.text)
        if characters > _LONGEST_OPENING:
            break
    return found


# Title

_HEAD_LINES = 12  # of a mail
_FROM, _SUBJECT = re.compile(r"\s*From:\s"), re.compile(r"\s*Subject:\s*(?=\S)")


def _subject(rows: Sequence[Line]) -> Sequence[Line]:
    """What a mail is about, where the document begins as one."""
    if not rows or not _FROM.match(rows[0].text):
        return []
    for row in rows[:_HEAD_LINES]:
        if match := _SUBJECT.match(row.text):
            return [replace(row, start=row.start + match.end(), text=row.text[match.end() :])]
    return []


def _title(rows: Sequence[Line], before: int) -> Sequence[Line]:
    """The lines of the title: the first that names a kind of document, with those of the same make beside it."""
    head = [row for row in rows[:_TITLE_LINES] if row.start < before]
    for index, row in enumerate(head):
        if _may_be_title(row.text) and _KIND.search(row.text):
            first, last = index, index
            while first and last - first < _LONGEST_TITLE and _belongs_above(head[first - 1].text, head[first].text):
                first -= 1
            while (
                last + 1 < len(head)
                and last - first < _LONGEST_TITLE
                and _belongs_below(head[last].text, head[last + 1].text)
            ):
                last += 1
            return head[first : last + 1]
    return []


def _may_be_title(text: str) -> bool:
    """Whether a line may be a title: short, with capitals, no sentence, no legend and no company."""
    flat = " ".join(text.split())
    if not 3 <= len(flat) <= 120 or _LEGEND.fullmatch(flat):
        return False
    if ENDS_AS_COMPANY.search(flat) and not _KIND_OF.search(flat):
        return False
    words = re.findall(r"[^\W\d_][\w’'&-]*", flat)
    weighty = [word for word in words if len(word) > 3 or word.isupper()]
    return (
        bool(weighty)
        and all(word[0].isupper() for word in weighty)
        and (flat[-1] not in ".;,:" or bool(ENDS_AS_COMPANY.search(flat)))
    )


def _belongs_above(above: str, text: str) -> bool:
    """Whether the line above begins the title that goes on with `text`."""
    flat = " ".join(above.split())
    if _RUNS_ON.search(flat) and _may_be_title(flat + " X"):
        return flat.isupper() == text.strip().isupper()
    return (
        _may_be_title(above)
        and flat.isupper() == " ".join(text.split()).isupper()
        and bool(flat[-1].isalnum() or flat[-1] == ")")
    )


def _belongs_below(text: str, below: str) -> bool:
    """Whether a title goes on in the line below: "AMENDMENT NO. 1", "to", "SERVICES AGREEMENT"."""
    flat, under = " ".join(text.split()), " ".join(below.split())
    if _LEGEND.fullmatch(under) and not re.fullmatch(r"(?i)to|of|for|and", under):
        return False
    if _RUNS_ON.search(flat) or _LEADS_ON.match(under):
        return (
            len(under) < 100
            and not re.search(r"[.;]$", under)
            and (under.lower() in ("to", "of", "for", "the", "and", "to the") or _may_be_title(under + " X"))
        )
    return bool(_KIND.search(under)) and _may_be_title(under) and under.isupper() == flat.isupper()


def _named_title(text: str, preamble: Span | None) -> str:
    """What the preamble calls the document: "This Joint Venture Agreement …"; empty where it says no more than that."""
    if preamble is None:
        return ""
    match = re.compile(r"\bTh(?:is|e)\s+((?:[A-Z][\w’&-]*\s+(?:(?:and|of|to|for|the)\s+)*){1,8})", re.IGNORECASE).match(
        text, preamble.start, preamble.end
    )
    if match is None:
        return ""
    words = match[1].split()
    while words and not _KIND.fullmatch(words[-1]):
        words.pop()
    return " ".join(words) if len(words) > 1 and all(w[0].isupper() or len(w) < 4 for w in words) else ""


# Preamble


def _between(text: str) -> re.Match[str] | None:
    """The words after which the parties are named.

    Those of the sentence that introduces the contract, and not those of the contract that it amends, unless it names
    no others; else a cover's; else those with which another one is recalled.
    """
    cover, recalled, described = None, None, None
    for match in islice(_BETWEEN.finditer(text, 0, _LATEST_INTRODUCTION), _MOST_CANDIDATES):
        if described and _PREAMBLE_ENDS.search(text, described.end(), match.start()):
            break
        named = _NAMES_FOLLOW.match(text, match.end(), match.end() + _NAME_WITHIN)
        if (
            not named
            or _ROLES_FOLLOW.match(text, match.end())
            or _OTHERS.search(text, max(0, match.start() - 40), match.start())
        ):
            continue
        before = text[max(0, match.start() - 900) : match.start()]
        ends = [end.end() for end in _SENTENCE_ENDS.finditer(before)]
        sentence = before[ends[-1] if ends else 0 :]
        if match[0].lower() == "by" and not _GIVEN.search(sentence):
            continue
        if described and not _GIVEN.search(text, described.end(), match.start()):
            continue
        if _INTRODUCTION.search(sentence) and not re.search(r"\bmeans\b", sentence):
            if described or not _DESCRIBES.search(sentence):
                return match
            described = match
            continue
        if match.start() < _LATEST_COVER:
            if not before[before.rfind("\n") + 1 :].strip():
                cover = cover or match
            elif re.search(rf"\b{_DOCUMENT}\b", sentence, re.IGNORECASE):
                recalled = recalled or match
    return described or cover or recalled


def _preamble(document: Document, text: str, between: re.Match[str]) -> Span:
    start = _paragraph(text, between.start())
    limit = min(len(text), between.end() + _LONGEST_PREAMBLE)
    end = _PREAMBLE_ENDS.search(text, between.end(), limit)
    stop = end.start() if end else limit
    while stop > between.end() and text[stop - 1].isspace():
        stop -= 1
    return document.span(start, max(stop, between.end()))


def _paragraph(text: str, at: int) -> int:
    """Where the sentence around `at` begins: at "This Agreement", else at its line."""
    low = max(0, at - 900)
    begins = [
        m.start()
        for m in re.finditer(
            r"^\s*(?:[\W\d]{0,6})\b(?:THIS|This|The|THE|AGREEMENT|Agreement)\b", text[low:at], re.MULTILINE
        )
    ]
    start = low + begins[-1] if begins else text.rfind("\n", 0, at) + 1
    while text[start].isspace() and start < at:
        start += 1
    return start


# Recitals


def _recitals(document: Document, after: int) -> Span | None:
    """From "WHEREAS", or its heading, to the words that agree."""
    limit = min(len(document.text), after + _LONGEST_RECITALS)
    begin = _RECITALS_BEGIN.search(document.text, max(0, after - 1), min(limit, after + 3_000))
    if begin is None:
        return None
    end = _RECITALS_END.search(document.text, begin.end(), limit)
    if end is None:
        return None
    start = begin.start() + len(begin[0]) - len(begin[0].lstrip())
    return document.span(start, max(start, len(document.text[: end.start()].rstrip())))
