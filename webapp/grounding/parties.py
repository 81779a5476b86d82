"""The parties of a document by every form of their names: name, short forms and role, from its facts.

One table serves every check: two names are one party where the table says so, and a definition belongs to the name
before it (`retrieval.Party`). Role words that the document uses without defining them ("Licensee") stand beside it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from retrieval import Document, Facts
from webapp.grounding.proper_names import ROLES, Vocabulary, is_plain, stem, vocabulary

Kind = Literal["one", "all", "none", "unknown"]

_SUFFIX = re.compile(
    r"[,\s]+(?:Inc(?:orporated)?|Corp(?:oration)?|Co(?:mpany)?|L\.?L\.?C|L\.?L\.?P|L\.?P|Ltd|Limited|plc|GmbH|A\.?G|S\.?A|N\.?V"
    r"|B\.?V|N\.?A)\.?(?=[,\s]|$)",
    re.IGNORECASE,
)
# All of them, whoever they are; "neither party" says of all what they do not.
_ALL = (
    r"(?:(?:either|each|any|every)(?:\s+of\s+the)?|both|all|one)\s+(?:the\s+)?part(?:y|ies)"
    r"|a\s+party(?!\s+(?:hereto|thereto|to|of|in)\b)|the\s+(?:two\s+)?parties"
)
_NONE = r"(?:neither(?:\s+of\s+the)?|no|none\s+of\s+the)\s+part(?:y|ies)(?:\s+(?:hereto|to\s+this\s+agreement))?"
# Some party, but not which.
_OTHER = r"(?:the\s+|its\s+|such\s+)?(?:other|first|same|non-?\w+|\w+ing)\s+part(?:y|ies)"
_GENERAL: tuple[tuple[Kind, str], ...] = (("none", _NONE), ("unknown", _OTHER), ("all", _ALL))
# Roles of two sides, which no party has together.
_TWO_SIDES = (
    ("customer client buyer purchaser subscriber", "supplier vendor seller provider manufacturer"),
    ("licensor sublicensor", "licensee sublicensee"),
    ("landlord lessor", "tenant lessee"),
    ("franchisor", "franchisee"),
    ("lender", "borrower"),
    ("employer", "employee"),
    ("assignor", "assignee"),
    ("indemnitor", "indemnitee"),
    ("grantor", "grantee"),
)
# Different words for one role, for an answer that calls the Client "the customer" where the document has no customer.
_SAME_ROLE = (
    "customer client buyer purchaser subscriber",
    "supplier vendor seller provider manufacturer",
    "landlord lessor",
    "tenant lessee",
    "contractor consultant advisor adviser",
    "distributor reseller",
)
_PARTY = r"\s+part(?:y|ies)"  # "the Licensor Party"
_OF_PARTY = re.compile(rf"{_PARTY}$")
_LEAST_USES = 3  # of a role word that is defined nowhere


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name a party at [start, end): `party` is its row in the table, None where it is not one party."""

    text: str
    start: int
    end: int
    kind: Kind
    party: int | None
    owns: bool  # "the Licensee's"


@dataclass(frozen=True, slots=True)
class Parties:
    """The forms of each party's name; those from `defined` on are roles that the document only uses."""

    forms: tuple[tuple[str, ...], ...]
    defined: int
    pattern: re.Pattern[str]

    def mentions(self, text: str) -> list[Mention]:
        """Every party that a text names, in order."""
        return list(self._mentions(text))

    def are_two(self, a: int, b: int) -> bool:
        """Whether two rows are certainly two parties: a role that is not defined may be that of a party that is, but
        not of the other side.
        """
        if a == b or (a < self.defined) == (b < self.defined):
            return a != b
        one, other = (frozenset(map(_folded, self.forms[row])) for row in (a, b))
        return any(
            (one & set(x.split()) and other & set(y.split())) or (one & set(y.split()) and other & set(x.split()))
            for x, y in _TWO_SIDES
        )

    def _mentions(self, text: str) -> Iterator[Mention]:
        for match in self.pattern.finditer(text):
            owns = bool(re.match(r"[’']s?\b|[’'](?=\s)", text[match.end() : match.end() + 2]))
            general = next((kind for kind, _ in _GENERAL if match[kind]), None)
            if general:
                yield Mention(match[0], match.start(), match.end(), general, None, owns)
            elif (party := self._party(match[0], text[: match.start()])) is not None:
                yield Mention(match[0], match.start(), match.end(), "one", party, owns)

    def _party(self, words: str, before: str) -> int | None:
        """The row of a name as it is written. A name of one ordinary word counts in small letters after "the"."""
        folded = _OF_PARTY.sub("", _folded(words)) or _folded(words)
        row = next((i for i, forms in enumerate(self.forms) if folded in map(_folded, forms)), None)
        is_name = (
            any(c.isupper() for c in words) or folded in ROLES or bool(re.search(r"\bthe\s+$", before, re.IGNORECASE))
        )
        return row if is_name else None


