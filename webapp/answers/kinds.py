"""Kinds of question that are not searched as they stand: a table of the signs of each, with examples.

What is no row of it is an ordinary question. The first row counts whose signs a question has.
"""

import re
from dataclasses import dataclass
from typing import Literal

from webapp.answers.each_signs import EACH

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


def _signs(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


# Document and its kinds, as a noun.
PAPER = (
    r"(?:documents?|contracts?|agreements?|leases?|licen[cs]es|files?|pdfs?|deals?|deeds?|ndas?|msas?|sows?|papers"
    r"|amendments?|letters?|motions?|complaints?|briefs?|filings?)"
)
# What is asked for in short, whole: a document by its kind, with a few words before it and after it, or by its file.
_A_PAPER = (
    rf"(?:(?:(?:the )?(?:whole|entire) )?(?:(?:this|the|my|our|that|these|all(?: of)?(?: the| my| our| these)?) )?"
    rf"(?:(?!(?:of|in|under|for|on|about|a|an|to|and)\b)[\w&.,'’-]+ ){{0,7}}?"
    rf"(?:{PAPER}|(?:court )?orders?|judge?ments?|rulings?|opinions?|decisions?|regulations?|directives?|polic(?:y|ies)"
    rf"|memorand(?:um|a)|memos?|reports?|transcripts?|depositions?|term sheets?|statements? of work|e-?mails?)\b"
    rf"(?: (?:in|with|between|of|from|dated|by) [\w&.,'’ -]{{1,60}})?|\S+\.(?:pdf|docx?|txt|html?|eml))"
)
PAPERS = (
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
_REPLY = r"(?:answer|reply|response)"
_THAT = (
    rf"(?:(?:all of )?(?:that|this|it|both|these|those|them)|the (?:last |previous |above )?{_REPLY}|the above"
    rf"|your (?:last )?{_REPLY}|(?:all|what|everything) (?:that )?you (?:just )?said)"
)
_ORDINAL = r"(?:first|second|third|fourth|fifth|last|next|\d(?:st|nd|rd|th))"
_POINT = rf"(?:the {_ORDINAL} (?:point|item|one|part|sentence|citation|quotation|quote|bullet|condition|passage))"
# What is done to an answer, how it is doubted, and how its place is asked for.
_REWORD = (
    r"(?:summari[sz]e|sum up|shorten|simplify|rephrase|reword|rewrite|repeat|explain|clarify|translate|expand(?: on)?"
    r"|elaborate(?: on)?|quote|cite|show|give|tell|put|say|write|draft|make|break down|turn|restate|paraphrase|condense"
    r"|format|present|list|describe)"
)
_GIST = (
    r"(?:summary|overview|gist|recap|synopsis|outline|run-?down|digest|highlights|essentials|short version|tl;?dr:?"
    r"|(?:main|key|most important|essential|principal) (?:terms|points|provisions|clauses|contents?|facts|things))"
)
_GIVES = r"(?:(?:give|write|make|show|tell|get)(?: me| us)?|i (?:need|want|would like)|name|list)"
_FOR_ME = (
    r"(?: (?:to|for) (?:me|us)| in (?:a few|\d+|two|three|four|five) (?:words|lines|sentences)|,? please| briefly)*"
)
_IN_SHORT = r"(?:(?:in (?:short|brief|a nutshell)|briefly),? )?"
_DOUBTS = (
    r"(?:are you (?:really |quite |absolutely )?(?:sure|certain)\b(?!.*\b(?:who|what|when|which)\b)[^;]{0,80}"
    r"|(?:really|is (?:that|this|it) (?:really |actually )?(?:right|correct|true|so|certain|accurate|all|everything"
    r"|complete)|how (?:do|can) you (?:know|tell)|(?:why (?:do|did|would) you"
    r"|what ma(?:kes|de) you) (?:say|think|write|answer|conclude|claim|cite) (?:so|that|this|it)|says who"
    r"|that(?:['’]s| is) (?:wrong|not (?:right|true|correct)))(?: that| then| though)?\s*[?.!]*\s*$)"
)
_WHERE = (
    r"(?:where|(?:on|in) (?:what|which) (?:page|section|clause|article|document|contract)"
    r"|which (?:page|section|clause|article|document|contract))"
)
COURTESY = (
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings|thanks?(?: you)?(?: very much| so much| a lot)?"
    r"|many thanks|thx|cheers|(?:good)?bye|see you|ok|okay|great|perfect|excellent|super|got it|i see|understood|nice"
    r"|well done|good job|there|pincite|everyone|all|again"
    r"|(?:that|this|it)(?:['’]s| is| was)? (?:very |really |quite )?(?:helps?(?: a lot| me)?|helpful|great|useful|all"
    r"|good|perfect|clear)(?: for now| for today)?)"
)

KINDS: tuple[Kind, ...] = (
    Kind(
        "greeting",
        _signs(rf"^\s*(?:{COURTESY}[\s,.!:)–-]*)+$"),
        examples=(
            "Hi",
            "hello there!",
            "Thank you very much.",
            "OK, thanks",
            "Great, that helps a lot.",
            "Good morning",
        ),
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
        counterexamples=(
            "How does the price adjustment work?",
            "What can the buyer do?",
            "Can you help me find the rent?",
        ),
    ),
    Kind(
        "library",
        _signs(
            rf"^\s*how many (?:\w+ )?{PAPERS}(?: (?:do|did|have|can|are|is|were|in|here|there|i|we|you|got|see|search"
            rf"|read|the|this|my|our|matter|folder|library|uploaded?|added?|loaded|total|all|now|so far|been|indexed"
            rf"|available|at hand))*{_END}",
            rf"^\s*how many pages (?:do|does|are|is|has|have|in|of)\b[^,;]{{0,60}}{_END}",
            rf"^\s*(?:{_ASKING[1:]})?(?:which|what) (?:\w+ )?{PAPERS} (?:do (?:i|we|you) have|are (?:there|here|these"
            rf"|loaded|uploaded|available|in (?:this|the|my) (?:matter|folder|library|case))|have (?:i|we|you|been)\b"
            rf"[\w ]{{0,20}}|(?:can|do) you (?:see|know|have|search)|did (?:i|we) (?:upload|add)){_END}",
            rf"{_ASKING}(?:list|show|name|tell me)(?: me)?(?: all)?(?: of)?(?: the| my| our| these)? {PAPERS}"
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
            r"^\s*how (?:often|frequently|many times) (?:is|are|was|were|do|does|did) (?:the (?:word|term|phrase"
            r"|name)s? "
            r"|we |they )?(?P<often>.+?) (?:mentioned|named|referred to|referenced|appear|occur|come up|show"
            r" up)\b[^,;?]*"
            rf"{_END}",
            r"^\s*how (?:often|many times) (?:is|are|does|do) the (?:word|term|phrase|name)s? (?P<used>.+?) "
            rf"(?:used|found|appear|occur)\b[^,;?]*{_END}",
            rf"{_ASKING}(?:find|list|show|count|give)?(?: me)?(?: the number of| how many)? ?(?:every|all|each"
            rf"|the)? ?(?:of "
            rf"the )?(?:mentions?|occurrences?) of (?:the (?:word|term|phrase|name) )?(?P<every>.+?){_END}",
            rf"^\s*how many (?:mentions|occurrences|instances) of (?P<many>.+?)(?: are there)?{_END}",
            r"^\s*(?:where|on (?:which|what) pages?) (?:is|are|does|do) (?:the (?:word|term|phrase|name)"
            r" )?(?P<where>.+?) "
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
            rf"{_ASKING}(?:{_GIVES} )?(?:an? |the |its )?(?:(?!no\b)[\w-]+ )?{_GIST}"
            rf"(?: (?:of|on|for|about|in) {_A_PAPER})?{_FOR_ME}{_END}",
            rf"^\s*(?:what are|list) (?:the |its )?{_GIST}(?: (?:of|in) {_A_PAPER})?{_END}",
            rf"{_ASKING}(?:briefly )?(?:summari[sz]e|sum up|recap|outline|brief)(?: (?:me on|me|for me))?"
            rf"(?: (?:{_A_PAPER}|it|this|everything|the whole thing))?{_FOR_ME}{_END}",
            rf"{_ASKING}(?:briefly )?(?:describe|explain|tell (?:me|us) about|(?:walk|take) (?:me|us) through"
            rf"|go (?:over|through)) {_A_PAPER}{_FOR_ME}{_END}",
            rf"^\s*{_IN_SHORT}what(?:['’]s| is) (?:this|it|{_A_PAPER}|(?:this|the) (?:case|lawsuit|dispute))"
            rf" (?:all )?about{_END}",
            rf"^\s*what(?:['’]s| is) in {_A_PAPER}{_FOR_ME}{_END}",
            rf"^\s*in (?:short|brief|a nutshell),? what(?:['’]s| is) {_A_PAPER}{_END}",
            rf"^\s*{_IN_SHORT}what (?:does|do) {_A_PAPER} (?:say|cover|deal with|do|provide|contain|regulate)"
            rf"(?: in (?:short|brief|general))?{_END}",
            rf"^\s*what (?:do|should|must) (?:i|we|one) (?:need to |have to )?know about {_A_PAPER}{_END}",
            rf"^\s*what (?:did|do|have|has) (?:the parties|they|both sides) agreed?(?: (?:on|to|upon))?"
            rf"(?: (?:in|under|with) {_A_PAPER})?{_END}",
        ),
        unless=_signs(
            r"\b(?<!main )(?<!key )(?<!important )(?<!essential )(?<!principal )(?:clauses?|sections?|articles?"
            r"|provisions?|obligations?|rights?|terms|duties|changes|differences)\b"
        ),
        examples=(
            "Summarise this",
            "Summarize the Acme lease",
            "Can you give me a short summary of this contract?",
            "What is this document about?",
            "What's the Contoso loan agreement all about?",
            "Please summarise lease-2019.pdf",
            "Give me an overview of the agreement with Baker",
            "What are the main terms?",
            "Summary of the employment agreement please",
            "Give me an overview",
            "In short, what is this NDA?",
            "Give me the gist of the NDA",
            "What is the order about?",
            "Key points of the subscription agreement",
            "tl;dr",
            "Explain this contract to me",
            "What should I know about this lease?",
            "Walk me through the employment agreement",
            "What's in the lease?",
            "What did the parties agree on?",
        ),
        counterexamples=(
            "Summarise the termination clause of this agreement",
            "Summarise the buyer's obligations under the contract",
            "What is the indemnity about?",
            "What are the payment terms?",
            "What does the contract say about late delivery?",
            "Explain the lease payments to me",
            "Tell me about the deposit under the lease",
            "What does the order say about fraud?",
            "What is in Exhibit B of the lease?",
            "List the main obligations of the tenant",
        ),
    ),
    Kind(
        "about_last_answer",
        _signs(
            rf"{_ASKING}{_REWORD} (?:me )?(?:{_THAT}|{_POINT})(?: (?:up|down|out|again|to me|for me))*"
            rf"(?:,? (?:in|into|to|as|more|a bit|a little|please|again|instead|for|like|simpler|shorter|clearer"
            rf"|better|longer"
            rf"|than|briefly|simply)\b[\w ,'’-]{{0,60}})?{_END}",
            rf"{_ASKING}(?:sum {_THAT} up|again|once more|repeat|explain|elaborate|rephrase|(?:tell|give|show) me more"
            rf"(?: (?:about|on) {_THAT})?|more details?|in other words|come again|shorter|longer|simpler"
            rf"|translate(?: (?:in)?to {_LANGUAGE})?)(?: please)?{_END}",
            rf"{_ASKING}(?:explain|describe|say|put) (?:it )?(?:like|as if|simply|differently)\b[\w"
            rf" ,'’-]{{0,40}}{_END}",
            rf"{_ASKING}(?:but |the same |same |again )?{_FORM}(?:,? please| again| instead)?{_END}",
            rf"{_ASKING}(?:give|show|tell|write|make)(?: me)? (?:{_THAT}|(?:an? |the )?(?:same |short )?"
            rf"(?:answer|summary|table|version|list))(?: (?:{_FORM}|of {_THAT}))?{_END}",
            rf"^\s*(?:but )?{_DOUBTS}",
            rf"^\s*{_WHERE}(?: exactly)?(?: (?:does|do) (?:it|the \w+|they|he) say (?:so|that|this|it)"
            rf"| (?:is|was) (?:that|this|it)(?: (?:from|written|stated|said|found))?"
            rf"| did you (?:find|get|see|read) (?:that|this|it)| (?:can|do) i (?:find|see|read) (?:that|this|it)"
            rf"| says (?:so|that|this)| comes? (?:that|this) from| does (?:that|this|it) come from)?{_END}",
            rf"^\s*what (?:do you mean|does (?:that|this|it|the answer) mean|is your source|are your sources"
            rf"|did you say)(?: by (?:that|this|it)| exactly| in plain english| in practice)?{_END}",
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
            "Why did you say that?",
            "What made you conclude this?",
            "Translate your last answer into German",
            "Can you make it shorter?",
            "Please explain that in simpler terms",
            "Summarise both in two lines",
            "Is that all?",
            "Explain like I am five",
            "Draft that as a note to file",
            "List them as bullet points",
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
            "Why did you terminate it?",
            "Tell me who pays the costs",
            "Is that right assignable?",
        ),
    ),
    Kind(
        "each",
        EACH.any_of,
        unless=EACH.unless,
        needs="several documents",
        examples=EACH.examples,
        counterexamples=EACH.counterexamples,
    ),
    Kind(
        "compare",
        _signs(
            r"\bcompare\b(?!d)",
            r"\b(?:comparison|differences?) (?:between|of|among)\b",
            rf"\bhow (?:do|does|is|are) .{{1,80}}\b(?:differ|different from|compare)\b.{{0,80}}\b{PAPER}\b",
            rf"\b{PAPER}\b.{{1,60}}\b(?:vs\.?|versus)\s",
            r"\b(?:same|identical|alike|different) in both\b",
        ),
        needs="several documents",
        examples=(
            "Compare the notice periods of the Acme lease and the Baker lease",
            "What is the difference between the two NDAs on term?",
            "How does the liability cap differ between the Acme contract and the Baker contract?",
            "The Acme NDA versus the Baker NDA: how long does confidentiality last?",
        ),
        counterexamples=("Is the price compared with market rates?", "What are the differences in tax treatment?"),
    ),
)


def kind_of(question: str, *, has_turn: bool, documents: int) -> tuple[KindName, str]:
    """The first kind whose signs a question has, and the phrase in it whose mentions are counted."""
    for kind in KINDS:
        if (kind.needs == "turn" and not has_turn) or (kind.needs == "several documents" and documents < 2):
            continue
        found = kind.signs.search(question)
        if found and not (kind.unless and kind.unless.search(question)):
            phrase = next((words for words in found.groupdict().values() if words), "")
            return kind.name, phrase.strip(" \"'“”‘’")
    return "question", ""
