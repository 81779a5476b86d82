"""The answer of one document to a question that is put to many: its state, and yes, no or the value in few words.

The few words are read from the bearing sentence by rules, and only where it is plain; else the sentence stands for
itself.
"""

import re
from dataclasses import dataclass, replace

from retrieval import DocumentRecord, not_read
from webapp.core.marks import mark_for, promise
from webapp.core.results import DocumentState
from webapp.core.wording import LONGEST_CELL, cut
from webapp.grounding.check import CheckedAnswer, Citation
from webapp.grounding.facts import find_facts
from webapp.grounding.senses import content, senses
from webapp.grounding.signs import OPPOSITES, STATES, sign


@dataclass(frozen=True, slots=True)
class DocumentAnswer:
    """What one document answers.

    `found`: there is a clause, and `answer` says yes, no or the value, in words that the check passed. `not_found`:
    there is none. `unclear`: what was found may not answer. `not_read`: it could not be read, or not yet. `failed`: the
    language model gave out; the best clause of the search is cited. `reason` says why in the last three. `title` is
    what the document calls itself.
    `checked` is what a language model wrote of it, whether the row rests on that or not.
    """

    record: DocumentRecord
    state: DocumentState
    answer: str = ""
    citations: tuple[Citation, ...] = ()
    reason: str = ""
    title: str = ""
    checked: CheckedAnswer | None = None

    @property
    def weakest(self) -> int | None:
        """Which sentence of what was written has the mark that promises least; None where none has a mark."""
        sentences = self.checked.sentences if self.checked else ()
        marks = [mark_for(sentence.state, sentence.how) for sentence in sentences]
        return min(((promise(mark), at) for at, mark in enumerate(marks) if mark.sign), default=(0, None))[1]

    def numbered(self, first: int) -> "DocumentAnswer":
        """The answer with its citations numbered from `first`."""
        return replace(self, citations=tuple(replace(c, n=n) for n, c in enumerate(self.citations, first)))


def not_found(record: DocumentRecord, reason: str = "") -> DocumentAnswer:
    """The row of a document in which nothing was found: not read, where pages of it could not be."""
    state: DocumentState = "not_read" if record.unreadable_pages else "not_found"
    unread = not_read(record.unreadable_pages, record.partly_read_pages)
    reasons = (reason or "Not found in what was read." * bool(unread), unread)
    return DocumentAnswer(record, state, reason=" ".join(filter(None, reasons)))


@dataclass(frozen=True, slots=True)
class _Value:
    """A kind of value: what asks for it, and the kinds of fact that are it; `units` are those of a count."""

    asked: re.Pattern[str]
    facts: tuple[str, ...]
    units: re.Pattern[str] | None = None


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_VALUES = (
    _Value(
        _words(r"percent\w*|share|what\s+(?:portion|proportion)|(?:interest|royalty|commission|tax)\s+rate"),
        ("percent",),
    ),
    _Value(
        _words(
            r"how\s+(?:long|soon|quickly|early|late|many\s+(?:days|weeks|months|years))|notice|periods?|terms?|within|duration"
            r"|days|months|years|cure|renew\w*|surviv\w*|warrant\w*|time\s+limit"
        ),
        ("count",),
        re.compile(r"(?:business )?(?:day|week|month|quarter|year|hour)$"),
    ),
    _Value(_words(r"when|dates?|dated|deadline|expir\w+|expiry|effective|commence\w*|start\w*"), ("date", "month")),
    _Value(
        _words(
            r"how\s+much|amounts?|fees?|prices?|rents?|caps?|costs?|limits?|royalt\w+|pay\w*|salary|sums?|insurance|deposit"
            r"|liquidated|minimum|maximum|liabilit\w+"
        ),
        ("amount", "percent"),
    ),
)
_LAW = _words(r"govern\w*|laws?|jurisdictions?|states?|courts?|venue|forum|countr\w+|arbitrat\w+")
_PLACE = r"[A-Z][\w.’'-]*(?:\s+(?:(?:and|of|the)\s+)*[A-Z][\w.’'-]*){0,4}"
_LAW_OF = re.compile(
    rf"\b(?:laws?|courts?(?:\s+located)?|jurisdiction|statutes|sit(?:uated|ting)?|located)\s+(?:of|in)\s+(?:the\s+)?"
    rf"(?:(?:State|Commonwealth|Province|Republic|Kingdom|People[’']s\s+Republic|County|City)\s+of\s+)?(?P<place>{_PLACE})"
    rf"|\b(?P<adjective>{_PLACE})\s+(?i:law)\b"
)
# Capitals before "law" that are no place's: those of a heading, or of a field of law.
_NO_PLACE = _words(
    r"govern\w*|applicable|choice|controlling|substantive|proper|relevant|existing|conflicts?|such|any|all|this|that|the|its"
    r"|each|every|no|other|common|case|civil|criminal|tax|employment|labou?r|bankruptcy|insolvency|securities|patent"
    r"|copyright|trademark|antitrust|competition|environmental|corporate|contract|data|privacy|export|import|sanctions"
    r"|anti\w*|property|international|statutory|state|federal|local|national|foreign|mandatory|public|private|by|under|of"
    r"|and|venue|jurisdiction|notices?|miscellaneous|general|section|article|clause|principles|rules"
)