def parties_of(documents: Mapping[Document, Facts]) -> Parties:
    """The table of documents by their facts, a party that several of them name once."""
    rows: list[tuple[str, ...]] = []
    for document, facts in documents.items():
        words = vocabulary(document.text)
        for party in facts.parties:
            forms = _forms(party.name, (party.role, *party.short_forms), words)
            folded = {*map(_folded, forms)}
            same = next((i for i, row in enumerate(rows) if folded & {*map(_folded, row)}), None)
            if same is not None and len(documents) > 1:
                rows[same] = tuple(dict.fromkeys((*rows[same], *forms)))
            elif forms:
                rows.append(forms)
    return _table(tuple(rows), vocabulary("\n".join(document.text for document in documents)))


@lru_cache(maxsize=64)
def _table(rows: tuple[tuple[str, ...], ...], words: Vocabulary) -> Parties:
    taken = {_folded(form) for row in rows for form in row}
    roles = [role for role in sorted(ROLES) if role not in taken and words.capital[role] >= _LEAST_USES]
    every = [_without_shared(row, rows) for row in rows] + [(role,) for role in roles]
    meant = [_other_roles(row, words) for row in every]
    used = Counter(word for row in meant for word in row) + Counter(_folded(form) for row in every for form in row)
    every = [row + tuple(w for w in other if used[w] == 1) for row, other in zip(every, meant, strict=True)]
    forms = sorted({form for row in every for form in row}, key=len, reverse=True)
    named = "|".join(r"[\s\-‐]+".join(map(re.escape, re.split(r"[\s\-‐]+", form))) for form in forms)
    named = re.sub("['’]", "['’]", named)  # however they are written
    general = "|".join(rf"(?P<{kind}>{general})" for kind, general in _GENERAL)
    whole = rf"(?<!\w)(?:{general}{f'|(?:{named})(?:{_PARTY})?' if named else ''})(?!\w)"
    return Parties(tuple(every), len(rows), re.compile(whole, re.IGNORECASE))


def _forms(name: str, others: tuple[str, ...], words: Vocabulary) -> tuple[str, ...]:
    """Every form of a party's name: as written, without its suffix, its role and short forms, and its first word where
    the document has no such word in small letters.
    """
    short = _SUFFIX.sub("", name).strip(" ,.&")
    first = re.match(r"(?:The\s+)?([A-Z][\w’'&./-]{2,})", short)
    is_own = first and not is_plain(first[1]) and not words.small[stem(first[1])]
    forms = [name, short, *others, *([first[1]] if first and is_own else [])]
    forms += [re.sub(r"\.(?:com|net|org|biz)$", "", short)] if is_own else []
    forms += [part for form in others if "/" in form for part in form.split("/")]
    clean = (form.strip(" ,.’'“”\"") for form in forms)
    return tuple(dict.fromkeys(form for form in clean if len(form) > 1 and re.search(r"[^\W\d_]{2}", form)))


def _without_shared(row: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The forms that no other party has: "Acme" of Acme Holdings and Acme Services is neither's."""
    others = {_folded(form) for other in rows if other is not row for form in other}
    return tuple(form for form in row if _folded(form) not in others) or row[:1]


def _other_roles(row: tuple[str, ...], words: Vocabulary) -> tuple[str, ...]:
    """Roles of the same sense that the document does not have."""
    own = {_folded(form) for form in row}
    same = [word for group in _SAME_ROLE if own & set(group.split()) for word in group.split()]
    return tuple(word for word in same if word not in own and not words.knows(stem(word)))


def _folded(words: str) -> str:
    return re.sub(r"[\W_]+", " ", words.casefold()).strip()
