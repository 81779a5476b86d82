"""Extracts a contract's statements clause by clause, and chooses those that matter most (extractive summary,
word for word).

Nothing is generated here. A statement is a span of the canonical text: a sentence, or the opening words of a list with
its items. Its score follows from its content (obligations and rights, amounts, dates, periods, subjects that lawyers
look for) and from its position. The weights lie between what a regression on labelled contracts gave and what lawyers
ask beyond those labels; `bench/summaries.py` measures the outcome.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from retrieval import (
    Clause,
    Document,
    PinCite,
    Span,
    find_definitions,
    find_tables,
    outline,
    own_words,
    pin_cite,
    sentences,
)
from webapp.grounding.facts import find_facts

LEAST_LINES, LINES_A_PAGE, MOST_LINES = 15, 2.5, 110  # statements chosen of a document
MATTERS = 1.0  # least worth of a statement that is chosen beside the best one of its clause
_AGAIN, _MORE = 0.3, 0.1  # deductions for a further statement of the same section, and of the same clause
_LONGEST = (
    1000  # characters of a list that is one statement; a longer one is split into its opening words and its items
)
_NEAR = 80  # characters from a clause's number to its first sentence, or to a term: the heading is in between
_OWN_CLAUSES = 3  # a schedule with so many clauses of its own is summarised clause by clause
_DEFINITIONS = 3  # definitions in one clause from which on they are listed as terms

_BINDS = re.compile(
    r"\b(?:shall|must|will|may|agrees?|undertakes?|covenants?|is entitled|has the right|is (?:not )?responsible)\b",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"\b(?:(?:shall|may|must|will) not|shall neither|neither party|in no event|no party|not be liable|without the "
    r"(?:prior|written))\b",
    re.IGNORECASE,
)
# Subjects of statements, by family, with the weight of each family.
_SUBJECTS = tuple(
    (weight, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for weight, words in (
        (1.2, r"governed (?:by|in)|laws of"),
        (1.0, r"continues? (?:in (?:full )?(?:force|effect)[\w ]{0,12} )?(?:until|for)"),
        (1.0, r"remains? in (?:full )?(?:force|effect)"),
        (1.0, r"assign(?:s|ed|able|ment)?"),
        (1.0, r"hereby grants?|grants? to|licen[cs](?:es|ed) to|right and licen[cs]e|non-?exclusive"),
        (1.0, r"exclusiv\w+"),
        (1.0, r"insurance"),
        (1.0, r"audit\w*|inspect\w*|books and records"),
        (1.0, r"compet\w+|solicit\w*"),
        (1.0, r"change (?:of|in) control|all or substantially all"),
        (1.0, r"first (?:refusal|offer|negotiation)|option to"),
        (0.8, r"minimum|at least|no less than|up to|not exceed"),
        (0.8, r"perpetual|irrevocabl[ey]|royalty-free"),
        (0.8, r"most favou?red|no less favou?rable|third[- ]party beneficiar\w+|source code|escrow"),
        (0.8, r"disparag\w+|sue|contest\w*|challeng\w*"),
        (0.7, r"terminat\w+|expir(?:e|es|ed|ation)|ends?"),
        (0.7, r"renew\w*|extended"),
        (0.7, r"(?:initial )?term|period of|effective date|takes? effect|commenc\w+"),
        (0.7, r"liab(?:le|ility)|consequential|damages"),
        (0.6, r"consent"),
        (0.6, r"own(?:s|ed|ership)?|title to|work made for hire|right, title"),
        (0.6, r"indemnif\w+|hold harmless"),
        (0.6, r"royalt\w+|fees?|prices?|commissions?|revenues?|profits?"),
        (0.4, r"notice"),
        (0.3, r"breach|cured?|default"),
        (0.3, r"arbitrat\w+|jurisdiction|venue"),
        (0.3, r"warrant(?:s|y|ies)?"),
        (0.3, r"pay(?:s|ment|able)?"),
        (0.3, r"confidential\w*"),
    )
)
_MOST_SUBJECTS = 3.0
_PARTIES = re.compile(r"\b(?:between|among|amongst)\b", re.IGNORECASE)
_MADE = re.compile(r"\b(?:agreement|contract|lease|amendment|deed|licen[cs]e|addendum)\b", re.IGNORECASE)
_FORMAL = re.compile(
    r"\b(?:headings?|captions?|counterparts?|severab\w+|singular|plural|gender|construed (?:as if|against)"
    r"|further assurances"
    r"|in witness whereof|duly authori[sz]ed|intentionally (?:left|omitted)|incorporated (?:herein )?by reference)\b",
    re.IGNORECASE,
)
_LEANS_BACK = re.compile(  # on the sentence before it
    r"(?:(?:until|after|in|on|at|for|by|from) that|(?:if|when|unless|but) (?:it|they|he|however)|if, however|it|they"
    r"|those|these|such|that"
    r"|however|otherwise)\b|this (?!agreement|lease|contract|amendment|deed|section|article)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"^\W*(?:by|name|title|its|date|attest|witness)\s*:|in witness whereof|_{4,}|/s/", re.IGNORECASE
)
_NUMBER_FIRST = re.compile(
    r"^\W*(?:(?:section|article|clause)\s+)?(?:\d+(?:\.\d+)*|[ivxlc]+|[a-z])?[.)\s–:-]+", re.IGNORECASE
)
_NUMBERED = re.compile(r"Section \d|Article ")
_ITEM = re.compile(r"\s*(?:\(?(?:[a-z]{1,4}|\d{1,2}|[A-Z])\)|[-•])\s")
_COMPLETE = re.compile(r"[.?!;][\"”’)\]]*\s*$")
_LAST_ITEM = re.compile(r"\.[”\"’)]?\s*$")
_WORD = re.compile(r"[a-z]{3,}")
_SAYS_LITTLE = frozenset(
    "the and for with this that any all other party parties agreement shall such general section article".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(PinCite):
    """A sentence, a list with its opening words, or a table: the page's own words, pin cite, and score (`worth`).

    A table has one line per row.
    """

    text: str
    worth: float
    term: str = ""  # the term that it defines


@dataclass(frozen=True, slots=True)
class Group:
    """A top-level clause, or the text before the first: label, heading, schedule, and statements."""

    # "Article 14", "Schedule 2"; empty for the text before the first clause, or if nothing is numbered.
    label: str
    heading: str
    part: str  # the schedule that it belongs to, "Schedule 2 (Service levels)"; empty in the contract itself
    statements: tuple[Statement, ...]  # in reading order
    definitions: tuple[Statement, ...] = ()


@lru_cache(maxsize=8)
def groups(document: Document) -> tuple[Group, ...]:
    """Group all statements of a document by clause, in reading order; empty for one without sentences."""
    all_statements = statements(document)
    out = []
    heads = list(_heads(document))
    for (start, label, heading, part), (end, *_) in pairwise([*heads, (len(document.text), "", "", "")]):
        inside = tuple(s for s in all_statements if start <= s.span.start < end)
        definitions = tuple(s for s in inside if s.term)
        if inside:
            out.append(Group(label, heading, part, inside, definitions if len(definitions) >= _DEFINITIONS else ()))
    return tuple(out)


def essence(document: Document) -> tuple[Group, ...]:
    """Select the most important statements of `groups`: at least one of each clause, more for a longer document."""
    whole = groups(document)
    room = min(LEAST_LINES + round(LINES_A_PAGE * len(document.pages)), MOST_LINES)
    chosen = {max(group.statements, key=lambda s: s.worth).span for group in whole}
    rows = [(i, s) for i, group in enumerate(whole) for s in group.statements]
    sections = Counter((i, _told_of(s)) for i, s in rows if s.span in chosen)
    clauses = Counter(i for i, s in rows if s.span in chosen)

    def worth_left(row: tuple[int, Statement]) -> float:
        return row[1].worth - _AGAIN * sections[row[0], _told_of(row[1])] - _MORE * clauses[row[0]]

    rest = [row for row in rows if row[1].span not in chosen and row[1].worth >= MATTERS]
    while rest and len(chosen) < room:
        best = max(rest, key=worth_left)
        if worth_left(best) < MATTERS:
            break
        chosen.add(best[1].span)
        sections[best[0], _told_of(best[1])] += 1
        clauses[best[0]] += 1
        rest.remove(best)
    antecedents = [a.span for (i, a), (j, b) in pairwise(rows) if i == j and b.span in chosen and _refers_back(a, b)]
    chosen.update(antecedents)
    return tuple(replace(g, statements=tuple(s for s in g.statements if s.span in chosen)) for g in whole)


def _told_of(statement: Statement) -> str:
    """The section that a statement is one of; the parts of a schedule are one."""
    return statement.section.partition(", Part ")[0]


def _refers_back(before: Statement, statement: Statement) -> bool:
    """Whether a statement needs the one before it to be understood: "After that Supplier may raise them"."""
    return before.section == statement.section and bool(_LEANS_BACK.match(statement.text))


@lru_cache(maxsize=8)
def statements(document: Document) -> tuple[Statement, ...]:
    """Extract the statements of a document in reading order, without repetitions and signature blocks."""
    starts = [clause.span.start for clause in outline(document)]
    terms = {d.where.start: d.term for d in find_definitions(document) if d.leads}
    out: dict[str, Statement] = {}
    section_before = None
    rows = {document.span(table[0].start, table[-1].end): table for table in find_tables(document)}
    for span in _with_lists(document, sentences(document)):
        text = "\n".join(own_words(document, row) for row in rows.get(span, (span,)))
        if text in out or _SIGNATURE.search(text):
            continue
        cite = pin_cite(document, span)
        first = cite.section != section_before or any(0 <= span.start - start < _NEAR for start in starts)
        section_before = cite.section
        term = next((terms[at] for at in range(span.start, min(span.end, span.start + _NEAR)) if at in terms), "")
        worth = _worth(text, cite.section, first=first, defines=bool(term))
        out[text] = Statement(**cite.where(), text=text, worth=worth, term=term)
    return tuple(out.values())


def _with_lists(document: Document, spans: Sequence[Span]) -> Iterator[Span]:
    """Join the opening words of a list with its items, if the whole is short enough; other sentences pass unchanged."""
    at = 0
    while at < len(spans):
        last = at
        if not _COMPLETE.search(document.slice(spans[at])):
            while last + 1 < len(spans) and _ITEM.match(document.slice(spans[last + 1])):
                last += 1
                if _LAST_ITEM.search(document.slice(spans[last])):
                    break
        if spans[last].end - spans[at].start > _LONGEST:
            last = at
        yield document.span(spans[at].start, spans[last].end)
        at = last + 1


def _worth(text: str, section: str, *, first: bool, defines: bool) -> float:
    body = _NUMBER_FIRST.sub("", text, count=1)
    kinds = {key[0] for fact in find_facts(text) for key in fact.keys}
    subjects = sum(weight for weight, words in _SUBJECTS if words.search(body))
    worth = min(subjects, _MOST_SUBJECTS) + 0.4 * bool(_BINDS.search(body)) + 0.5 * bool(_FORBIDS.search(body))
    worth += 0.9 * bool(kinds & {"amount", "percent"}) + 0.6 * ("count" in kinds)
    worth += 0.8 * bool(kinds & {"date", "month"}) + 0.5 * _of_heading(section, body) + 0.4 * first
    if not _NUMBERED.match(section) and len(text) > _NEAR and _PARTIES.search(text) and _MADE.search(text):
        worth += 2.5  # the words that name the parties
    worth -= 0.8 * bool(_LEANS_BACK.match(body))
    worth -= 1.2 * defines + 1.2 * bool(_FORMAL.search(text))
    return worth - 0.8 * (len(body) < 45) - 0.3 * (len(body) > 700) - 0.5 * (not _COMPLETE.search(text))


def _of_heading(section: str, body: str) -> float:
    """Share of a heading's words that a statement contains: "Governing law" and "governed by the laws of"."""
    heading = {w[:5] for w in _WORD.findall(section.partition("(")[2].lower()) if w not in _SAYS_LITTLE}
    return len(heading & {w[:5] for w in _WORD.findall(body.lower())}) / len(heading) if heading else 0.0