_A_STATE = "|".join(STATES)  # what is a place by this name and no other; "Danish" may be of Denmark
# Words of a question that say what is sought and nothing of it: "a clause on audit rights".
_OF_CLAUSES = senses(
    "clause provision right section term language article agreement contract party kind sort document non"
)

# What asks for a value; a question that opens with "which of …", "do any …" or "how many …" asks for yes or no.
_ASKS_VALUE = _words(r"what|when|where|who|whom|whose|how\s+(?:long|much|soon|many)|how|why")
_WISH = re.compile(r"\s*(?:please\s+)?(?:list|give|show|name|compare|tell|set\s+out|state)\b", re.IGNORECASE)
_CHOOSES = re.compile(r"\s*(?:which|how\s+many|do|does|did|is|are|has|have|can|may|must|will)\b", re.IGNORECASE)
_PRESENCE = re.compile(
    r"\s*(?:a|an|any|have|has|contains?|includes?|mentions?|provides?\s+for|refers?\s+to|address(?:es)?|covers?|with"
    r"|speaks?|deals?)\b",
    re.IGNORECASE,
)
_PERMISSION = re.compile(r"\s*(?:\w+\s+){0,3}?(?:allows?|permits?|lets?|may|can|could|entitles?)\b", re.IGNORECASE)
_DUTY = re.compile(r"\s*(?:\w+\s+){0,3}?(?:requires?|must|obliges?|needs?|imposes?)\b", re.IGNORECASE)
_OPPOSED = tuple((sign(one), sign(other)) for one, other in OPPOSITES)
# What makes a question, or a sentence, too much for these rules.
_CONDITION = _words(
    r"without|with|if|before|after|within|unless|except|until|only|more|less|above|below|over|under|longer|shorter"
    r"|higher|lower|least|most|exceed\w*|than|upon|on|automatic\w*|not|no|cannot|never|neither|prohibit\w*|forbid\w*"
    r"|bars?|restrict\w*|prevent\w*|lacks?|exclud\w*|\d+"
)
_EXCEPTION = _words(
    r"except|unless|without|provided|subject\s+to|other\s+than|only|if|notwithstanding|until|but|consent|however|save"
    r"|so\s+long\s+as|to\s+the\s+extent"
)
_MAY = _words(r"may|entitled|right\s+to|permitted|free\s+to|can")
_SHALL = _words(r"shall|must|agrees?\s+to|is\s+required|are\s+required|obligated|obliged")
_NOT = _words(r"not|no|neither|nor|never|none|cannot|nothing|void|waives?")
_FORBIDS = _words(
    r"(?:may|shall|must|can|will)\s+not|cannot|neither\s+party\s+(?:may|shall)|not\s+(?:be\s+)?(?:permitted|allowed)"
)
_ABSENT = _words(r"(?:there\s+(?:is|are|shall\s+be|will\s+be)|has|have|grants?|makes?|with)\s+no")
_FREES = _words(r"not\s+(?:be\s+)?(?:required|obliged|obligated)|no\s+(?:obligation|duty)")


