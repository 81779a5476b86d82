"""Reads a question: its kind, whether it leans on the question before it (ellipsis), and the queries to search for it.

A question stands alone unless it cannot: only one that says nothing of its own is joined with the question before it
at once. Where it might be either, both queries are searched and the better one wins (`answer`). `KINDS` is the table of
the kinds of question that are not searched as they stand.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.answers.history import Turn

KindName = Literal[
    "question", "greeting", "help", "library", "mentions", "summary", "about_last_answer", "compare", "each"
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question: signs of it, signs against it, and what it needs.

    It needs a turn before it, several documents in scope, or nothing. `examples` are read as this kind in a
    conversation about several documents, `counterexamples` are not.
    """

    name: KindName
    signs: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    needs: Literal["", "turn", "several documents"] = ""
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A query to search, and whether it leans on the question before it."""

    text: str
    leans: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it was read.

    `queries`: one, or two that compete, that of the question alone first. `parts`: the halves of a two-part question,
    each a question. `phrase`: that whose mentions are counted. `keeps_documents`: it is asked of the documents of the
    last answer unless it names others.
    """

    kind: KindName
    queries: tuple[Query, ...]
    parts: tuple[str, ...] = ()
    phrase: str = ""
    keeps_documents: bool = False


def _words(*alternatives: str) -> str:
    return "(?:" + "|".join(alternatives) + ")"


