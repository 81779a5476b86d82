"""Signs of a question that is put to every document ("Which of my contracts …"), or to those it compares.

Regular expressions as data, with examples of what they find and what they leave; `asked_of_one` takes the signs out, so
that what remains is asked of one document.
"""

import re
from dataclasses import dataclass

_ONE = (
    r"(?:contract|agreement|lease|sublease|document|file|nda|msa|sow|deal|deed|filing|amendment|addendum"
    r"|statement\s+of\s+work|letter)"
)
_MANY = (
    r"(?:contracts|agreements|leases|subleases|documents|files|ndas|msas|sows|deals|deeds|filings|amendments"
    r"|addenda|statements\s+of\s+work|letters|papers)"
)
# Words between a quantifier and its noun ("our three office leases"); not those that make it what a contract speaks of.
_KIND = (
    r"(?:(?!(?:prior|previous|other|earlier|such|existing|future|subsequent|ancillary|related|material|oral|written"
    r"|collateral|third[- ]party|side|said|between|of|for|in|to|and|or|that|which|with|party|parties|any|each|every"
    r"|all|do|does|did)\b)[\w&'’-]+\s+){0,3}?"
)
_OTHERS = (
    r"(?:suppliers|vendors|customers|counterparties|landlords|tenants|borrowers|licensees)"  # each has its contract
)
_OURS = r"(?:my|our|the|these|those|your|their)"
_THESE = rf"(?:{_OURS}\s+{_KIND}(?:{_MANY}|licen[cs]es|{_OTHERS})|them|these|those)"
_ASKS = r"(?:do|does|did|is|are|was|were|has|have|can|could|may|must|will|would|shall)"
_SAYS = (
    r"(?:(?:do|does|have|has)(?!\s+(?:i|we|you|been)\b)|contains?|includes?|allows?|permits?|requires?|provides?|mentions?|says?|states?"
    r"|covers?"
    r"|expires?|ends?|terminates?|renews?|caps?|limits?|names?|gives?|grants?|uses?|refers?|address(?:es)?|prohibits?"
    r"|forbids?|restricts?|bars?|lets?|makes?|puts?|sets?|imposes?|obliges?|excludes?|lacks?|needs?|specif(?:y|ies)"
    r"|deals?|speaks?|treats?|regulates?|offers?|promises?|appl(?:y|ies)|runs?|lasts?|survives?|pays?|charges?|defines?"
    r"|protects?|guarantees?|insures?|indemnif(?:y|ies)|transfers?|concerns?|involves?|lists?|carry|carries|bears?|owes?"
    r"|can|could|may|must|will|would|should|shall|cannot|don['’]t|doesn['’]t|were|was"
    r"|(?:is|are)(?!\s+(?:there|in\b|here|listed|attached|referred|incorporated|exhibits?|annexed|superseded)))"
)


@dataclass(frozen=True, slots=True)
class Signs:
    """Signs of one kind of question: some of them, and none of those against it."""

    any_of: re.Pattern[str]
    unless: re.Pattern[str] | None
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]

    def in_question(self, question: str) -> bool:
        """Whether a question has the signs."""
        return bool(self.any_of.search(question)) and not (self.unless and self.unless.search(question))


def _pattern(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{form})" for form in forms), re.IGNORECASE)