def few_words(question: str, asked: str, sentence: str, section: str = "") -> str:
    """Yes, no or the value in a sentence that bears on a question; where none is plain the sentence, cut if it is long.

    `asked` is what the question asks of one document (`asked_of_one`), `section` is that of the sentence, with its
    heading.
    """
    if asks_value(question, asked):
        return _value(question, sentence)
    return _yes_or_no(asked, sentence, section) or cut_short(sentence)


def asks_value(question: str, asked: str) -> bool:
    """Whether a question asks for a value and not for yes or no: "What is … of each", not "Which of my … allow"."""
    if _WISH.match(question) or _ASKS_VALUE.search(asked):
        return True
    return not _CHOOSES.match(question) and bool(_ASKS_VALUE.search(question))


def _value(question: str, sentence: str) -> str:
    if _LAW.search(question) and (law := _law_of(sentence)):
        return law
    for kind in _VALUES:
        if not kind.asked.search(question):
            continue
        found = [
            fact.text
            for fact in find_facts(sentence)
            if any(key[0] in kind.facts and (kind.units is None or kind.units.match(key[-1])) for key in fact.keys)
        ]
        if len(set(found)) == 1:
            return found[0]
    return cut_short(sentence)


def _law_of(sentence: str) -> str:
    """The place whose law or courts a sentence names, else ""."""
    for match in _LAW_OF.finditer(sentence):
        if match["place"] or not _NO_PLACE.search(match["adjective"]):
            return str(match["place"] or match["adjective"]).strip(" .,")
    return ""


def _is_law_of(place: str, asked: str, sentence: str) -> str:
    """Whether the law of a sentence is that of a place that is asked for: yes; no, where it is plainly another's."""
    said = _law_of(sentence)
    if not said or len(_LAW_OF.findall(sentence)) > 1 or _NOT.search(asked):
        return ""
    if said == place:
        return "yes"
    states = [re.fullmatch(_A_STATE, each) for each in (place, said)]
    return "no" if all(states) else ""


def _yes_or_no(asked: str, sentence: str, section: str) -> str:
    """Yes or no where question and sentence are plain, else ""."""
    if (place := _law_of(asked)) and _LAW.search(asked):
        return _is_law_of(place, asked, sentence)
    if (presence := _PRESENCE.match(asked)) and not _CONDITION.search(asked, presence.end()):
        said = senses(f"{section} {sentence}")
        # "An exclusive licence" is not had by a clause that grants a licence and says nothing of exclusive.
        is_whole = all(word & said or word & _OF_CLAUSES for word in content(asked[presence.end() :]))
        return "yes" if is_whole and not _ABSENT.search(sentence) and not _opposed(asked, sentence) else ""
    if _CONDITION.search(asked) or _EXCEPTION.search(sentence):
        return ""
    for asks, says, denies in ((_PERMISSION, _MAY, _FORBIDS), (_DUTY, _SHALL, _FREES)):
        if asks.match(asked):
            if denies.search(sentence):
                return "" if says.search(denies.sub("", sentence)) else "no"
            return "yes" if says.search(sentence) and not _NOT.search(sentence) else ""
    return ""


def cut_short(words: str) -> str:
    """Words on one line, cut where they are long."""
    return cut(" ".join(words.split()))


def _opposed(asked: str, sentence: str) -> bool:
    """Whether a sentence has the opposite of a word that is asked for: "non-exclusive" for "exclusive"."""
    return any(
        (one.search(asked) and other.search(sentence)) or (other.search(asked) and one.search(sentence))
        for one, other in _OPPOSED
    )


_OPENS = re.compile(r"\W*(?P<word>yes|no)\b(?!\s+(?:later|more|less|fewer|earlier|longer)\b)", re.IGNORECASE)


def written_words(question: str, asked: str, text: str, quote: str, section: str = "") -> str:
    """Yes, no or the value in what a language model wrote: its opening, else the words that it quotes."""
    if opens := _OPENS.match(text):
        return opens["word"].lower()
    before = re.split(r"[“\"\[]", text, maxsplit=1)[0].strip(" *:–—-,;.\n")
    if before and len(before) <= LONGEST_CELL and not before.endswith(("that", "says", "states")):
        return _value(question, before) if asks_value(question, asked) else before
    return few_words(question, asked, quote or text, section)