def _heads(document: Document) -> Iterator[tuple[int, str, str, str]]:
    """Start of each group, with its label, heading and schedule.

    A clause without a number (recital, list item) belongs to the group before it.
    """
    yield 0, "", "", ""
    clauses, before = outline(document), ("", "")
    paths: list[list[Clause]] = []  # each clause with its ancestors, outermost first
    for clause in clauses:
        paths.append([*(paths[clause.parent] if clause.parent is not None else ()), clause])
    divided_parts = _with_own_clauses(paths)
    for path in paths:
        part = path[0] if _is_part(path[0]) else None
        head = _head(path)
        if part and (head is None or part not in divided_parts):
            label, heading = part.label(), part.heading
        elif head:
            below = head.kind == "number" and "." in head.local  # no line says 8 above 8.1
            label = head.local if head.kind == "article" else f"Section {head.local.partition('.')[0]}"
            heading = "" if below else head.heading
        else:
            continue
        schedule = f"{part.label()} ({part.heading})" if part and part.heading else part.label() if part else ""
        if (schedule, label) != before:
            before = schedule, label
            yield path[-1].span.start, label, heading, schedule if part in divided_parts else ""


def _head(path: Sequence[Clause]) -> Clause | None:
    """The outermost article or section of a clause."""
    return next((c for c in path if c.kind in ("article", "number")), None)


def _is_part(clause: Clause) -> bool:
    """Whether a clause is a schedule, an exhibit or the like, or attached terms: it has a numbering of its own."""
    return clause.kind in ("part", "title")


def _with_own_clauses(paths: Sequence[Sequence[Clause]]) -> set[Clause | None]:
    """Schedules that are summarised clause by clause: those with several clauses that have a heading."""
    counts: dict[Clause, int] = {}
    for path in paths:
        if _is_part(path[0]) and path[-1].heading and _head(path) is path[-1]:
            counts[path[0]] = counts.get(path[0], 0) + 1
    return {part for part, count in counts.items() if count >= _OWN_CLAUSES}
