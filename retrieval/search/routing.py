"""Routes a question to the documents it names, and takes their names out of it.

A title drags cover pages to the top of a search, so it is taken out: "Consider the Distributor Agreement between A and
B; who may terminate?" is searched as "who may terminate?" in that one contract. A name is believed where a document's
file name or opening bears it out; a name that fits many documents tells none apart and is left alone.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

from retrieval.library.library import Library
from retrieval.reading.formats import SUFFIXES, without_suffix
from retrieval.search.lexical import OPENING, Lexical, stems_of
from retrieval.structure.clause_marks import NUMERALS, ORDINALS, nth
from retrieval.structure.parties import Party
from retrieval.structure.printed_places import printed_places

_ASKED = 8  # documents looked at for a name
_ASKED_FOR_KIND = 32  # for a kind of document alone ("the lease"), or the number of an amendment
_NEARLY_ALL = 0.75  # of a short name's words by their rarity
_MOST = 0.5  # of a whole title's, which openings spell otherwise now and then
_CLOSE = 0.97  # of the best; documents as close as that may both be meant
_MANY = 4  # documents; a name that fits more of them tells none apart

_KIND = (
    r"(?:agreement|contract|lease|licen[cs]e|amendment|addendum|deed|letter|note|plan|loan|mortgage|indenture"
    r"|memorandum|nda|msa|sow)"
)
# A word of a name: a capital or a digit first, and not one that only begins a question.
_WORD = (
    r"(?!(?:Wh(?:o|om|ose|at|en|ere|y|ich)|Is|Are|Was|Were|Do|Does|Did|Can|Could|May|Must|Shall|Should|Will|Would|Has"
    r"|Have|How|In|On|At|Under|Of|From|For|To|By|With|The|This|Our|My|An?|If|And|Or|Any|Tell|Show|List|Find|Give"
    r"|Compare|Summari[sz]e|Explain|Describe)\b)"
    r"[A-Z0-9][\w&.'’-]*"
)
_RUN = rf"{_WORD}(?:,?\s+(?:(?:of|and|for|&)\s+(?:the\s+)?)?{_WORD})*"

_LEADING = re.compile(
    r"\s*(?:consider|regarding|concerning|re:?|as (?:to|for)|with (?:respect|regard) to)\s+(?P<name>.+?)\s*[;:]\s+"
    r"(?P<rest>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
# "the Customer terminate this agreement" is no name, whatever stands in the opening of that agreement.
_NO_DETERMINER = r"(?!(?:this|that|these|those|the|our|my|your|his|her|its|their|any|each|every|such)\s)"
# "the Acme lease", "the Contoso loan agreement of 2019", "our lease with Acme Holdings"
_TITLED = re.compile(
    rf"\b(?P<name>{_RUN}\s+(?:{_NO_DETERMINER}(?!an?\s)[a-z]+\s+){{0,2}}?(?i:{_KIND})\b(?:\s+(?:of\s+|dated\s+)?\d{{4}}\b)?"
    rf"|(?:[a-z]+\s)?{_KIND}\s+(?:with|between)\s+{_RUN})"
)
# "acme-lease.pdf", "in the acme lease", "under the battery regulation"
_OF_FILES = r"(?:regulation|complaint|motion|opinion|policy|directive|statute|guideline)"
_FILE_SUFFIX = "|".join(map(re.escape, SUFFIXES))
_FILED = re.compile(
    rf"(?=(?P<name>(?<![\w.-])[\w&.-]+(?:{_FILE_SUFFIX})\b"
    rf"|(?:(?<=\bthe\s)|(?<=\bour\s)|(?<=\bmy\s))(?:{_NO_DETERMINER}[\w&'’-]+\s+){{1,4}}(?:{_KIND}|{_OF_FILES})\b))",
    re.IGNORECASE,
)
# "the lease", of a kind that is a paper wherever it is spoken of: a "license" may be what a contract grants.
_KIND_ALONE = re.compile(
    r"\b(?:the|our|my)\s+(?P<name>(?:sub)?lease|deed|mortgage|indenture|nda|msa|sow|amendment|addendum)\b"
    r"(?!\s+(?:of|agreement|contract)\b)",
    re.IGNORECASE,
)
# "under the complaint", "the letter offers", of a kind that is more than a paper: where it says something, or something
# is looked for in it, or it is set beside another.
_PAPER = (
    r"(?:complaint|order|letter|loan|regulation|directive|statute|policy|motion|brief|petition|opinion|judgment"
    r"|guarant(?:y|ee)|memorandum|note|settlement|prospectus)"
)
_SPEAKS = (
    r"(?:says?|states?|provides?|requires?|demands?|offers?|asks?|seeks?|claims?|alleges?|argues?|holds?|decides?"
    r"|grants?|den(?:y|ies)|mentions?|proposes?|describes?|covers?|prohibits?|defines?|gives?|sets?|names?|cites?)"
)
_KIND_SPOKEN_OF = re.compile(
    rf"\b(?:in|under|per|and|or|than|between|compare|with|both)\s+(?:the|our|my)\s+(?P<name>{_PAPER})\b(?!\s+of\b)"
    rf"|\b(?:the|our|my)\s+(?P<speaker>{_PAPER})(?=\s+{_SPEAKS}\b)",
    re.IGNORECASE,
)
# "And of the loan?": all that is asked is another paper.
_KIND_INSTEAD = re.compile(
    r"\A\W*(?:(?:and|or|but|so|what|how)\s+)?(?:(?:about|in|under|of|for|from|to|by|with|on)\s+){0,2}(?:the|our|my)\s+"
    rf"(?P<name>{_KIND}|{_PAPER})\W*\Z",
    re.IGNORECASE,
)
# "Marchetti Dep. 42:5", "the Marchetti deposition"
_TESTIMONY = re.compile(
    rf"\b(?P<name>{_RUN})\s+(?:Dep(?:o|osition|\.)?|Tr(?:anscript|\.)|Decl(?:aration|\.)|Aff(?:idavit|\.)"
    r"|(?:deposition|testimony|transcript|declaration|affidavit)\b)"
)
_AMENDING = r"(?:amendment|addendum)"
_NTH = rf"(?P<nth>{'|'.join(ORDINALS[:20])}|\d{{1,2}}(?:st|nd|rd|th))\s+{_AMENDING}"
_COUNTED = (
    rf"{_AMENDING}\s+(?:(?:no\.?|number|nr\.?|\#)\s*)?(?P<count>\d{{1,2}}|[ivx]{{1,5}}|{'|'.join(NUMERALS)})(?!\w)"
)
_NUMBER = re.compile(rf"\b(?:{_NTH}|{_COUNTED})", re.IGNORECASE)
_FILE_NUMBER = re.compile(r"(?:^|[^a-z])am(?:d|dt|end|endment)?[-_ .]*(?P<count>\d{1,2})(?!\d)", re.IGNORECASE)
# "the First Amendment", "Acme's Amendment No. 2", "the second amendment to the supply agreement"
_NUMBERED = re.compile(
    rf"\b(?P<name>(?:(?P<owner>{_WORD}(?:\s+{_WORD}){{0,3}}?)\s+)?(?i:{_NTH}|{_COUNTED})"
    rf"(?:\s+(?:to|of)\s+(?:(?:the|our|my)\s+)?(?P<base>(?:[\w&.'’-]+\s+){{0,6}}?(?i:{_KIND}(?:\s+agreement)?)\b"
    rf"(?:\s+(?:with|between)\s+{_RUN})?))?)"
)
_BEGINNING = 300  # characters of an amendment in which its number stands
_MOST_OF_NAME = 3  # words by which an opening is known: "the settlement letter"
_NO_WORD_OF_NAME = frozenset("the a an of in under to for and or with by on at from other prior said same".split())
_GENERIC = frozenset(stems_of("agreement contract document"))  # alone it tells no document apart
_AND = re.compile(r"\s*,?\s+(?:and|or|&)\s+(?:(?:the|our|my)\s+)?", re.IGNORECASE)
_TWO_NAMES = re.compile(rf"\b({_KIND})\s*,?\s+(?:and|or|&)\s+(?:(?:the|our|my)\s+)?", re.IGNORECASE)
_PAGE = re.compile(r"\b(?:pages?|pp?\.)\s*(?:[A-Z]{1,3}-)?\d{1,5}\b", re.IGNORECASE)  # "A-1" of "page A-1" is no name
_CAPITALS = re.compile(rf"\b(?P<name>{_RUN})")
# A name that begins so is of a place or of a fact: "Section 4 of the Agreement", "4.2 of the Agreement",
# "Effective Date of the Agreement".
_SECTION = re.compile(
    r"(?:Section|Article|Clause|Schedule|Exhibit|Annex|Appendix|Part|(?:Effective |Start )?Date|Title|Name"
    r"|Part(?:y|ies)|Notices?|Address|Definition|Meaning|Background|Signator(?:y|ies))\b"
    r"|\d+(?:\.\d+)*\s+of\s",
    re.IGNORECASE,
)
_WITHIN = re.compile(r"^.*?\s(?:of|in|under|to)\s+(?:(?:the|our|my)\s+)?(?!(?:the|our|my)\s)(?=\S+\s)", re.IGNORECASE)

# What stands behind a party's name where a contract introduces it, and before one that is only where a party comes
# from.
_SUFFIX = (
    r"(?:inc|llc|l\.l\.c|ltd|limited|corp|corporation|company|co|gmbh|ag|s\.?a|n\.?v|b\.?v|l\.?p|plc|llp|bank|trust"
    r"|group"
    r"|holdings?|foundation|university|partners(?:hip)?)"
)
# First words of many names, and of none in particular: "the Bank", "the Company".
_NO_NAME = frozenset(
    "american bank board city company county federal first general international national owner party state trust"
    " united university".split()
)
# "the tenant", "our distributor": what a party may be called; not what most papers have.
_NO_ROLE = frozenset(
    (
        "addressee agent agreement and association authority business center class company contract corporation"
        " council court department director document employee fund government group holdings inc"
        " industries institute law limited llc management manager market office officer partner partners"
        " partnership party product products project property public regional sender service services society"
        " software street system systems third user"
    ).split()
)
_ROLE = re.compile(
    rf"\b(?:the|our|my)\s+(?P<role>(?!(?:{'|'.join(_NO_ROLE)})s?\b)[a-z][a-z-]{{3,}})\b(?!-)", re.IGNORECASE
)
_MOST_ROLES = 4  # words of a question that are looked up as roles
_LEAST_OF_NAME = 5  # letters of a word of a name that is spoken of alone: "the bakery"
_SUFFIXED = re.compile(rf".*\b{_SUFFIX}\b\.?", re.IGNORECASE)
_INTRODUCED = rf"(?:[\w .&’'-]{{0,30}}\b{_SUFFIX}\b|\s*,\s+an?\s|\s*,?\s*\(\s*(?:the|each|an?)?\s*[\"“])"
_NO_PLACE = r"(?<!\ba )(?<!\ban )(?<!\bof )(?<!\bof the )(?<!\bin )(?<!\bin the )"


@dataclass(frozen=True, slots=True)
class Route:
    """The documents a question means (None: it names none) and what it asks of them.

    `name` is the first name in the question that fits several documents, and `close` are these, the likeliest first:
    one of them may be meant, or all. Both are empty where every name is clear. `names` are all names that were found.
    `meant`: where it names none, the one document that has a party of which the question speaks ("the tenant").
    """

    document_ids: tuple[str, ...] | None
    question: str
    name: str = ""
    close: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


class Router:
    """Finds the documents that a question names among those of a matter that are in scope."""

    def __init__(
        self, library: Library, lexical: Lexical, matter_id: str, document_ids: Collection[str] | None
    ) -> None:
        """`document_ids`: the scope; all of the matter where it is None."""
        self._library, self._lexical = library, lexical
        self._matter_id, self._scope = matter_id, document_ids
        # Each is read once, however many names of a question may be its own.
        self._record = cache(partial(library.record, matter_id))
        self._document = cache(partial(library.document, matter_id))

    def route(self, question: str) -> Route:
        """Route a question by title, file name or party.

        Raises StoreUnavailable, and NoSuchDocument for one that goes meanwhile.
        """
        if ids := self._by_printed(question, "bates"):
            return Route(tuple(ids), question)
        leading = _LEADING.fullmatch(question)
        if leading and (ids := self._by_title(leading["name"])):
            return _joined({leading["name"]: ids}, leading["rest"])
        rest = question
        named: dict[str, list[str]] = {}
        for form, fitting in (
            (_NUMBERED, self._by_number),
            (_TITLED, self._by_words),
            (_FILED, self._by_file),
            (_KIND_ALONE, self._by_kind),
            (_KIND_SPOKEN_OF, self._by_kind),
            (_KIND_INSTEAD, self._by_kind),
            (_TESTIMONY, self._by_words),
        ):
            for names in [tuple(_readings(_name_in(m))) for m in form.finditer(rest)]:
                found = next((fits for each in names if (fits := _fits(each, fitting))), {})
                named |= found
                for name in found:
                    rest = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "contract", rest, count=1)
        if not named:
            runs = [m["name"] for m in _CAPITALS.finditer(_PAGE.sub(" ", question))]
            named = {name: ids for run in runs for name, ids in self._parties_in(run).items()}
        if not named and (ids := _few(self._by_printed(question, "lines"))):
            return Route(tuple(ids), question)
        return _joined(named, rest) if named else Route(None, rest, meant=tuple(self._by_role(question)))

    def _by_role(self, question: str) -> list[str]:
        """The one document of all that has a party of a role, a short form or a word of a name: "the tenant"."""
        roles = dict.fromkeys(m["role"].casefold() for m in _ROLE.finditer(question)) if not self._is_alone else {}
        for role in list(roles)[:_MOST_ROLES]:
            likely = self._likely(self._stems(role), _ASKED_FOR_KIND)
            if len(likely) == _ASKED_FOR_KIND:  # others may have it, too
                continue
            facts = self._library.facts_of([self._record(id_) for id_ in likely])
            called = [id_ for id_, found in facts.items() if any(_is_called(role, party) for party in found.parties)]
            if len(called) == 1:
                return called
        return []

    def _by_printed(self, question: str, kind: str) -> list[str]:
        """The documents that have a Bates number, or numbered lines, which a question cites."""
        cited = [place for place in printed_places(question)[0] if place.kind == kind]
        if self._is_alone or not cited:
            return []
        records = [r for r in self._library.documents(self._matter_id) if self._scope is None or r.id in self._scope]
        return [
            id_
            for id_, facts in self._library.facts_of(records).items()
            if any(held.holds(place) for held in facts.printed for place in cited)
        ]

    def _by_title(self, title: str) -> list[str]:
        """A whole title, by BM25 in which its many words count: other contracts hold most of them, too."""
        stems = self._stems(title)
        scores = self._lexical.documents(self._matter_id, stems, self._scope, _ASKED)
        best = max(scores, key=lambda id_: scores[id_], default=None)
        if best is None or self._shares(stems, [best])[best] < _MOST:
            return self._by_body(stems)
        return [id_ for id_, score in scores.items() if score >= _CLOSE * scores[best]]

    def _by_body(self, stems: Collection[str]) -> list[str]:
        """A title that no opening bears out, by the one chunk of all that holds most of it:
        an exhibit or a signature page.
        """
        alike = dict.fromkeys(stems, 1.0)
        best = self._lexical.query(self._matter_id, alike, self._scope, 1)
        held = self._lexical.share(self._matter_id, alike, best)
        return [chunk.span.document_id for chunk in best if held >= _MOST]

    def _by_words(self, name: str) -> list[str]:
        """A short name, by how much of it file name and opening hold: how often they repeat it says nothing."""
        stems = self._stems(name)
        shares = self._shares(stems, self._likely(stems))
        least = max(_NEARLY_ALL, _CLOSE * max(shares.values(), default=0.0))
        return _few(self._closest(name, [id_ for id_, share in shares.items() if share >= least]))

    def _by_file(self, name: str) -> list[str]:
        """A name that a file has all of, or that a document has in its title."""
        stems = self._stems(without_suffix(name))
        likely = self._likely(stems)
        titles = self._titles(likely) if stems - _GENERIC and without_suffix(name) == name else {}
        fitting = []
        for id_ in likely:
            in_file = self._stems(self._names(id_)[0])
            if stems <= in_file or (titles.get(id_) and stems <= in_file | self._stems(titles[id_])):
                fitting.append(id_)
        return _few(self._closest(name, fitting)) or self._by_kind_and_opening(name)

    def _by_kind_and_opening(self, name: str) -> list[str]:
        """The one document of a kind, where its opening has the other words of a name, too: "the settlement letter"."""
        words = name.split()
        is_plain = 1 < len(words) <= _MOST_OF_NAME and not _NO_WORD_OF_NAME & {word.lower() for word in words}
        is_kind = re.fullmatch(rf"{_PAPER}|{_KIND}|{_OF_FILES}", words[-1], re.IGNORECASE)
        called = self._by_kind(words[-1]) if is_plain and is_kind else []
        return [id_ for id_ in called if self._stems(name) <= self._stems(" ".join(self._names(id_)))]

    def _by_kind(self, kind: str) -> list[str]:
        """A kind of document, where one alone of all calls itself so, its amendments apart."""
        if self._is_alone:
            return []
        stems = self._stems(kind)
        likely = self._likely(stems, _ASKED_FOR_KIND)
        titles = self._titles(likely)
        called = [id_ for id_ in likely if stems <= self._stems(f"{self._names(id_)[0]} {titles.get(id_, '')}")]
        if not re.fullmatch(_AMENDING, kind, re.IGNORECASE):
            called = [id_ for id_ in called if not self._amends(id_, titles.get(id_, ""))]
        return called if len(called) == 1 else []

    def _by_number(self, name: str) -> list[str]:
        """An amendment by its number, and by what it amends where the name says it."""
        match = _NUMBERED.fullmatch(name)
        if match is None:
            return []
        likely = self._likely(self._stems("amendment addendum"), _ASKED_FOR_KIND)
        titles = self._titles(likely)
        fitting = [id_ for id_ in likely if self._number(id_, titles.get(id_, "")) == _number(match)]
        base = self._stems(f"{match['owner'] or ''} {match['base'] or ''}")
        if not base or not fitting:
            return _few(fitting)
        shares = self._shares(base, fitting)
        fitting = [id_ for id_, share in shares.items() if share >= max(_NEARLY_ALL, _CLOSE * max(shares.values()))]
        titled = [id_ for id_ in fitting if base <= self._stems(f"{self._names(id_)[0]} {titles.get(id_, '')}")]
        return _few(titled or fitting)

    def _closest(self, name: str, document_ids: list[str]) -> list[str]:
        """Of the documents that fit a name those that are called just so; else those that are no amendments, unless it
        is the name of one. An amendment with another number than the name's is none of them.
        """
        if numbered := _NUMBER.search(name):
            titles = self._titles(document_ids)
            fit = (0, _number(numbered))
            document_ids = [id_ for id_ in document_ids if self._number(id_, titles.get(id_, "")) in fit]
        if len(document_ids) < 2:
            return document_ids
        files = {id_: self._record(id_).name.casefold() for id_ in document_ids}
        if same := [id_ for id_ in document_ids if files[id_] == name.casefold()]:
            return same
        stems, titles = self._stems(without_suffix(name)), self._titles(document_ids)
        called = {id_: (self._stems(self._names(id_)[0]), self._stems(titles.get(id_, ""))) for id_ in document_ids}
        if exact := [id_ for id_ in document_ids if stems in called[id_]]:
            return exact
        if re.search(rf"{_AMENDING}|\bam\d", name, re.IGNORECASE):
            return document_ids
        return [id_ for id_ in document_ids if not self._amends(id_, titles.get(id_, ""))] or document_ids

    def _titles(self, document_ids: Iterable[str]) -> dict[str, str]:
        """What documents call themselves, by id; none where one document alone is in scope, as nothing is chosen."""
        if self._is_alone:
            return {}
        records = [self._record(id_) for id_ in document_ids]
        return {id_: facts.title for id_, facts in self._library.facts_of(records).items()}

    @property
    def _is_alone(self) -> bool:
        return self._scope is not None and len(self._scope) < 2

    def _amends(self, document_id: str, title: str) -> bool:
        file_name = self._names(document_id)[0]
        return bool(re.search(_AMENDING, f"{title} {file_name}", re.IGNORECASE) or _FILE_NUMBER.search(file_name))

    def _number(self, document_id: str, title: str) -> int:
        """The number of an amendment, from its title, its file name or its first words; 0 where it has none."""
        file_name, opening = self._names(document_id)
        found = (
            _NUMBER.search(title)
            or _NUMBER.search(re.sub("[_-]", " ", file_name))
            or _FILE_NUMBER.search(file_name)
            or _NUMBER.search(opening[:_BEGINNING])
        )
        return _number(found) if found else 0

    def _by_party(self, name: str) -> list[str]:
        """A party, where an opening introduces it or a file is named after it."""
        stems = self._stems(name)
        spelled = r"\W+".join(re.escape(word) for word in re.findall(r"\w+", _possessor(name)))
        follows = r"\b" if _SUFFIXED.fullmatch(_possessor(name)) else _INTRODUCED
        party = re.compile(rf"\b{_NO_PLACE}{spelled}{follows}", re.IGNORECASE)
        likely = {id_: self._names(id_) for id_ in self._likely(stems)}
        introduced = [
            id_
            for id_, (file_name, opening) in likely.items()
            if stems <= self._stems(file_name) or party.search(opening)
        ]
        return _few(introduced or self._by_fact(name, likely))

    def _parties_in(self, run: str) -> dict[str, list[str]]:
        """The party of a run of capitals, or the parties of its parts: "Acme and Baker"."""
        if ids := self._by_party(run):
            return {run: ids}
        parts = _AND.split(run)
        return _fits(parts, self._by_party) if len(parts) > 1 else {}

    def _by_fact(self, name: str, document_ids: Iterable[str]) -> list[str]:
        """A party whose name, as the facts of the document have it, begins so: "Acme" for "Acme Europe, Ltd."."""
        words = _name_words(name)
        if not words or (len(words) == 1 and words[0] in _NO_NAME):
            return []
        records = [self._record(id_) for id_ in document_ids]
        return [
            id_
            for id_, facts in self._library.facts_of(records).items()
            if any(_name_words(party.name)[: len(words)] == words for party in facts.parties)
        ]

    def _shares(self, stems: Collection[str], document_ids: Iterable[str]) -> dict[str, float]:
        """The share of a name's words that each document's file name and opening have, rare words counting more."""
        weights = self._lexical.rarity(self._matter_id, stems, "openings")
        whole = sum(weights.values())
        held = {id_: self._stems(" ".join(self._names(id_))) for id_ in document_ids}
        return {id_: sum(w for stem, w in weights.items() if stem in there) / whole for id_, there in held.items()}

    def _likely(self, stems: Collection[str], most: int = _ASKED) -> list[str]:
        return list(self._lexical.documents(self._matter_id, stems, self._scope, most))

    def _stems(self, name: str) -> set[str]:
        return set(stems_of(re.sub(r"_", " ", _possessor(name))))

    def _names(self, document_id: str) -> tuple[str, str]:
        """Where a document names itself: its file name and its opening."""
        document = self._document(document_id)
        return without_suffix(document.name), document.text[:OPENING]


def _name_in(match: re.Match[str]) -> str:
    """The name that a form found, under whichever of its groups."""
    words = match.groupdict()
    return str(words.get("name") or words.get("speaker"))


def _readings(name: str) -> Iterator[tuple[str, ...]]:
    """The names that words may be: one, without a place in it ("Section 3 of the Acme lease"), or several
    ("the Acme lease and the Baker lease", "the Acme and the Baker lease").
    """
    while _SECTION.match(name):
        shorter = _WITHIN.sub("", name)
        if shorter == name:
            return
        name = shorter
    yield (name,)
    parts = _TWO_NAMES.sub("\\1\0", name).split("\0")
    if len(parts) > 1 or len(parts := _AND.split(name)) > 1:
        yield tuple(parts)


def _fits(names: Sequence[str], fitting: Callable[[str], list[str]]) -> dict[str, list[str]]:
    """The documents of each name; of those with one kind for all ("the Acme and the Baker lease") each must fit."""
    found = {name: ids for name in names if (ids := fitting(name))}
    is_each_whole = all(re.search(_KIND, name, re.IGNORECASE) for name in names)
    return found if is_each_whole or len(found) == len(names) else {}


def _number(match: re.Match[str]) -> int:
    """The number of an amendment in its name: 2 of "second", "2nd", "No. 2" and "II"."""
    words = match.groupdict()
    return nth(words.get("nth") or words.get("count") or "")


def _joined(named: dict[str, list[str]], rest: str) -> Route:
    """All documents that are named; and the first name that fits several."""
    ids = tuple(dict.fromkeys(id_ for of_name in named.values() for id_ in of_name))
    name = next((name for name, of_name in named.items() if len(of_name) > 1), "")
    return Route(ids, rest, name, tuple(named.get(name, ())), tuple(named))


def _is_called(role: str, party: Party) -> bool:
    """Whether a party is spoken of by its role, by a short form, or by a word of its name that others have not."""
    words = set(_name_words(party.name)) - _NO_NAME - _NO_ROLE
    forms = {form.casefold() for form in (party.role, *party.short_forms)}
    return bool({role, role.removesuffix("s")} & (forms | {word for word in words if len(word) >= _LEAST_OF_NAME}))


def _name_words(name: str) -> list[str]:
    return re.findall(r"\w+", _possessor(name).casefold())


def _few(document_ids: Iterable[str]) -> list[str]:
    found = list(document_ids)
    return found if len(found) <= _MANY else []


def _possessor(name: str) -> str:
    """Strips a possessive 's."""
    return re.sub(r"['’]s\b", "", name)