_EACH = (
    rf"\b(?:which|what|how\s+many)(?:\s+ones?)?\s+of\s+(?:all\s+)?{_THESE}\b",
    rf"\b(?:which|how\s+many|what)\s+{_KIND}(?:{_MANY}|{_ONE})(?=\s+(?:\w+ly\s+)?{_SAYS}\b)",
    # Of several papers any verb is said, but for what is done with them.
    rf"\b(?:which|what)\s+{_KIND}{_MANY}(?=\s+(?!{_ASKS}\b|in\b|of\b|for\b|to\b|and\b|or\b|prevail|control|govern"
    r"|supersede|form\b|constitute|make\s+up|compris|relat|as\b|here\b|attach|list)[a-z]+\b)",
    r"^\W*(?:are|is)\s+there\b.*\banywhere\W*$",
    rf"\b(?:for|in|of|from|under|across|by|does|do|is|has|did|can|will|must|with|to)\s+(?:each|every(?:\s+one)?)\s+"
    rf"(?:one\s+)?(?:of\s+{_THESE}|{_KIND}{_ONE})\b(?:['’]s)?",
    rf"\b(?:each|every)\s+(?:one\s+)?of\s+(?:{_OURS}\s+{_KIND}{_MANY})\b",
    rf"\b(?:each|every)\s+{_KIND}{_ONE}['’]s\b",
    rf"\b(?:what|how|who|when|where|why)\s+\w+\s+(?:each|every)\s+{_KIND}{_ONE}\b",
    rf"\b{_ASKS}\s+any\s+(?:one\s+)?(?:of\s+{_THESE}|{_KIND}(?:{_MANY}|{_ONE})(?=\s+{_SAYS}|\s+\w+))\b",
    rf"\b(?:what|how|when|where|who|whom|why)\s+(?:long\s+|much\s+|often\s+|many\s+\w+\s+)?(?:do|are|have|can|must|may|will)\s+"
    rf"(?:all\s+)?(?:{_OURS}\s+)?{_KIND}{_MANY}\b(?!\s+(?:referred|listed|attached|described|mentioned|must|shall))",
    rf"\bany\s+(?:one\s+)?of\s+(?:{_OURS}\s+{_KIND}{_MANY})\b",
    rf"\b(?:is|are)\s+there\s+(?:an?y?\s+)?{_KIND}(?:{_MANY}|{_ONE})\s+(?:that|which|with|without|where|about"
    r"|regarding|concerning|in\s+which|under\s+which)\b",
    rf"\b(?:{_ASKS}\s+)?(?:they|these|those|{_OURS}\s+{_KIND}{_MANY})\s+(?:all|both|each)\b",
    rf"\b(?:all|both)\s+(?:of\s+)?(?:{_THESE}|{_KIND}{_MANY})\b",
    rf"\bcompar\w+\s+(?:(?:all|both|of|the|two|three|my|our|these|those)\s+)+{_KIND}{_MANY}\b",
    rf"\b(?:across|among|throughout)\s+(?:all\s+)?(?:of\s+)?(?:{_OURS}\s+)?{_KIND}{_MANY}\b",
    rf"\b(?:my|our|these|those)\s+{_KIND}(?:{_MANY}|licen[cs]es)\b",
    rf"\b(?:in|for|under)\s+the\s+(?-i:(?:(?!other|prior|previous|said|related)[a-z-]+\s+){{0,2}}?{_MANY})\b"
    r"(?!\s+(?:referred|listed|attached|described|mentioned))",
    rf"\bper\s+{_KIND}{_ONE}\b|\bby\s+{_ONE}\s*[?.]*\s*$|\b({_ONE})\s+by\s+{_ONE}\b",
    r"\b(?:none|all|any|some|most)\s+of\s+(?:them\b|(?:these|those)(?=\s*(?:[?.!,]|$)))",
)
EACH = Signs(
    _pattern(*_EACH),
    unless=_pattern(
        r"\bthis\s+(?:contract|agreement|lease|document)\b",
        r"\b(?:which|what)\s+documents\s+(?:must|shall|should|may|do|does|will|can|are|is)\s+(?:the|an?|be|to)\b",
    ),
    examples=(
        "Which of my contracts allow assignment without consent?",
        "Which agreements contain a non-compete?",
        "Which lease has the longest term?",
        "What is the governing law of each agreement?",
        "What does each contract say about renewal?",
        "Do any of our leases cap the tenant's liability?",
        "Does any contract require insurance?",
        "Are there contracts with a most favoured nation clause?",
        "Do they all have a confidentiality clause?",
        "List the notice period for every lease.",
        "How many of the agreements allow subletting?",
        "How many contracts renew by themselves?",
        "Do all the NDAs survive termination?",
        "Under what law is every one of these documents?",
        "Do our supply agreements have a minimum purchase?",
        "Give me the expiration date per contract.",
        "Are both leases governed by Texas law?",
        "What audit rights are there across all agreements?",
        "What are the caps on liability in the contracts?",
        "Compare the contracts: where is liability unlimited?",
        "How do the contracts treat late payment?",
        "What do our leases say about subletting?",
        "Which agreements deal with intellectual property?",
        "Is there any document about a settlement?",
        "Which documents talk about late payment?",
        "Are there non-solicitation duties anywhere?",
        "Who may not compete under any of these?",
    ),
    counterexamples=(
        "Can either party terminate for convenience?",
        "Does each party indemnify the other?",
        "What is the governing law?",
        "Must the Supplier keep each document confidential?",
        "Does the contract supersede all prior agreements?",
        "Which party pays for insurance?",
        "Which agreements are listed in Schedule 2?",
        "How many documents are there?",
        "How many documents do I have?",
        "Does any party have a right of first refusal?",
        "Who may terminate the Acme lease?",
        "What happens to all confidential information at the end?",
        "Does this Agreement apply to related agreements?",
        "Is there any cap on liability?",
        "List all obligations of the Supplier.",
        "Which document prevails if they conflict?",
        "Which documents must the seller deliver at closing?",
        "Do any prior agreements survive?",
        "What licenses are granted under this contract?",
        "What does the complaint demand and what does the letter offer?",
    ),
)

