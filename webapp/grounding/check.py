"""Verifies an answer against the passages it cites: quotations on the page, facts in a cited passage (grounding check).

It decides how an answer is shown: a quotation that is on no page of the cited document loses its quotation marks and is
flagged; a sentence whose facts its passages do not state, which the words of its clause contradict, or which cites
nothing, is unsupported. The check compares words (see `comparison` for its limits).
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

from retrieval import (
    NO_CHANGES,
    Document,
    Entailment,
    Passage,
    PinCite,
    QuoteMatch,
    ScopedChanges,
    find_quote,
    own_words,
    pin_cite,
    split_sentences,
)
from webapp.grounding.calculations import Computation
from webapp.grounding.clipping import Clipping, beside, clipping
from webapp.grounding.evidence import Sources
from webapp.grounding.facts import find_facts, masked
from webapp.grounding.markers import (
    CITE,
    Quotation,
    blank_citation_markers,
    citation_markers,
    is_table_rule,
    quotations,
)
from webapp.grounding.proper_names import missing_names
from webapp.grounding.senses import content
from webapp.grounding.signs import OFFERS, phrases
from webapp.grounding.support import is_own_count
from webapp.grounding.verdict import Cited, Verdict
from webapp.grounding.verdict import How as How

NOT_FOUND = "not found in the source"
NO_CITATION = "no citation"
TOO_LONG = "it is too long to be checked"
NOT_CHECKED = "not checked"
_REPEATED = "its words repeat themselves"
NOT_OF_THIS = "the cited passage says nothing of this"

# What a language model writes that goes round in circles, and no answer has: the check takes time for each figure of a
# sentence with each other, and for each quotation with the words beside it.
_MOST_CHECKED = 60_000  # characters of an answer: twenty dense pages
_LONGEST = 6_000  # characters of a sentence, quotations included: two dense pages
_LONGEST_OWN = 2_500  # characters of a sentence beside its quotations
_MOST_FIGURES = 40  # of these
_MOST_PAIRS = 20_000  # of figures with each other in the sentences of an answer
_MOST_QUOTATIONS = 30  # of a sentence
_ITEM = re.compile(r"(?m)^[^\S\n]*(\d{1,2})[.)]\s")
_LIST_MARK = re.compile(r"^\s*(?:(\d{1,2})[.)]|[-*•])\s+")
_REFUSES = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were|can|could)\s*(?:not|n['’]t)|cannot|no|nothing|none|unable|unclear|silent"
    r"|without)\b",
    re.IGNORECASE,
)
_ABOUT_SOURCES = re.compile(
    r"\b(?:found|mention|mentioned|specif\w+|stat(?:e|es|ed)|sa(?:y|ys|id)|address\w*|contain\w*|provid\w+|information"
    r"|answer\w*|determine\w*|indicat\w+"
    r"|passages?|documents?|contract|agreement|text|source|excerpts?|silent|unclear|sure|know)\b",
    re.IGNORECASE,
)
# "May not" is what the contract says, not that it is silent.
_BINDS = re.compile(r"\b(?:shall|must|may)\b", re.IGNORECASE)
# "If you have other questions, please let me know."
_OFFERS = re.compile(
    r"[\s*_#>-]*(?:(?:please|but|also|otherwise|finally)\b,?\s+|(?:if|should)\s+you\s+[^.,;]{2,60},?\s+)*"
    + phrases(OFFERS),
    re.IGNORECASE,
)
_FEW_WORDS = 3  # "In short:" claims nothing
# The end of the words that lead to a quotation: "The lease says that".
_LEADS_TO_QUOTE = re.compile(r"(?::|\b(?:says?|states?|provides?|reads?|that|as\s+follows))[\s,:.;]*$", re.IGNORECASE)
_AGAIN = re.compile(r"\b([^\W\d_]+)(?:\W+\1\b){2}", re.IGNORECASE)
_MOST_TIMES = 2  # that a sentence may stand with the same citations
# A sentence of so many words of weight says something of another clause if the one it cites has a smaller share of
# them; with a figure, than the second. Of 255 right statements one has, of 2,161 without a figure that cite another
# passage of the same contract seven in ten.
_LEAST_CONTENT, _SHARED, _SHARED_WITH_FIGURE = 5, 0.17, 0.08
_LONG = 10  # words of a sentence of which more than a third should be different
_LEAD_WORDS = 8  # with more of them, something is said beside the quotation
SentenceState = Literal["supported", "compared", "computed", "absent", "aside", "unsupported", "uncited"]


@dataclass(frozen=True, slots=True)
class QuoteCheck:
    """One quotation: [start, end) of the answer with its quotation marks, and its match in the document.

    One that is clipped has its words on the page, and is not word for word what the page says.
    """

    start: int
    end: int
    text: str
    n: int | None  # the passage whose document has it
    match: QuoteMatch | None
    own_words: str  # the page's own words; empty when it was not found
    clipped: Clipping | None = None  # what of its sentence is left out that turns, bears or limits it
    checked: bool = True  # whether it was looked up

    @property
    def verified(self) -> bool:
        """Whether it was found in the cited document."""
        return self.match is not None


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence, [start, end) of the answer. `cites` are valid passage numbers; `reason`: why it is unsupported.

    `missing` are the figures and names that its passages do not have. `how` says by what it is confirmed: `quoted`, it
    is a quotation; `read`, a model reads that the clause says so; one of these, but of words that were `recognised` in
    an image; or that nothing but `words` was compared: it has no figure and no name. `computation` derives its
    figures. `at` is where the clause begins that bears it, or comes nearest, by the passages that it cites.
    """

    text: str
    start: int
    end: int
    cites: tuple[int, ...]
    supported: bool
    quotes: tuple[QuoteCheck, ...]
    reason: str
    missing: tuple[str, ...] = ()
    how: How = ""
    computation: Computation | None = None
    at: Mapping[int, int] = field(default_factory=dict, hash=False)

    @property
    def state(self) -> SentenceState:
        """What the check knows of it: `compared` where its figures stand in the passages that it cites, and its names
        in their documents, and nothing contradicts it; an offer to help is an `aside`.
        """
        if self.reason:
            return "uncited" if self.reason == NO_CITATION else "unsupported"
        if not self.cites and not self.quotes:
            return "absent" if _is_silent(blank_citation_markers(self.text)) else "aside"
        return "computed" if self.computation else "supported" if self.how in ("quoted", "read") else "compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation(PinCite):
    """A pin cite of an answer, with the number of its passage.

    With a `quote` (the page's own words) the spans are the quotation's pieces between ellipses, or its whole sentence
    where the answer clips it; else they are the passage's, and section and page are its first, or those of the
    supporting sentence. `verified`: it quotes, and the quotation was compared with the page; what its sentences say is
    marked with them.
    """

    n: int
    quote: str | None
    verified: bool


