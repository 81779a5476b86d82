"""Signature blocks and notice addresses of a document.

A block is told by its fields ("By:", "/s/", "Name:", "Title:"); two may stand side by side, so that a line has each
field twice. The party stands in the lines above, the name and the title also without a word before them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from retrieval.core.cache import document_cache
from retrieval.core.documents import Document, Span
from retrieval.structure.layout import Line, lines
from retrieval.structure.openings import ENDS_AS_COMPANY
from retrieval.structure.parties import Party, flat

_ABOVE, _BELOW = 5, 6  # lines of a block above its signature in which the party stands, and below it
_MOST_BLOCKS = 400
_LONGEST_VALUE = 90  # characters of a name or a title


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature block: for which party, the name and the title of who signs; each empty where it is not there."""

    party: str
    name: str
    title: str
    span: Span


@dataclass(frozen=True, slots=True)
class NoticeAddress:
    """Where notices to a party go."""

    party: str
    span: Span


_CONFORMED = re.compile(r"/?\s?[sS]/")
_SIGNS = re.compile(
    r"(?<![\w/])(?:(?:By|BY)\s*:?\s*(?=/?\s?[sS]/)|(?:By|BY)\s*[:;]|(?:By|BY)\s*(?=_{3}|$)|(?=/\s?[sS]/)|^\s*(?=s/\s?[A-Z]|/s\s))"
)
_FIELD = re.compile(
    r"(?<![\w’'])(?P<field>(?:Print(?:ed)?|Typed|Full)?\s*Name(?:\s+\(?(?:Please\s+)?[Pp]rint(?:ed)?\)?)?|Title|Its|Position|Date[d]?|Office|Capacity|Attest|Witness(?:\s+Name)?)\s*:",
    re.IGNORECASE,
)
_SIGNED_BY = re.compile(
    r"^\s*(?:SIGNED|Signed|EXECUTED|Executed)\b(?:\s+(?:and\s+delivered|(?i:as\s+a\s+deed)|sealed\s+and\s+delivered))*[\s,]*(?:by|BY|for\s+and\s+on\s+behalf\s+of|on\s+behalf\s+of|(?=:))\s*:?\s*(?P<who>[A-Z][^\n]{2,160})$"
)
_TO_SIGN = re.compile(r"\s*(?:(?:Signature|Signed|Sign(?:ed)?\s+here|By)(?:\s+by)?\s*:?)?[\s_.…/xX]*", re.IGNORECASE)
# What may stand above the fields of the first block, where its party stands below them: no party, that is.
_LEADS_IN = re.compile(
    r"[.;]\s*$|^(?!\s*(?:for|on\s+behalf)\b).*:\s*$|\b(?:sign(?:ed|atures?|ature\s+page)|executed|witness)\b",
    re.IGNORECASE,
)
# "For Nordvik Havn A/S", above the name of who signs for it, or below.
_FOR = re.compile(r"^\s*(?:For|FOR)(?:\s+and\s+on\s+behalf\s+of)?\s*:?\s+(?P<who>[A-Z][^\n]{2,100})$")
_FOR_BELOW = re.compile(r"^\s*\(?(?i:(?:for\s+and\s+)?on\s+behalf\s+of|for)\s*:?\s+(?P<who>[A-Z][^\n]{2,100})$")
# "Executed as a deed by X LIMITED acting by Jane Doe, a director, in the presence of:".
_ACTING = re.compile(r"[\s,(]*\bacting\s+by\b(?:\s+its\b[^,:]{0,60}[,:])?\s*(?P<person>[^\n]*)", re.IGNORECASE)
_FOR_WHOM = re.compile(r",\s+for\s+(?:and\s+on\s+behalf\s+of\s+)?the\b[^\n]*", re.IGNORECASE)
_PRESENCE = re.compile(r"[\s,(]*\bin\s+the\s+presence\s+of\b", re.IGNORECASE)
_ON_BEHALF = re.compile(r"\b(?:for\s+and\s+)?on\s+behalf\s+of\s+(?:the\s+)?(?P<party>[A-Z][^\n)]{2,100})")
_BEHALF = re.compile(r"\b(?:on|by)\s+behalf\s+of\b", re.IGNORECASE)
_WITNESS = re.compile(
    r"\bIN\s+(?:WITNESS|EVIDENCE|TESTIMONY)\s+WHEREOF\b|\b[Ii]n\s+[Ww]itness\s+[Ww]hereof\b|\b[Ii]n\s+evidence\s+whereof\b|\bAS\s+WITNESS\b|\bSIGNATURE\s+PAGE\b|\bduly\s+(?:authori[sz]ed\s+)?(?:executed|representatives?)\b"
)
_WITNESSED = re.compile(r"\bin\s+the\s+presence\s+of\b|\bwitness(?:ed\s+by)?\b", re.IGNORECASE)
_LONGEST_BLOCK = 600  # characters, and between one and the one that it goes on in
_MOST_DIGITS = 0.1  # of the characters of a block; one with more has a table in the lines above it
_LONGEST_RULE = 200  # characters, with the space around it
_RULE = "_.…–—-"
_MARKS = re.compile(r"[_\-–—\s.:|/]+")
_PERSON = re.compile(
    r"(?:(?:Mr|Ms|Mrs|Dr)\.?\s+)?(?:[A-ZÀ-Þ][\w’'.-]*|[A-Z]\.)(?:\s+(?:[A-ZÀ-Þ][\w’'.-]*|[A-Z]\.|de|van|von|der|al|bin|Jr\.?|Sr\.?|I{2,3})){1,4}(?:,?\s+(?:Jr|Sr|M\.?D|Ph\.?D|M\.H\.A|Esq|II|III)\.?)*"
)
_OFFICE = re.compile(
    r"\b(?:president|officer|director|manager|secretary|treasurer|chairman|chairwoman|chair|partner|member|counsel|ceo|cfo|coo|cio|cto|vp|v\.p|evp|svp|vice|executive|head|trustee|agent|attorney|signatory|representative|owner|founder|principal|controller|mayor|administrator|general)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Block:
    """A block that is being read, of one column."""

    party: str
    start: int
    end: int
    name: str = ""
    title: str = ""
    fields: set[str] = field(default_factory=set)
    awaits: bool = False  # "for and on behalf of": its party stands below
    witnessed: bool = False  # the fields that follow are of a witness
    named_only: bool = False  # begun by "For X" alone: no block, unless somebody's name follows


def find_signatures(document: Document, parties: Sequence[str] = ()) -> tuple[Signature, ...]:
    """The signature blocks of a document, in order; `parties`: names that are known, by which lines are told apart."""
    rows = [row for row in lines(document) if not row.noise or _SIGNED_BY.match(row.text)]  # rules of dots are noise
    found: list[_Block] = []
    open_blocks: list[_Block] = []
    since = 0  # lines since the last field
    for index, row in enumerate(rows):
        signs = _signatures(row.text) or _for_party(row.text, parties)
        if not signs and all(block.name for block in open_blocks) and _is_below_rule(document, row):
            signs = _known_party(row.text, parties)
        is_open = any(block.party for block in open_blocks)
        if named := _named_above(document, rows, index, parties, found, is_open=is_open):
            found = [*(block for block in found if block.start < named.start), named]
            open_blocks = []
        elif signs and len(open_blocks) == 1 and since < 2 and _BEHALF.search(row.text):
            # The second line of "SIGNED by".
            open_blocks[0].awaits, open_blocks[0].end = True, row.end
        elif signs:
            open_blocks = _begin(rows, index, signs, parties, found[-1].end if found else 0)
            found += open_blocks
            since = 0
        elif open_blocks and since < _BELOW:
            since = 0 if _fill(open_blocks, row) else since + 1
        else:
            open_blocks = []
        if len(found) >= _MOST_BLOCKS:
            break
    return tuple(Signature(b.party, b.name, b.title, document.span(b.start, b.end)) for b in _joined(found))


@document_cache()
def signature_spans(document: Document) -> tuple[Span, ...]:
    """The spans of the signature blocks of a document, in order, those left out that may hold other words."""
    spans = (each.span for each in find_signatures(document) if len(each.span) < _LONGEST_BLOCK)
    return tuple(span for span in spans if sum(map(str.isdigit, document.slice(span))) <= _MOST_DIGITS * len(span))


def _joined(blocks: Sequence[_Block]) -> Iterator[_Block]:
    """The blocks that say something; one of a company that signs for another ("By: X GP, its General Partner", then
    "By: …") is of the same party as the one below it.
    """
    chained: _Block | None = None
    for block in blocks:
        is_near = chained is not None and block.start - chained.end < _LONGEST_BLOCK
        if chained is not None and is_near and (not block.party or ENDS_AS_COMPANY.search(block.party) is None):
            block.party, block.start = chained.party, chained.start
        elif chained is not None:
            yield chained
        chained = block if ENDS_AS_COMPANY.search(block.name) or _PARTNER.search(block.title) else None
        is_block = not block.named_only or "name" in block.fields
        if chained is None and (block.name or (is_block and (block.party or block.title))):
            yield block
    if chained is not None:
        yield chained


_PARTNER = re.compile(r"\b(?:its|sole)\b.*\b(?:partner|member|manager)\b", re.IGNORECASE)


def _signatures(text: str) -> list[str]:
    """What stands after each "By:" or "/s/" of a line; empty where nobody signs in it."""
    if match := _SIGNED_BY.match(text):
        return [match["who"]]
    if len(text) > 200 or not ("By" in text or "s/" in text or "S/" in text or "BY" in text):
        return []
    starts: list[re.Match[str]] = []
    for match in _SIGNS.finditer(text):
        if not starts or match.start() > starts[-1].end():
            starts.append(match)
    if not starts or not _begins_block(text, starts):
        return []
    ends = [m.start() for m in starts[1:]] + [len(text)]
    return [text[m.end() : end] for m, end in zip(starts, ends, strict=True)]


def _named_above(
    document: Document, rows: list[Line], index: int, parties: Sequence[str], found: Sequence[_Block], *, is_open: bool
) -> _Block | None:
    """The block that ends with a line that says for whom it is signed: above it are fields, filled in or not, or a name
    and its office below a rule to sign on. `is_open`: a block that has its party is being read.
    """
    party = _for_party(rows[index].text, parties, _FOR_BELOW)
    if not party or is_open:
        return None  # the fields above are of that block, and those of this one below
    block = _Block(party[0], rows[index].start, rows[index].end)
    for row in reversed(rows[max(0, index - _BELOW) : index]):
        if len(fields := list(_FIELD.finditer(row.text))) == 1:
            _set(block, fields[0]["field"], row.text[fields[0].end() :])
        elif not _TO_SIGN.fullmatch(row.text):
            if block.fields and not (found and row.end <= found[-1].end) and not _LEADS_IN.search(row.text):
                return None  # it says whose fields these are
            break
        block.start = row.start
    return block if block.fields else _named_below_rule(document, rows, index, block)


def _named_below_rule(document: Document, rows: list[Line], index: int, block: _Block) -> _Block | None:
    for row in reversed(rows[max(0, index - 2) : index]):
        block.start = row.start
        if _fill_bare(block, _value(row.text), block.end) and block.name:
            return block if _is_below_rule(document, row) else None
        if not block.title:
            return None
    return None


def _for_party(text: str, parties: Sequence[str], said: re.Pattern[str] = _FOR) -> list[str]:
    """The party that a line says is signed for, and nothing else: "For Nordvik Havn A/S"; the name stands below."""
    match = said.match(text)
    who = _value(match["who"]) if match else ""
    is_party = bool(ENDS_AS_COMPANY.search(who)) or any(flat(who) == flat(name) for name in parties)
    return [who] if who and is_party else []


def _is_below_rule(document: Document, row: Line) -> bool:
    """Whether the line above is a rule to sign on, which may be noise to the outline."""
    above = document.text[max(0, row.start - _LONGEST_RULE) : row.start].rstrip()
    return above != "" and not above[-5:].strip(_RULE) and not re.split(r"[\n\f]", above)[-1].strip(_RULE + " \t")


def _known_party(text: str, parties: Sequence[str]) -> list[str]:
    """The party whose name a line is."""
    return [name for name in parties if flat(name) == flat(_value(text))][:1]


def _begins_block(text: str, starts: Sequence[re.Match[str]]) -> bool:
    """Whether the marks of a line are of signatures: it begins with one, has several, or a conformed one ("/s/")."""
    before = text[: starts[0].start()].strip(" \xa0)(|")
    return not before or len(starts) > 1 or bool(_CONFORMED.match(text, starts[0].end()))


def _begin(rows: list[Line], index: int, signs: list[str], parties: Sequence[str], after: int) -> list[_Block]:
    """New blocks, one a column, with the parties of the lines above that follow the last block's end, `after`."""
    if not _signatures(rows[index].text):
        is_person = not ENDS_AS_COMPANY.search(signs[0]) and _PERSON.fullmatch(signs[0])
        name = signs[0] if is_person else ""
        return [_Block(signs[0], rows[index].start, rows[index].end, name, named_only=True)]
    above, start = _party_lines(rows, index, after)
    named = _columns(above, len(signs), parties)
    blocks = []
    for said, party in zip(signs, named, strict=True):
        behalf = _ON_BEHALF.search(said)
        block = _Block(_value(behalf["party"]) if behalf else party, start, rows[index].end)
        block.awaits = not behalf and bool(_BEHALF.search(rows[index].text))
        said = re.sub(r"^[\s/]*[sS]/[sS]?", "", said[: behalf.start()] if behalf else said)
        if is_witnessed := _PRESENCE.search(said):
            said = said[: is_witnessed.start()]
        if acting := _ACTING.search(said):
            block.party, said = _value(said[: acting.start()]) or block.party, acting["person"]
        who = _value(_FOR_WHOM.sub("", said))
        if ENDS_AS_COMPANY.search(who) and _SIGNED_BY.match(rows[index].text):
            block.party, who = who, ""
        _sign(block, who)
        block.witnessed = bool(is_witnessed and block.name)
        blocks.append(block)
    return blocks


def _sign(block: _Block, who: str) -> None:
    """Take the name, and the office after it, of who signs: "Jane Doe, a director"."""
    if person := _PERSON.match(who):
        block.name = person[0]
        rest = who[person.end() :].strip(" ,()-–")
        block.title = re.sub(r"^(?:an?|its|the)\s+", "", rest) if _OFFICE.search(rest) else ""


def _party_lines(rows: list[Line], index: int, after: int) -> tuple[list[str], int]:
    """The lines above a signature in which its party stands, and where they begin; none begins before `after`."""
    above: list[str] = []
    start = rows[index].start
    for row in reversed(rows[max(0, index - _ABOVE) : index]):
        text = row.text.strip()
        if (
            row.start < after
            or _FIELD.search(text)
            or _signatures(text)
            or _WITNESS.search(text)
            or (text.endswith(".") and not ENDS_AS_COMPANY.search(text))
            or len(text) > 140
        ):
            break
        if _MARKS.fullmatch(text):
            continue
        above.insert(0, text)
        start = row.start
    return above, start


def _columns(above: list[str], count: int, parties: Sequence[str]) -> list[str]:
    """The party of each column, from the lines above: the known names among them in order, else what looks like one."""
    joined = " ".join(" ".join(above).split())
    known = sorted((at, name) for name in parties if (at := flat(joined).find(flat(name))) >= 0)
    if len(known) >= count:
        return [name for _, name in (known[:count] if count > 1 else known[-1:])]
    if count == 1:
        return [_one_party(above)]
    for line in above:
        cells = [cell for cell in re.split(r"\s{2,}|\t", line.replace("\xa0", " ")) if cell.strip()]
        if len(cells) == count:
            return [_value(cell) for cell in cells]
        parts = re.findall(
            r"\S.*?(?:Inc|Corp|Corporation|LLC|L\.L\.C|Ltd|Limited|L\.P|LP|Company|plc|N\.A|GmbH|AG|S\.A|B\.V)\b\.?,?(?=\s|$)",
            line,
            re.IGNORECASE,
        )
        if len(parts) == count:
            return [_value(part) for part in parts]
    return [known[0][1] if known else ""] + [""] * (count - 1)


def _one_party(above: list[str]) -> str:
    for line in above:
        text = _value(re.sub(r"^(?:FOR|For)\s+|^[A-Z][\w ]{2,30}:\s+(?=[A-Z])", "", line))
        if ENDS_AS_COMPANY.search(text) or (text.isupper() and len(text) > 3 and not _NO_PARTY.search(text)):
            return text
    last = above[-1] if above else ""
    is_party = (
        last[:1].isupper() and len(last) < _LONGEST_VALUE and not _OFFICE.search(last) and not _NO_PARTY.search(last)
    )
    return _value(last) if is_party else ""


_NO_PARTY = re.compile(
    r"\b(?:signature|signed|name|address|date|witness|hand|seal|presence|party|undersigned|typed|printed|title|sincerely|truly|agreed|accepted)\b",
    re.IGNORECASE,
)


def _fill(blocks: list[_Block], row: Line) -> bool:
    """Read a line below a signature into the blocks; whether it belonged to them."""
    fields = list(_FIELD.finditer(row.text))
    if fields:
        ends = [m.start() for m in fields[1:]] + [len(row.text)]
        for at, (match, end) in enumerate(zip(fields, ends, strict=True)):
            block = blocks[at if len(fields) > 1 else 0] if at < len(blocks) else None
            if block is not None:
                _set(block, match["field"], row.text[match.end() : end])
                block.end = max(block.end, row.end)
        return True
    text = _value(row.text)
    if _MARKS.fullmatch(row.text) or not text:
        return True
    if len(blocks) == 1 and (acting := _ACTING.match(text)):
        _sign(blocks[0], _value(_PRESENCE.split(acting["person"])[0]))
        blocks[0].end = row.end
        return True
    if _WITNESSED.search(text) and blocks[-1].name:
        office = _value(_PRESENCE.split(text)[0])
        if not blocks[-1].title and _OFFICE.fullmatch(office):  # "acting by Jane Doe, a" stands above
            blocks[-1].title = office
        blocks[-1].witnessed, blocks[-1].end = True, row.end
        return True
    if _BEHALF.search(text):
        behalf = _ON_BEHALF.search(text)
        known = bool(behalf) and bool(ENDS_AS_COMPANY.search(text))
        blocks[-1].party, blocks[-1].end = (behalf["party"] if behalf and known else ""), row.end
        blocks[-1].awaits = not known
        return True
    if blocks[-1].awaits and ENDS_AS_COMPANY.search(text):
        blocks[-1].party, blocks[-1].end, blocks[-1].awaits = text, row.end, False
        return True
    if len(blocks) == 1 and len(text) < _LONGEST_VALUE and not blocks[0].fields and not blocks[0].witnessed:
        return _fill_bare(blocks[0], text, row.end)
    return False


def _fill_bare(block: _Block, text: str, end: int) -> bool:
    """A line without a field: "Richard Kornhauser, President & CEO", or "CEO" below the name."""
    name, _, rest = text.partition(",")
    person = _PERSON.fullmatch(name.strip()) if not ENDS_AS_COMPANY.search(text) else None
    if _OFFICE.search(text) and not block.title and (person is None or _OFFICE.search(name)):
        block.title, block.end = text, end
        return True
    if person and not (block.name and flat(block.name) != flat(name)) and not text.isupper():
        block.name, block.end = name.strip(), end
        block.title = block.title or (rest.strip() if _OFFICE.search(rest) else "")
        return True
    return False


def _set(block: _Block, name: str, raw: str) -> None:
    value = _value(raw)
    kind = "name" if "name" in name.lower() else name.lower()
    block.fields.add(kind)
    block.witnessed = block.witnessed or kind in ("witness", "attest")
    if block.witnessed:
        return
    if kind == "name" and value and "witness" not in name.lower():
        person, _, office = value.partition(",")
        block.name = value if not _OFFICE.search(office) else person
        block.title = block.title or (office.strip() if _OFFICE.search(office) else "")
    elif kind in ("title", "its", "position", "office", "capacity") and value:
        block.title = value


def _value(raw: str) -> str:
    """A value without the rules and marks around it; empty where nothing is filled in."""
    words = " ".join(raw.replace("\xa0", " ").split()).strip(" _-–—:;,|()[]*")
    words = re.split(r"_{3,}|\s-{3,}|\.{3,}", words)[0].strip()
    return words if len(words) <= _LONGEST_VALUE and re.search(r"[^\W\d_]{2}", words) else ""


def signers(document: Document, signatures: Sequence[Signature]) -> tuple[Party, ...]:
    """Parties of a document that names them at its end only: companies that sign, and people who sign themselves."""
    found: dict[str, Party] = {}
    for signature in signatures:
        name = signature.party if ENDS_AS_COMPANY.search(signature.party) else signature.name
        words = r"\s+".join(map(re.escape, name.split()))
        where = re.compile(words).search(document.text, signature.span.start, signature.span.end) if name else None
        if where:
            party = Party(name, "", (), document.span(*where.span()), signature.span)
            found.setdefault(flat(name), party)
    return tuple(found.values())


# Notices

_NOTICES = re.compile(r"\b(?:notices?|communications?)\b", re.IGNORECASE)
_ADDRESSED = re.compile(
    r"^\s*(?:\(?\w{1,4}[.)]\s+)?(?:(?:If|if|IF)\s+(?:notice\s+(?:is\s+)?)?(?:(?:to|for)\s+)?"
    r"|(?:To|TO|For|As\s+to|Notices?\s+to|with\s+(?:a\s+)?cop(?:y|ies)\s+to)\s+)(?:the\s+)?(?P<party>[A-Z][^\n:,(]{1,80}?)"
    r"(?:,?\s+to)?\s*[:,(]|^\s*(?P<bare>[A-Z][\w .,&’'-]{2,60}):\s*$"
)
_CONTACT = re.compile(
    r"\b(?:Attn|Attention|Facsimile|Fax|Telecopy|Tel(?:ephone)?|E-?mail|Phone|Street|Avenue|Suite|Road|P\.?O\.?\s+Box|Floor"
    r"|Boulevard|Blvd|Drive)\b|\b\d{5}(?:-\d{4})?\b|@",
    re.IGNORECASE,
)
_MOST_ADDRESS_LINES = 12
_NEAR_NOTICES = 60  # lines after a mention of notices in which an address belongs to it


def find_notices(document: Document) -> tuple[NoticeAddress, ...]:
    """The notice addresses of a document, in order."""
    return tuple(_addresses(document, [row for row in lines(document) if not row.noise]))


def _addresses(document: Document, rows: list[Line]) -> Iterator[NoticeAddress]:
    mentioned = -_NEAR_NOTICES
    index = 0
    while index < len(rows):
        text = rows[index].text
        if _NOTICES.search(text):
            mentioned = index
        begins = _ADDRESSED.match(text) if index - mentioned <= _NEAR_NOTICES else None
        last = _address_end(rows, index) if begins else index
        if begins and last > index:
            yield NoticeAddress(
                _value(begins["party"] or begins["bare"]), document.span(rows[index].start, rows[last].end)
            )
            index = last
        index += 1


def _address_end(rows: list[Line], index: int) -> int:
    """The last line of an address that begins below a line; the line itself where none does."""
    last = index
    for at in range(index + 1, min(len(rows), index + _MOST_ADDRESS_LINES)):
        text = rows[at].text.strip()
        if _ADDRESSED.match(text) and not _CONTACT.search(text):
            break
        if len(text) > 90 or re.match(r"(?:\d+\.\d+|\d{1,2}\.|Section|ARTICLE)\s", text):
            break
        if _CONTACT.search(text):
            last = at
    return last