_COMPARE = (
    r"\bcompar(?:e|es|ed|ing|isons?)\b(?:\s+(?:the|how))?",
    r"\bdiffer(?:s|ed|ences?|ent(?:ly)?)?\b",
    r"\b(?:vs\.?|versus|side\s+by\s+side)(?!\w)",
    r"\b(?:the\s+same|identical|similar|alike)\b",
    r"\b(?:long|short|high|low|strict|broad|narrow|wid|larg|small|great|earli|lat|strong|weak|cheap)e?r\b",
    r"\b(?:more|less|better|worse|stricter)\b",
)
COMPARE = Signs(
    _pattern(*_COMPARE),
    unless=None,
    examples=(
        "Compare the termination rights in the Acme lease and the Beta lease.",
        "How do the Acme and the Beta agreement differ on liability?",
        "What is the difference between the two NDAs?",
        "Acme lease versus Beta lease: which has the longer notice period?",
        "Is the cap in the Acme agreement the same as in the Beta agreement?",
    ),
    counterexamples=("What is the notice period?", "Who are the parties?", "Which state's law governs?"),
)

# A comparison that names no document is one of all: "Compare the clauses on assignment."
COMPARE_ALL = Signs(
    _pattern(
        r"^\W*(?:(?:please|now|then|and|(?:can|could|would)\s+you(?:\s+please)?)\s+)*(?:compare|contrast)\b",
        r"\b(?:comparison|side\s+by\s+side)\b",
        r"^\W*(?:how|where|in\s+what|on\s+what)\b.*\bdiffer\b",
        r"\bdifferences?\s+(?:between|among|across)\s+(?:them|all)\b",
    ),
    unless=_pattern(r"\bcompar(?:e|es|ed|able)\s+(?:to|with)\b|\b(?:it|this)\s+differ"),
    examples=(
        "Compare the clauses on assignment.",
        "Please compare governing law.",
        "How do the termination provisions differ?",
        "Make a comparison of the notice periods.",
        "Can you compare the liability caps?",
    ),
    counterexamples=(
        "How do profits compare with the forecast?",
        "Is the price compared with market rates?",
        "What are the differences in tax treatment?",
        "Who has the longer notice period?",
    ),
)

# Two kinds of paper that are set side by side without a name: "the lease and the loan".
_KINDS_OF_PAPER = re.compile(
    rf"\b(?:{_ONE}|loan|complaint|order|brief|motion|policy|regulation|note|guarant(?:y|ee))\b(?!['’])", re.IGNORECASE
)
_SETS_SIDE_BY_SIDE = re.compile(r"\b(?:compar\w+|differences?|differ|versus|vs)\b", re.IGNORECASE)


def compares_kinds(question: str) -> bool:
    """Whether a question sets two kinds of paper side by side, which may be any documents in scope."""
    nouns = {noun.lower() for noun in _KINDS_OF_PAPER.findall(question)}
    return len(nouns) > 1 and bool(_SETS_SIDE_BY_SIDE.search(question))


_JOINED = re.compile(
    r"\bcontract\b(?:['’]s)?\s*,?\s*(?:and|or|vs\.?|versus|than)\s+"
    r"(?:(?:in|under|of|from|for|with|by|that|those|to|the|as)\s+)*(?:(?!wh)\w+\s+)?contract\b",
    re.IGNORECASE,
)


def names_several(question: str) -> bool:
    """Whether a question names documents side by side, as `Route.question` has it: "the contract and the contract"."""
    return bool(_JOINED.search(question))