def word_for_word(n: int, cite: PinCite, quote: str) -> Citation:
    """Citation of words that were taken from the page; verified, as there is nothing to check."""
    return Citation(**cite.where(), n=n, quote=quote, verified=True)


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer sentence by sentence, and its citations in the order of the answer, without repetitions.

    `own` holds for each sentence the positions of its citations.
    """

    original: str
    sentences: tuple[CheckedSentence, ...]
    citations: tuple[Citation, ...]
    own: tuple[tuple[int, ...], ...]

    @property
    def supported(self) -> bool:
        """Whether every sentence passed."""
        return all(sentence.supported for sentence in self.sentences)

    @cached_property
    def text(self) -> str:
        """The answer as it is shown: verified quotations in the page's own words, others unmarked and flagged."""
        out, position = [], 0
        for quote in (q for sentence in self.sentences for q in sentence.quotes):
            out.append(self.original[position : quote.start])
            out.append(_display_text(quote, self.original))
            position = quote.end
        return "".join(out) + self.original[position:]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Each sentence as it stands in `text`."""
        return tuple(
            self.text[end - len(sentence.text) - _grown(sentence, self.original) : end].strip()
            for sentence, end in zip(self.sentences, self.ends, strict=True)
        )

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """End of each sentence in `text`, in characters."""
        ends, shift = [], 0
        for sentence in self.sentences:
            shift += _grown(sentence, self.original)
            ends.append(sentence.end + shift)
        return tuple(ends)


def _grown(sentence: CheckedSentence, text: str) -> int:
    """Characters by which a sentence is longer in the answer as it is shown."""
    return sum(len(_display_text(q, text)) - (q.end - q.start) for q in sentence.quotes)


def check(
    answer_text: str,
    passages: Sequence[Passage],
    documents: Mapping[str, Document],
    *,
    changes: ScopedChanges = NO_CHANGES,
    entailment: Entailment | None = None,
) -> CheckedAnswer:
    """Check an answer against its passages.

    `documents` holds the document of every passage, by id; KeyError without one. `changes` tell which clauses
    amendments replace, and have the facts of documents as they were found when they were read. `entailment` reads what
    nothing contradicts.
    """
    by_number = {passage.n: passage for passage in passages}
    facts = changes.changes.facts if changes.changes else {}
    cited: dict[tuple[int, ...], Cited] = {}
    all_quotations = quotations(answer_text)
    items, others_cite = _first_items(answer_text), bool(CITE.search(answer_text))
    said: Counter[tuple[str, tuple[int, ...]]] = Counter()
    sentences, pairs = [], 0
    matches: dict[tuple[str, int], QuoteMatch | None] = {}
    for start, end in _sentences(answer_text, all_quotations):
        first, last = (bisect_left(all_quotations, at, key=lambda q: q.start) for at in (start, end))
        quoted = all_quotations[first:last]
        if end > _MOST_CHECKED or end - start > _LONGEST or len(quoted) > _MOST_QUOTATIONS:
            sentences.append(_unchecked(answer_text, start, end, quoted))
            continue
        markers = [n for _, numbers in citation_markers(answer_text[start:end]) for n in numbers]
        valid = tuple(dict.fromkeys(n for n in markers if n in by_number))
        quotes = tuple(
            _check_quote(
                answer_text, q, (start, end), _candidates(answer_text, q, start, end, passages), documents, matches
            )
            for q in quoted
        )
        if valid not in cited and valid:
            cited[valid] = Cited(Sources(tuple(by_number[n] for n in valid), documents, facts), changes, entailment)
        invalid = tuple(dict.fromkeys(n for n in markers if n not in by_number))
        plain = _plain(answer_text, start, end, items)
        words = " ".join(re.findall(r"\w+", plain.casefold()))
        said[words, valid] += 1
        is_again = " " in words and said[words, valid] > _MOST_TIMES
        own = masked(plain, ((q.start - start, q.end - start) for q in quotes if q.verified))
        figures = len(find_facts(own))
        pairs += figures * figures
        is_long = len(own.replace("\x01", "")) > _LONGEST_OWN or figures > _MOST_FIGURES or pairs > _MOST_PAIRS
        reasons = [TOO_LONG] * is_long + [_REPEATED] * (is_again and "\x01" not in own)
        read = _Read(start, end, plain, valid, invalid, quotes, reasons)
        sources = None if is_long else cited.get(valid)
        sentences.append(_check_sentence(answer_text, read, sources, others_cite=others_cite))
    by_sentence = [list(_citations(sentence, by_number, documents)) for sentence in sentences]
    sentences = [_of_source(sentence, each) for sentence, each in zip(sentences, by_sentence, strict=True)]
    citations = tuple(dict.fromkeys(c for each in by_sentence for c in each))
    places = {citation: at for at, citation in enumerate(citations)}
    own_places = tuple(tuple(places[c] for c in each) for each in by_sentence)
    return CheckedAnswer(answer_text, tuple(sentences), citations, own_places)


def _of_source(sentence: CheckedSentence, citations: Sequence[Citation]) -> CheckedSentence:
    """A sentence that is no surer than the words it rests on: those that were recognised may have been misread."""
    is_sure = sentence.how in ("quoted", "read")
    return replace(sentence, how="recognised") if is_sure and any(c.recognised for c in citations) else sentence


def _sentences(text: str, quotations: Sequence[Quotation]) -> Iterator[tuple[int, int]]:
    """Split an answer into sentences: line by line, since a list has no full stops, and never inside a quotation."""
    unbroken = [(q.start, q.end) for q in quotations]
    offset = 0
    for line in text.split("\n"):
        pieces = split_sentences(text, offset, offset + len(line), unbroken)
        offset += len(line) + 1
        for i, (start, end) in enumerate(pieces):
            if any(c.isalnum() for c in CITE.sub("", text[start:end])):
                # A citation that stands alone after its sentence belongs to it.
                alone = i + 1 < len(pieces) and not any(c.isalnum() for c in CITE.sub("", text[slice(*pieces[i + 1])]))
                yield start, pieces[i + 1][1] if alone else end


def _candidates(text: str, quote: Quotation, start: int, end: int, passages: Sequence[Passage]) -> list[Passage]:
    """Passages a quotation may come from: those cited after it in its sentence, then before it; else all."""
    markers = [(start + at, n) for at, numbers in citation_markers(text[start:end]) for n in numbers]
    order = [n for at, n in markers if at >= quote.inner_start] + [n for at, n in markers if at < quote.inner_start]
    by_number = {passage.n: passage for passage in passages}
    return [by_number[n] for n in dict.fromkeys(order) if n in by_number] if markers else list(passages)


def _check_quote(
    text: str,
    quote: Quotation,
    sentence: tuple[int, int],
    candidates: Sequence[Passage],
    documents: Mapping[str, Document],
    matches: dict[tuple[str, int], QuoteMatch | None],
) -> QuoteCheck:
    """Look up a quotation in the documents of its candidates; a match inside the passage is preferred.

    `matches` are those that were looked up before, by their words and the passage.
    """
    inner = text[quote.inner_start : quote.inner_end].strip()
    elsewhere: QuoteCheck | None = None
    for passage in candidates:
        document = documents[passage.document_id]
        if (key := (inner, passage.n)) not in matches:
            found = (find_quote(document, form, passage.spans[0]) for form in _without_cites(inner))
            matches[key] = next(filter(None, found), None)
        if (match := matches[key]) is None:
            continue
        clipped = clipping(document, match, *beside(text, quote, sentence))
        own = own_words(document, *match.parts)
        check = QuoteCheck(quote.start, quote.end, inner, passage.n, match, own, clipped)
        if any(span.contains(match.span) for span in passage.spans):
            return check
        elsewhere = elsewhere or check
    return elsewhere or QuoteCheck(quote.start, quote.end, inner, None, None, "")


def _without_cites(inner: str) -> Iterator[str]:
    """A quotation unchanged, since pages contain "[1]" too, then without citation markers inside it."""
    yield inner
    if CITE.search(inner):
        yield " ".join(CITE.sub(" ", inner).split())


@dataclass(frozen=True, slots=True)
class _Read:
    """A sentence, [start, end) of the answer, as far as it is read before its words are judged.

    `plain` are its words without citation markers, `valid` and `invalid` the numbers that it cites, and `noise` says
    why it is not worth judging.
    """

    start: int
    end: int
    plain: str
    valid: tuple[int, ...]
    invalid: tuple[int, ...]
    quotes: tuple[QuoteCheck, ...]
    noise: Sequence[str]


def _check_sentence(text: str, read: _Read, cited: Cited | None, *, others_cite: bool) -> CheckedSentence:
    start, end, plain, quotes = read.start, read.end, read.plain, read.quotes
    valid, invalid, noise = read.valid, read.invalid, read.noise
    sentence = text[start:end]
    verified = [(q.start - start, q.end - start) for q in quotes if q.verified]
    if not quotes and _is_offer(plain):
        valid, invalid, cited = (), (), None
    found = cited.verdict(plain, verified) if cited else Verdict()
    reasons = [f"cites {', '.join(f'[{n}]' for n in invalid)}, which is no passage"] if invalid else []
    reasons += found.reasons
    if cited and not (verified or found.computation) and _is_of_another(plain, cited.sources):
        reasons.append(NOT_OF_THIS)
    reasons += noise
    if not verified and _REPEATED not in noise and _repeats(plain):
        reasons.append(_REPEATED)
    if any(q.checked and not q.verified for q in quotes):
        reasons.append(f"a quotation was {NOT_FOUND}")
    turned = [q.clipped.words for q in quotes if q.clipped and q.clipped.kind == "negation"]
    reasons += [f"a quotation leaves out “{words}” before it" for words in turned]
    reasons += [f"the page says a quotation of {party}" for party in _other_subjects(sentence, start, quotes, cited)]
    is_uncited = not valid and not invalid and not any(q.verified for q in quotes)
    if is_uncited and claims(plain, others_cite) and not _heads_table(text, end, plain):
        reasons.append(NO_CITATION)
    how: How = "" if reasons else "quoted" if _only_quotes(sentence, start, quotes) else found.how
    if cited and not (reasons or verified or how or _names_anything(plain, cited.sources)):
        how = "words"
    reason = "; ".join(reasons)
    return CheckedSentence(
        sentence, start, end, valid, not reasons, quotes, reason, found.missing, how, found.computation, found.at
    )


def _heads_table(text: str, end: int, sentence: str) -> bool:
    """Whether a line is the heads of a table, which claim nothing: the rule stands below, and it has no figure."""
    _, _, below = text[end : end + 1_000].partition("\n")
    return is_table_rule(below.partition("\n")[0]) and not find_facts(sentence)


def _is_of_another(sentence: str, sources: Sources) -> bool:
    """Whether a sentence claims something with hardly a word of the clause that is nearest to it in what it cites."""
    has_figure = any(not is_own_count(fact, sentence) for fact in find_facts(sentence))
    if len(content(sentence)) < _LEAST_CONTENT or not claims(sentence, others_cite=True):
        return False
    return sources.nearness(sentence) < (_SHARED_WITH_FIGURE if has_figure else _SHARED)


def _names_anything(sentence: str, sources: Sources) -> bool:
    """Whether a sentence has a figure or a name that was compared."""
    facts = find_facts(sentence)
    rest = masked(sentence, ((fact.start, fact.end) for fact in facts))
    return (
        any(not is_own_count(fact, sentence) for fact in facts)
        or any(mention.party is not None for mention in sources.parties.mentions(rest))
        or any(missing_names(rest, frozenset(), sources.vocabulary))
    )


def _repeats(sentence: str) -> bool:
    """Whether a sentence is noise of a language model that goes round: a word or its words again and again."""
    words = re.findall(r"\w+", sentence.casefold())
    is_round = len(words) >= _LONG and len(set(words)) * 3 <= len(words)
    return is_round or bool(_AGAIN.search(sentence))


def _unchecked(text: str, start: int, end: int, quotations: Sequence[Quotation]) -> CheckedSentence:
    """A sentence that is too long to be checked; none of its quotations is shown as one."""
    inner = (text[q.inner_start : q.inner_end].strip() for q in quotations)
    quotes = tuple(
        QuoteCheck(q.start, q.end, words, None, None, "", checked=False)
        for q, words in zip(quotations, inner, strict=True)
    )
    return CheckedSentence(text[start:end], start, end, (), False, quotes, TOO_LONG)


def _plain(text: str, start: int, end: int, items: Mapping[int, int]) -> str:
    """A sentence with its citation markers, and the mark of its list, replaced by as many spaces."""
    plain = blank_citation_markers(text[start:end])
    if (mark := _LIST_MARK.match(plain)) and _is_own_list(items, start, mark[1]):
        return " " * mark.end() + plain[mark.end() :]
    return plain


def _other_subjects(sentence: str, start: int, quotes: Sequence[QuoteCheck], cited: Cited | None) -> Iterator[str]:
    """Yield the party that a quotation is said of on the page, where the sentence says it of another one."""
    for quote in quotes:
        if cited and quote.clipped and quote.clipped.kind == "subject":
            parties = cited.sources.parties
            ours = [m for m in parties.mentions(sentence[: quote.start - start]) if m.party is not None]
            theirs = [m for m in parties.mentions(quote.clipped.words) if m.party is not None]
            pairs = [(a.party, b.party) for a in ours for b in theirs if a.party is not None and b.party is not None]
            if pairs and all(parties.are_two(a, b) for a, b in pairs):
                yield theirs[-1].text


def _only_quotes(sentence: str, start: int, quotes: Sequence[QuoteCheck]) -> bool:
    """Whether a sentence is a quotation, and none is clipped, with nothing but words that lead to it."""
    if not quotes or any(quote.clipped for quote in quotes):
        return False
    pieces = [sentence[: quotes[0].start - start]]
    pieces += [sentence[a.end - start : b.start - start] for a, b in pairwise(quotes)]
    pieces.append(sentence[quotes[-1].end - start :])
    first, *others = (blank_citation_markers(piece).strip(" *_#-•>") for piece in pieces)
    words = len(first.split())
    is_lead = words <= _FEW_WORDS or (words <= _LEAD_WORDS and bool(_LEADS_TO_QUOTE.search(first)))
    return is_lead and not any(re.search(r"\w{4,}|\d", piece) for piece in others) and not find_facts(first)


def _is_own_list(items: Mapping[int, int], start: int, number: str | None) -> bool:
    """Whether a number at the start of a line belongs to a list of the answer: the item before it is there."""
    return number is None or number == "1" or items.get(int(number) - 1, start) < start


def _first_items(text: str) -> dict[int, int]:
    """Where the first item of each number stands in the lists of a text."""
    found: dict[int, int] = {}
    for match in _ITEM.finditer(text):
        found.setdefault(int(match[1]), match.start())
    return found


def claims(sentence: str, others_cite: bool = False) -> bool:
    """Whether a sentence makes a claim about the contract: not a lead-in, a question or an offer to help, and not that
    nothing was found.

    A bare "Yes." or "No." claims what the sentences around it say; it needs a citation of its own if they have none.
    """
    words = sentence.strip(" *_#\n").split()
    if any(not is_own_count(fact, sentence) for fact in find_facts(sentence)):
        return True
    if _is_offer(sentence):
        return False
    if len(words) <= _FEW_WORDS or words[-1].endswith((":", "?")):
        return bool(words) and words[0].strip(".,!").lower() in ("yes", "no") and not others_cite
    return not _is_silent(sentence)


def _is_silent(sentence: str) -> bool:
    """Whether a sentence says that the sources do not say something."""
    is_refusal = bool(_REFUSES.search(sentence) and _ABOUT_SOURCES.search(sentence) and not _BINDS.search(sentence))
    return is_refusal and not _is_offer(sentence)


def _is_offer(sentence: str) -> bool:
    """Whether a sentence speaks to the reader, offers help or sends him to a lawyer, and says nothing of a contract."""
    return bool(_OFFERS.match(sentence)) and not _BINDS.search(sentence) and not find_facts(sentence)


def _citations(
    sentence: CheckedSentence, by_number: Mapping[int, Passage], documents: Mapping[str, Document]
) -> Iterator[Citation]:
    numbers = set()
    for quote in sentence.quotes:
        if quote.match and quote.n is not None:
            numbers.add(quote.n)
            document = documents[by_number[quote.n].document_id]
            spans = quote.clipped.whole if quote.clipped else quote.match.parts
            yield word_for_word(quote.n, pin_cite(document, *spans), own_words(document, *spans))
    for n in sentence.cites:
        if n not in numbers:
            yield _without_quote(by_number[n], documents[by_number[n].document_id], sentence)


def _without_quote(passage: Passage, document: Document, sentence: CheckedSentence) -> Citation:
    at = sentence.at.get(passage.n, passage.spans[0].start)
    cite = pin_cite(document, *passage.spans, at=at)
    return Citation(**cite.where(), n=passage.n, quote=None, verified=False)


def _display_text(quote: QuoteCheck, text: str) -> str:
    original = text[quote.start : quote.end]
    if quote.match is None:
        plain = re.sub(r"[“”„«»\"″＂]", "", quote.text)
        return f"{plain} ({NOT_FOUND if quote.checked else NOT_CHECKED})"
    tail = quote.text[-1:] if quote.text[-1:] in ".,;:" and not quote.own_words.endswith(quote.text[-1:]) else ""
    if original.lstrip().startswith(">"):
        return f"> {quote.own_words}{tail}"
    return f"“{quote.own_words}{tail}”"