def _signs(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


# Document and its kinds, as a noun.
_PAPER = (
    r"(?:documents?|contracts?|agreements?|leases?|licen[cs]es|files?|pdfs?|deals?|deeds?|ndas?|msas?|sows?|papers"
    r"|amendments?|letters?|motions?|complaints?|briefs?|filings?)"
)
_PAPERS = (
    r"(?:documents|contracts|agreements|leases|files|pdfs|deals|deeds|ndas|msas|sows|papers|amendments"
    r"|suppliers|vendors|customers|counterparties|filings)"
)
_END = r"\s*[?.!]*\s*$"
_ASKING = r"^\s*(?:please\s+|now\s+|then\s+|and\s+|so\s+|(?:can|could|would|will) you\s+(?:please\s+)?)*"
_LANGUAGE = (
    r"(?:english|french|german|spanish|italian|portuguese|dutch|polish|turkish|russian|chinese|japanese|korean"
    r"|arabic|hindi|swedish|danish|norwegian|finnish|greek|czech|ukrainian)"
)
_FORM = (
    rf"(?:in (?:(?:one|a single|two|three|a few|\d+) (?:short )?(?:sentences?|words?|lines?|paragraphs?)|short|brief"
    rf"|(?:bullet ?points?|bullets)|plain (?:english|language|words)|simpler? (?:terms|words|language|english)"
    rf"|more detail|a table|table form|{_LANGUAGE})|as (?:a|an) (?:\w+ )?(?:table|list|e-?mail|memo)"
    rf"|as (?:bullet ?points|bullets)|(?:more )?(?:briefly|simply|shorter|concisely)|step by step)"
)
_THAT = (
    r"(?:that|this|it|the (?:last |previous |above )?(?:answer|reply|response)|your (?:last )?(?:answer|reply)|the above)"
)
_ORDINAL = r"(?:first|second|third|fourth|fifth|last|next|\d(?:st|nd|rd|th))"
_POINT = rf"(?:the {_ORDINAL} (?:point|item|one|part|sentence|citation|quotation|quote|bullet|condition|passage))"
_COURTESY = (
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings|thanks?(?: you)?(?: very much| so much| a lot)?"
    r"|many thanks|thx|cheers|(?:good)?bye|see you|ok|okay|great|perfect|excellent|super|got it|i see|understood|nice"
    r"|well done|good job|there|pincite|everyone|all|again"
    r"|(?:that|this|it)(?:['’]s| is| was)? (?:very |really |quite )?(?:helps?(?: a lot| me)?|helpful|great|useful|all"
    r"|good|perfect|clear)(?: for now| for today)?)"
)

KINDS: tuple[Kind, ...] = (
    Kind(
        "greeting",
        _signs(rf"^\s*(?:{_COURTESY}[\s,.!:)–-]*)+$"),
        examples=("Hi", "hello there!", "Thank you very much.", "OK, thanks", "Great, that helps a lot.", "Good morning"),
        counterexamples=("Is there an all-risks policy?", "Thanks. What is the rent?", "All?"),
        unless=_signs(r"^\s*(?:all|there|again|everyone)\b"),
    ),
    Kind(
        "help",
        _signs(
            rf"^\s*(?:help|what (?:can|do|could) you (?:do|help (?:me )?with|know)|what (?:can|could|should|may) i ask"
            rf"(?: you)?|how (?:do|can|should) (?:i|we|you) (?:use (?:this|you|it)|ask(?: you)? (?:a )?questions?)"
            rf"|how does (?:this|it) work|how do you work|(?:who|what) are you|what is (?:this|pincite)"
            rf"|are you (?:an? )?(?:ai|bot|robot|human|person|lawyer|chatgpt)|can you help(?: me)?){_END}"
        ),
        examples=("What can you do?", "help", "Who are you?", "What can I ask you?", "How does this work?"),
        counterexamples=("How does the price adjustment work?", "What can the buyer do?", "Can you help me find the rent?"),
    ),
    Kind(
        "library",
        _signs(
            rf"^\s*how many (?:\w+ )?{_PAPERS}(?: (?:do|did|have|can|are|is|were|in|here|there|i|we|you|got|see|search"
            rf"|read|the|this|my|our|matter|folder|library|uploaded?|added?|loaded|total|all|now|so far|been|indexed"
            rf"|available|at hand))*{_END}",
            rf"^\s*how many pages (?:do|does|are|is|has|have|in|of)\b[^,;]{{0,60}}{_END}",
            rf"^\s*(?:{_ASKING[1:]})?(?:which|what) (?:\w+ )?{_PAPERS} (?:do (?:i|we|you) have|are (?:there|here|these"
            rf"|loaded|uploaded|available|in (?:this|the|my) (?:matter|folder|library|case))|have (?:i|we|you|been)\b"
            rf"[\w ]{{0,20}}|(?:can|do) you (?:see|know|have|search)|did (?:i|we) (?:upload|add)){_END}",
            rf"{_ASKING}(?:list|show|name|tell me)(?: me)?(?: all)?(?: of)?(?: the| my| our| these)? {_PAPERS}"
            rf"(?: here| in (?:this|the|my) (?:matter|folder|library|case)| (?:you|we|i) have)?{_END}",
            rf"^\s*what(?:['’]s| is) in (?:this|the|my) (?:matter|folder|library|case){_END}",
        ),
        examples=(
            "How many documents are there?",
            "how many contracts do I have in this matter?",
            "How many pages does the lease have?",
            "How many pages are there in all?",
            "Which documents are here?",
            "What files have I uploaded?",
            "List all documents",
            "Show me the contracts in this folder",
            "What's in this matter?",
        ),
        counterexamples=(
            "How many documents must the seller deliver at closing?",
            "Which documents have to be delivered?",
            "How many contracts are governed by Delaware law?",
            "How many pages may a brief have?",
            "List the documents that the seller has to hand over",
            "Which contracts have an exclusivity clause?",
        ),
        unless=_signs(r"\bpages? (?:must|may|can|should)\b"),
    ),
    Kind(
        "mentions",
        _signs(
            r"^\s*how (?:often|frequently|many times) (?:is|are|was|were|do|does|did) (?:the (?:word|term|phrase|name)s? "
            r"|we |they )?(?P<often>.+?) (?:mentioned|named|referred to|referenced|appear|occur|come up|show up)\b[^,;?]*"
            rf"{_END}",
            r"^\s*how (?:often|many times) (?:is|are|does|do) the (?:word|term|phrase|name)s? (?P<used>.+?) "
            rf"(?:used|found|appear|occur)\b[^,;?]*{_END}",
            rf"{_ASKING}(?:find|list|show|count|give)?(?: me)?(?: the number of| how many)? ?(?:every|all|each|the)? ?(?:of "
            rf"the )?(?:mentions?|occurrences?) of (?:the (?:word|term|phrase|name) )?(?P<every>.+?){_END}",
            rf"^\s*how many (?:mentions|occurrences|instances) of (?P<many>.+?)(?: are there)?{_END}",
            r"^\s*(?:where|on (?:which|what) pages?) (?:is|are|does|do) (?:the (?:word|term|phrase|name) )?(?P<where>.+?) "
            rf"(?:mentioned|named){_END}",
            r"^\s*(?:where|on (?:which|what) pages?|does|do) (?:does |do |is |are )?the (?:word|term|phrase|name) "
            rf"(?P<word>.+?) (?:used|found|appear|occur|mentioned)\b[^,;?]*{_END}",
        ),
        examples=(
            "How often is Delaware mentioned?",
            "How many times does the word “escrow” appear?",
            "Find every mention of Acme Holdings",
            "Where is the arbitrator mentioned?",
            "How many mentions of indemnity are there?",
            "Does the term “Net Sales” occur anywhere?",
        ),
        counterexamples=(
            "How often must reports be delivered?",
            "How many times may the term be renewed?",
            "How often is the rent reviewed?",
            "What does the clause mentioned in Section 4 say?",
        ),
    ),
    Kind(
        "summary",
        _signs(
            rf"{_ASKING}(?:(?:briefly )?summari[sz]e|sum up|(?:give|write|make|show)(?: me)? (?:an? |the )?(?:\w+ )?"
            rf"(?:summary|overview) of|(?:an? |the )?(?:\w+ )?(?:summary|overview) of|tl;?dr:?)(?: (?:me|for me|the whole"
            rf"|all of))?(?: (?:this|the|my|our|that|these))?(?: (?!of|in|under|for|on|about)[\w&.,'’-]+){{0,7}}? "
            rf"{_PAPER}(?: (?:in|with|between|of|from|dated) [\w&.,'’ -]{{1,60}}| for me)?{_END}",
            rf"{_ASKING}(?:summari[sz]e|sum up)(?: (?:this|it|everything|the whole thing))?(?: for me)?{_END}",
            rf"{_ASKING}(?:summari[sz]e|sum up) \S+\.(?:pdf|docx?|txt|html?|eml){_END}",
            rf"^\s*what(?:['’]s| is) (?:this|it|(?:this|the|that|our|my)(?: [\w&.,'’-]+){{0,7}}? {_PAPER}"
            rf"|\S+\.(?:pdf|docx?|txt|html?|eml)) (?:all )?about{_END}",
            rf"^\s*what (?:does|do) (?:this|the|these)(?: [\w&.,'’-]+){{0,5}}? {_PAPER} (?:say|cover|deal with|do)"
            rf"(?: in (?:short|brief|general))?{_END}",
        ),
        unless=_signs(
            r"\b(?:clauses?|sections?|articles?|provisions?|obligations?|rights?|terms|duties|changes|differences)\b"
        ),
        examples=(
            "Summarise this",
            "Summarize the Acme lease",
            "Can you give me a short summary of this contract?",
            "What is this document about?",
            "What's the Contoso loan agreement all about?",
            "Please summarise lease-2019.pdf",
            "Give me an overview of the agreement with Baker",
        ),
        counterexamples=(
            "Summarise the termination clause of this agreement",
            "Summarise the buyer's obligations under the contract",
            "What is the indemnity about?",
            "What does the contract say about late delivery?",
        ),
    ),
    Kind(
        "about_last_answer",
        _signs(
            rf"{_ASKING}(?:summari[sz]e|sum up|shorten|simplify|rephrase|reword|rewrite|repeat|explain|clarify|translate"
            rf"|expand(?: on)?|elaborate(?: on)?|quote|cite|(?:show|give) me|put|say|write|make|break down|turn|restate"
            rf"|paraphrase|condense|format|present)"
            rf"(?: {_THAT}| {_POINT})(?: (?:up|down|again|out|to me|for me))?(?: (?:(?:in|in)?to|as|in|more|a bit|please"
            rf"|again|for|simpler|shorter|clearer|better|longer|than)\b[\w ,'’-]{{0,60}})?{_END}",
            rf"{_ASKING}(?:sum {_THAT} up|say {_THAT} again|(?:and |now )?(?:again|once more)|repeat|explain|elaborate"
            rf"|(?:tell|give|show) me more(?: (?:about|on) {_THAT})?|more details?|in other words|come again"
            rf"|shorter|longer|simpler|rephrase|translate(?: (?:in)?to {_LANGUAGE})?){_END}",
            rf"{_ASKING}(?:but |the same |same |again )?{_FORM}(?:,? please| again| instead)?{_END}",
            rf"{_ASKING}(?:give|show|tell|write)(?: me)? (?:{_THAT} |(?:an? |the )?(?:same |short )?(?:answer|summary|table"
            rf"|version|list) ?)(?:{_FORM}|of {_THAT})?{_END}",
            r"^\s*(?:but )?(?:are you (?:really |quite |absolutely )?(?:sure|certain)|really|is (?:that|this|it) "
            r"(?:really |actually )?(?:right|correct|true|so|certain|accurate)|how (?:do|can) you (?:know|tell)"
            r"|why do you (?:say|think) (?:so|that)|what makes you (?:say|think) (?:so|that)|says who|that(?:['’]s| is) "
            r"(?:wrong|not (?:right|true|correct)))\b(?!.*\b(?:who|what|when|which)\b)[^;]{0,80}$",
            rf"^\s*(?:where|on (?:what|which) page|in (?:what|which) (?:section|clause|article|document|contract)|which "
            rf"(?:page|section|clause|article|document|contract))(?: exactly)?(?: (?:does|do) (?:it|the \w+|they|he) say "
            rf"(?:so|that|this|it)| (?:is|was) (?:that|this|it)(?: (?:from|written|stated|said|found))?"
            rf"| did you (?:find|get|see|read) (?:that|this|it)| (?:can|do) i (?:find|see|read) (?:that|this|it)"
            rf"| says (?:so|that|this)| comes? (?:that|this) from| does (?:that|this|it) come from)?{_END}",
            r"^\s*what (?:do you mean|does (?:that|this|it|the answer) mean|is your source|are your sources|did you say)"
            rf"(?: by (?:that|this|it)| exactly| in plain english| in practice)?{_END}",
            rf"^\s*(?:what (?:is|was|about|does)|explain|show(?: me)?|tell me about|read(?: me)?|and) {_POINT}"
            rf"(?: (?:say|mean|about|you (?:mentioned|listed|gave)))?{_END}",
            rf"{_ASKING}(?:show|give|read|quote|cite)(?: me)? (?:the |your |its )?(?:exact |full |whole |original )?"
            rf"(?:text|wording|words|passages?|sources?|quotes?|quotations?|citations?|evidence|language)"
            rf"(?: (?:for|of|behind) {_THAT})?{_END}",
        ),
        needs="turn",
        examples=(
            "Summarise that",
            "Are you sure?",
            "Translate it into German",
            "Where does it say so?",
            "Explain the second point",
            "In one sentence, please",
            "As a table",
            "Can you put that in plain English?",
            "Shorter please",
            "What does that mean?",
            "Show me the exact wording",
            "Which page is that?",
            "Which section?",
            "Tell me more about that",
            "Is that right?",
            "How do you know?",
            "Can you make it shorter?",
            "Please explain that in simpler terms",
        ),
        counterexamples=(
            "Explain the indemnity",
            "Where does it say who pays the costs?",
            "Which section deals with assignment?",
            "What does “Net Sales” mean?",
            "What does that mean for the buyer's deposit?",
            "Which page is the indemnity on?",
            "Translate the governing law clause into German",
            "Why?",
        ),
    ),
    Kind(
        "compare",
        _signs(
            r"\bcompare\b(?!d)",
            r"\b(?:comparison|differences?) (?:between|of|among)\b",
            rf"\bhow (?:do|does|is|are) .{{1,80}}\b(?:differ|different from|compare)\b.{{0,80}}\b{_PAPER}\b",
            rf"\b{_PAPER}\b.{{1,60}}\b(?:vs\.?|versus)\s",
            rf"\b(?:same|identical|alike|different) in both\b|\bboth (?:{_PAPERS})\b",
        ),
        needs="several documents",
        examples=(
            "Compare the notice periods of the Acme lease and the Baker lease",
            "What is the difference between the two NDAs on term?",
            "How does the liability cap differ between the Acme contract and the Baker contract?",
            "Is the governing law the same in both contracts?",
        ),
        counterexamples=("Is the price compared with market rates?", "What are the differences in tax treatment?"),
    ),
    Kind(
        "each",
        _signs(
            rf"\b(?:which|what|how many|do any|does any|have any|has any|is any|are any|any|each|every|all|none|some)"
            rf"(?: one)?(?: of)?(?: (?:my|our|the|these|those|your))?(?: \w+)? {_PAPERS}\b(?! (?:must|shall|may|should|need|do "
            rf"the|does the|has the|have to|to be|are to|the |a |an |between|with respect))",
            rf"\b(?:in|for|of|from|by|per|across|under) (?:each|every|all)(?: of)?(?: (?:my|our|the|these|those))? {_PAPER}\b",
            rf"\b(?:each|every) (?:of them|one of them|{_PAPER})\b",
            r"^\s*(?:do|does|have|are|can) (?:they|these|those) all\b|\bwhich of (?:them|these|those)\b|\bin all of them\b",
        ),
        unless=_signs(r"\b(?:other|related|ancillary|transaction|prior|previous|such|definitive|third[- ]party) \w*s\b"),
        needs="several documents",
        examples=(
            "Which of my contracts can be assigned without consent?",
            "Which contracts have an exclusivity clause?",
            "What is the governing law of each agreement?",
            "Do any of these agreements renew automatically?",
            "Do they all have a liability cap?",
            "Which of them allow termination for convenience?",
            "List the notice period in every lease",
            "How many contracts are governed by Delaware law?",
        ),
        counterexamples=(
            "Which documents must the seller deliver at closing?",
            "Do any prior agreements survive?",
            "What is the governing law of this agreement?",
        ),
    ),
)


def read_question(question: str, history: Sequence[Turn] = (), documents: int = 1) -> Reading:
    """Read a question in its conversation, with so many documents in scope."""
    asked = _LED_BY_COURTESY.sub("", question).strip() or question
    kind, phrase = _kind(asked, bool(history), documents)
    if kind in ("greeting", "help", "library", "mentions"):
        return Reading(kind, (Query(asked),), phrase=phrase)
    if kind != "question":
        return Reading(kind, (Query(asked),), keeps_documents=bool(history))
    if parts := two_parts(asked):
        return Reading(kind, (Query(asked),), parts)
    if not history:
        return Reading(kind, (Query(asked),))
    alone, joined = Query(asked), Query(f"{history[-1].query} {asked}", leans=True)
    match leaning(asked):
        case "leans":
            return Reading(kind, (joined,), keeps_documents=True)
        case "may lean":
            return Reading(kind, (alone, joined), keeps_documents=True)
    return Reading(kind, (alone,))


def _kind(question: str, has_turn: bool, documents: int) -> tuple[KindName, str]:
    """The first kind whose signs a question has, and the phrase in it whose mentions are counted."""
    for kind in KINDS:
        if (kind.needs == "turn" and not has_turn) or (kind.needs == "several documents" and documents < 2):
            continue
        found = kind.signs.search(question)
        if found and not (kind.unless and kind.unless.search(question)):
            phrase = next((words for words in found.groupdict().values() if words), "")
            return kind.name, phrase.strip(" \"'“”‘’")
    return "question", ""


# Leaning

Leaning = Literal["stands alone", "may lean", "leans"]

_LED_BY_COURTESY = re.compile(rf"^\s*(?:{_COURTESY}\s*[,.!;:–-]+\s*)+(?=\S*\w.*\w)", re.IGNORECASE)
# A pronoun that may stand for something said before. "this agreement" and "the other party" do not, nor does "there is".
_ANAPHORA = re.compile(
    rf"\b(?:it|its|they|them|their|theirs|he|she|him|his|hers?|such|ones?|the (?:former|latter|same)|(?:then|there)(?=\s*[?.!]*$)"
    rf"|(?:that|this|these|those)(?!\s+(?:\w+\s+)?{_PAPER}\b)|otherwise|instead|else(?=\s*[?.!]*$))\b",
    re.IGNORECASE,
)
_CONTINUATION = re.compile(
    r"\s*(?:and|or|but|so|also|then|even|only|except|unless|any exceptions?|what about|how about|what if|why|since|until"
    r"|by when|by whom|for how long|how so|in what case|same|not)\b",
    re.IGNORECASE,
)
# With no more content words than these a question may lean on the one before it: any question, one with a pronoun, one
# that opens as a continuation.
_MOST_CONTENT, _MOST_WITH_ANAPHORA, _MOST_WITH_CONTINUATION = 1, 3, 4
_STOP_WORDS = frozenset(
    "a about again agreement agreements all also an and any apply are as at be been being but by can contract contracts"
    " could deal did do does document each even ever every far for from get give given had happen happens has have how"
    " i if in is it its just kind less long many may me might more most much must my need no not of often on only or"
    " other our part parties party please reason say says shall should side sides so some soon still take tell than that"
    " the their them then there these they thing things this those time to too under up upon us was we were what when"
    " where which while who whom whose why will with within would yes you your".split()
)


def leaning(question: str) -> Leaning:
    """Whether a question leans on the one before it, by its words alone."""
    content = content_words(question)
    if not content:
        return "leans"
    if _CONTINUATION.match(question):
        return "may lean" if len(content) <= _MOST_WITH_CONTINUATION else "stands alone"
    most = _MOST_WITH_ANAPHORA if _ANAPHORA.search(question) else _MOST_CONTENT
    return "may lean" if len(content) <= most else "stands alone"


def content_words(question: str) -> list[str]:
    """The words of a question that say what it is about."""
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", question.lower())
    return [word for word in words if word not in _STOP_WORDS and not word.endswith(("n't", "n’t"))]


# Two parts

_ASKS = (
    r"(?:who|whom|whose|what|when|where|which|how|why|is|are|was|were|does|do|did|can|could|may|must|shall|should|will"
    r"|would|has|have|under wh\w+|by wh\w+|for how|to wh\w+|in wh\w+|on wh\w+|at wh\w+|from wh\w+)"
)
_SECOND_QUESTION = re.compile(rf"(?:\s*[?;]\s+(?:and\s+|also,?\s+)?|\s*,?\s+and(?:\s+also)?\s+)(?={_ASKS}\b)", re.IGNORECASE)
# "What are the notice period and the governing law?"
_TWO_THINGS = re.compile(
    r"^(?P<asks>(?:what|who)\s+(?:is|are|was|were))\s+(?P<first>(?:the|our|their|its)\s+(?:[\w'’-]+\s+){1,5}?)and\s+"
    r"(?:(?:what|who)\s+(?:is|are)\s+)?(?P<second>(?:the|our|their|its)\s+(?:[\w'’-]+\s*){1,5})\?*$",
    re.IGNORECASE,
)


def two_parts(question: str) -> tuple[str, ...]:
    """The halves of a two-part question, each a question that stands alone; empty for any other."""
    halves = list(_halves(question))
    if len(halves) == 2 and all(leaning(half) == "stands alone" for half in halves):
        return tuple(halves)
    return ()


def _halves(question: str) -> Iterator[str]:
    if things := _TWO_THINGS.match(question.strip()):
        yield f"{things['asks']} {things['first'].strip()}?"
        yield f"{things['asks']} {things['second'].strip()}?"
        return
    for half in _SECOND_QUESTION.split(question.strip()):
        yield half if half.endswith("?") else f"{half.rstrip(' .')}?"