# Words that remain of a frame at the beginning or the end when its signs are taken out.
_LEADING = frozenset(
    "please list give show tell find name summarise summarize set out for in of under do does is are and or that which"
    " who all me there compare how".split()
)
_BEFORE = frozenset("that which who the all for have has in of me a an contain contains allow allows there any".split())
_TRAILING = frozenset("in for of under by from with on to per and or than as between across the".split())
# What remains of a comparison before what is compared: "how do … on late payment", "which has the longer …".
_ASIDE = re.compile(
    r"^\W*(?:(?:please|how|do|does|is|are|the|a|an|make|give|show|me|us|there|what)\s+)*"
    r"(?:on|about|between|among|regarding|concerning|as\s+(?:to|regards)|with\s+(?:respect|regard)\s+to|in\s+terms\s+of|when\s+it\s+comes\s+to)\s+",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"^\W*(?:(?:which|what|who)(?:\s+(?:one|of\s+(?:them|the\s+two)))?\s+)?(?:has|have|gives?|grants?|contains?|provides?|sets?|is|are)\s+"
    r"(?:the\s+|an?\s+)?(?:more|less|longer|shorter|higher|lower|stricter|broader|narrower|wider|larger|smaller|better|worse"
    r"|longest|shortest|highest|lowest)\s+",
    re.IGNORECASE,
)
_CLAUSES_ON = re.compile(
    r"\b(?:the\s+)?(?:clauses?|provisions?|language|rules|sections?)\s+(?:on|about|of|regarding|concerning|for)\s+(?:the\s+)?",
    re.IGNORECASE,
)
# Parties by which the documents are meant: "of Acme and Baker".
_CAPITALS = r"[A-Z][\w&.’'-]*(?:\s+[A-Z][\w&.’'-]*){0,4}?"
_OF_PARTIES = re.compile(
    rf"(?:\b(?:of|in|between|for|by|from|under|with)\s+|^\W*){_CAPITALS}(?:['’]s)?(?:\s*,\s*{_CAPITALS})*\s*,?\s+(?:and|or|vs\.?|versus)\s+"
    rf"{_CAPITALS}(?:['’]s)?(?=\s+[a-z]|\s*[?.,:;]|\s*$)"
)
_THING = re.compile(
    r"(?!(?:what|which|who|whom|whose|when|where|why|how|is|are|do|does|did|can|may|must|has|have)\b)[\w'’-]+"
    r"(?:\s+[\w'’-]+){0,5}",
    re.IGNORECASE,
)
_OF = r"(?:(?:in|of|under|between|for|from|than|and|or|with|to|that|those)\s+)*"
_NAMED = re.compile(rf"\b{_OF}(?:the\s+)?contract\b(?:['’]s)?", re.IGNORECASE)
_OF_A_KIND = re.compile(
    rf"\b{_OF}(?:the|our|my|your|this|that)\s+(?:(?!in\b|of\b|and\b|with\b)[\w&.'’-]+\s+){{0,3}}?"
    rf"(?:{_ONE}|loan|complaint|order|brief|motion|policy|regulation|note)\b(?:\s+{_ONE}\b)?(?:['’]s)?",
    re.IGNORECASE,
)
_COMPARING = re.compile(
    r"\b(?:compar\w+|differ\w*|versus|vs\b\.?|(?:long|short|high|low|strict|broad|narrow|wid|larg|small|great)e?r(?=\s+than\b))",
    re.IGNORECASE,
)


def asked_of_one(question: str) -> str:
    """What a question to many documents asks of one: "Which of my leases allow subletting?" → "allow subletting"."""
    return _tidy(EACH.any_of.sub(" ", question)) or question


def compared(question: str) -> str:
    """What a comparison asks of one document; the names in it are "contract" already (`Route.question`)."""
    rest = _OF_PARTIES.sub(" ", _NAMED.sub(" ", _COMPARING.sub(" ", question)))
    if compares_kinds(question):
        rest = _OF_A_KIND.sub(" ", rest)
    rest = _CLAUSES_ON.sub("", _MORE.sub("the ", _ASIDE.sub("", _tidy(EACH.any_of.sub(" ", rest)))))
    if _THING.fullmatch(rest):  # a search reads questions better than the mere name of a thing
        return f"What {'are' if rest.endswith('s') else 'is'} {rest if rest.startswith('the ') else f'the {rest}'}"
    return rest or question


def _tidy(question: str) -> str:
    """The words without those of a frame at either end: "do any of them" leaves "do", "in each" leaves "in"."""
    words = [word for word in question.split() if any(c.isalnum() for c in word)]
    while len(words) > 1 and words[0].lower().strip(",:;") in _LEADING and words[1].lower() in _BEFORE:
        del words[0]
    while words and words[-1].lower().strip(",:;?.!") in _TRAILING:
        del words[-1]
    return " ".join(words).strip(" ?.!,:;")


# "contracts with Acme", "the Acme leases": a name that says which documents are meant, not what is looked for in them.
BELONGS = re.compile(
    rf"\b{_MANY}\s+(?:with|between|from|by|signed\s+by|to)\s+(?-i:[A-Z])|(?-i:\b[A-Z][\w&.'’-]*)\s+(?:[a-z]+\s+){{0,2}}{_MANY}\b",
    re.IGNORECASE,
)
