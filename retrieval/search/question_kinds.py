"""Kinds of question that a document's structure answers: a table of their signs, what they need, and examples.

"What does Section 7.2(b) say?" and "Who are the parties?" are answered by a place that is known, and ranking by words
and meaning finds others: a preamble says little of "parties", and most sections refer to Section 7.2. A row matches by
its signs; whether a document has what the row needs is told by its finder (`structural_places`), and where it has not,
the search goes on as if nothing had matched. The tests walk the table: each example is of its row, no counterexample
is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from retrieval.search import structural_places as find
from retrieval.structure.place_names import first_place
from retrieval.structure.printed_places import first_printed_place

_LONGEST = 2_000  # characters of a question that are looked at; what is longer quotes something, and asks at its end

_NOUN = (
    r"(?:agreements?|contracts?|lease|licen[cs]e|amendment|addendum|deed|letter|note|loan|mortgage|indenture"
    r"|memorandum|nda|msa|sow|documents?|papers?|instrument|deal|file|policy|plan|order|complaint|judgment|motion"
    r"|settlement|affidavit|pleading|statement of work|terms|alliance|(?:joint )?venture|partnership|arrangement"
    r"|transaction|regulation|directive|will|heads of terms)"
)
# What a question may call the document that it asks about: "it", "this agreement", "the Acme supply contract".
_DOC = (
    r"(?:(?:(?:this|that|the|these|those|our|my|your|its|their|an?) )?"
    rf"(?:(?!(?:of|to|under|in|for|by|any)\b)[\w'&./-]+ ){{0,4}}?{_NOUN}\b|\bthis\b|\bit\b|\bthat\b)"
)
_IN_DOC = rf"(?: (?:to|of|in|on|under|for|behind|with|by) {_DOC}| here| involved)?"
_END = r" ?(?:[?.,;!]|\band\b|\Z)"
_LAST = r" ?(?:[?.,;!]|\Z)"
_COPULA = r"(?:'s| (?:is|are|was|were|r))"
_WHEN = (
    r"(?:when(?: and where)?|(?:(?:on|as of|from|since|by) )?(?:what|which) (?:calendar )?(?:date|day|year)"
    r"|(?:since|as of|from) when)"
)
# Not what has to or may be done, nor what happens if it is not.
_DONE = (
    r"(?!.*\b(?:must|shall|should|may|can|could|might|needs?|required|entitled|authori[sz]ed|ha[sd] to|have to|wants?"
    r"|allowed|if|unless|before|after|until|fails?|failed)\b)"
)
_ADVERBS = (
    r"(?:(?:first|originally|actually|formally|fully|last|initially|legally|finally|all|both|each|the|parties|to|into"
    r"|start|begin|come|go|been|be) ){0,3}?"
)
_MADE = (
    r"(?:made|sign(?:ed)?|executed?|dated|enter(?:ed)?|concluded?|written|drawn up|sent|filed|agreed|struck|strike"
    r"|reached|inked|drafted|issued|done|adopted)\b"
)
_IN_FORCE = (
    r"(?:effective|binding|in (?:force|effect)|(?:into )?(?:force|effect)|takes? effect|took effect|become|apply"
    r"|applies|bind|kick in|run|begin|commence|start|go live|count)\b"
)
_ENTITY = (
    r"(?:compan(?:y|ies)|entit(?:y|ies)|corporations?|firms?|persons?|people|organi[sz]ations?|business(?:es)?"
    r"|part(?:y|ies)|signator(?:y|ies)|names?|sides?|counterpart(?:y|ies))"
)
# Who it was that made a document: "the parties", "they", "Acme and Bolt".
_MAKERS = (
    r"(?:(?:the|both|all|all the) (?:part(?:y|ies)|sides|compan(?:y|ies))|they|we|everyone|each (?:party|side)|the \w+"
    r"|(?-i:[A-Z])[\w&.'-]*(?: [\w&.'-]+){0,4}?)"
)
_ROLE = (
    r"(?:the |our |an? )?+(?P<{name}>(?!(?:part(?:y|ies)|it|this|they|contracting)\b)[\w&.'-]+"
    r"(?:[ ,]+(?!(?:under|in|to|of|for|and|here|by|who|that|with|on)\b)[\w&.'-]+){{0,5}}?)"
)
_LITIGANT = r"(?:plaintiff|defendant|petitioner|respondent|appell(?:ant|ee)|claimant|debtor|movant|complainant)"
_LAWYER = r"(?:counsel|attorneys?|lawyers?|law firm)"
_INCORPORATED = r"(?:incorporated|organi[sz]ed|based|registered|domiciled|established|formed|headquartered)"
_NAMED_THING = (
    r"(?:role|capacity|names?|full (?:legal )?name|legal (?:name|form|status)|registered (?:office|address)|nationality"
    r"|(?:company|registration|registered) number"
    r"|(?:state|place|jurisdiction|country) of (?:incorporation|organi[sz]ation))"
)
# What a question may ask to have in full.
_LISTED = (
    r"(?:(?:main |general |key )?(?:obligations?|duties|responsibilities|events?|claims?|grounds?|conditions?|covenants"
    r"|representations|warranties|remedies|exclusions|allegations?|facts))"
)
_CHANGE = r"(?:chang|amend|modif|alter|var|replac|delet|revis)(?:e[ds]?|ed|y|ied|ies|ing)?"
_CHANGED = r"(?:changes|amendments|modifications|variations|sections?|clauses?|provisions?|terms?|articles?)"
_THE_TERM = r"(?:the (?:terms?|words?|phrases?|expressions?) )?"
_TERM = r"(?P<term>[^?]{2,80}?)"


class Sign(NamedTuple):
    """The row of a kind that a question matches, and the match of its sign."""

    kind: "Kind"
    match: re.Match[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One row: `signs` are sought in the question, `needs` says what a document must have for `find` to find places.

    `narrowed`: the place may be long and the question about something in it; then what ranks best there comes first.
    """

    name: str
    needs: str
    find: find.Finder
    signs: tuple[Callable[[str], re.Match[str] | None], ...]
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]
    narrowed: bool = False


def _signs(*patterns: str) -> tuple[Callable[[str], re.Match[str] | None], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE).search for pattern in patterns)


def _role(name: str) -> str:
    return _ROLE.format(name=name)


KINDS = (
    Kind(
        name="printed place",
        needs="numbered lines, Bates numbers or pages of an exhibit that are cited",
        find=find.printed,
        signs=(first_printed_place,),
        narrowed=True,
        examples=(
            "What does 42:5-9 say?",
            "What was testified at 42:5?",
            "Marchetti Dep. 42:25-43:2",
            "Show me page 42, lines 5 to 9.",
            "What does ORR-HOSP-00128734 say?",
            "ABC 000123 to ABC 000125",
            "Who wrote NORTH_0004412?",
            "Exhibit B, page 2",
            "what is on page 3 of exhibit 14?",
            "What stands on printed page 4?",
            "Read PDF page 12",
        ),
        counterexamples=(
            "Must notice be given by 5:00 p.m.?",
            "Does delivery before 10:30 am count?",
            "What does Section 409A require?",
            "What is in Exhibit B?",
            "What does page 3 say?",
        ),
    ),
    Kind(
        name="section",
        needs="a clause, exhibit, schedule or recital of that number in the outline",
        find=find.named_clauses,
        signs=(first_place,),
        narrowed=True,
        examples=(
            "What does Section 7.2(b) say?",
            "Article 5",
            "clause 12 and 13",
            "§ 4",
            "Show me sections 4 to 6.",
            "what is in exhibit b?",
            "Does Section 9 survive termination?",
            "What does paragraph 3 of Schedule 2 require?",
            "What does the first schedule contain?",
            "Read clause five",
            "What does 8.1 say?",
        ),
        counterexamples=(
            "Which section deals with termination?",
            "Is an exhibit a part of the agreement?",
            "Does Section 409A of the Internal Revenue Code apply?",
            "What does Section 5 of the Securities Act require?",
            "Can a party schedule a meeting?",
            "How many sections are there?",
            "Which part may I assign?",
        ),
    ),
    Kind(
        name="page",
        needs="a page of that number or label with text",
        find=find.pages,
        signs=_signs(
            (
                r"\b(?P<edge>first|front|opening|last|final|closing) page\b(?! of (?:the )?(?:exhibit|schedule|annex"
                r"|appendix)\b)"
            ),
            (
                r"(?<!how many )(?<!\w)(?:pages?|pp?\.) ?(?:no\.? ?|number )?(?P<page>\d{1,5}|[A-Z]{1,2}-\d{1,3}"
                r"|[ivxl]{1,6}(?= ?(?:[?.,;]|\Z|say|show)))\b"
            ),
            r"\b(?P<edge>beginning|end) of (?:the|this) (?:document|file|pdf)\b",
        ),
        narrowed=True,
        examples=(
            "What is on the last page?",
            "Show me page 3",
            "what does page iv say?",
            "What stands at the end of the document?",
        ),
        counterexamples=(
            "How many pages does the lease have?",
            "Is there a page limit?",
            "When does the agreement end?",
            "Who pays for 3 pages?",
        ),
    ),
    Kind(
        name="definition",
        needs="a definition of that term",
        find=find.definitions,
        signs=_signs(
            rf"\bwhat (?:does|do) {_THE_TERM}{_TERM} (?:mean|refer to|stand for|include by definition)\b",
            rf"\b(?:how|where) (?:is|are|was|were) {_THE_TERM}{_TERM} defined\b",
            rf"\bhow (?:does|do|did) (?:{_DOC}|they|the parties) defines? {_THE_TERM}{_TERM}{_IN_DOC}{_END}",
            rf"\b(?:definitions?|meanings?) (?:of|for) {_THE_TERM}{_TERM}{_IN_DOC}{_LAST}",
            rf"\bwhat (?:is|are) meant by {_THE_TERM}{_TERM}{_IN_DOC}{_LAST}",
            (
                r"\bwhat (?:(?:counts|qualifies|is treated) as|is considered|falls (?:under|within)|is included in)"
                rf" {_TERM}{_IN_DOC}{_LAST}"
            ),
            rf"\b(?:explain|what about) the (?:terms?|words?|phrases?) {_TERM}{_IN_DOC}{_LAST}",
            rf"\bwhich (?:definition|meaning) (?:does|do) {_DOC} (?:give|have) (?:for|to) {_TERM}{_LAST}",
            rf"\Adefine {_THE_TERM}{_TERM}{_IN_DOC}{_LAST}",
            rf"\bwhat(?:'s| is| are) (?:an? |the )?[“\"'](?P<term>[^”\"']{{2,60}})[”\"']{_IN_DOC}{_LAST}",
            (
                r"\bwhat(?:'s| is| are) (?:an? |the )?(?P<exactly>(?-i:[A-Z][\w-]*(?: (?:(?:of|and|or|for|the|to|in)"
                rf" )*[A-Z][\w-]*)*)){_IN_DOC}{_LAST}"
            ),
        ),
        examples=(
            "How is “Net Sales” defined?",
            "How does the agreement define Confidential Information?",
            'What does "Change of Control" mean?',
            "what is meant by territory in this contract?",
            "definition of affiliate",
            "What counts as Work Product?",
            "Define Net Sales",
            "What is the Territory?",
            "Where is Business Day defined?",
        ),
        counterexamples=(
            "What is the governing law for this contract?",
            "Which terms are not defined?",
            "Is there a definite term?",
            "What are the meaningful obligations?",
            "By what means may notice be given?",
        ),
    ),
    Kind(
        name="date",
        needs="a date of the document itself, or an opening that has one",
        find=find.dates,
        signs=_signs(
            rf"\b{_WHEN}{_COPULA} (?:{_DOC}|they|everyone) {_ADVERBS}{_MADE}{_DONE}",
            rf"\b{_WHEN} (?:did|do|have|had|has) {_MAKERS} {_ADVERBS}{_MADE}{_DONE}",
            rf"\b{_WHEN} (?:are|were) (?:the parties|they|we) (?:legally )?bound{_LAST}",
            rf"\A(?:starting|effective|dated|signed|made) (?:from |as of )?when{_LAST}",
            rf"\b(?:start|starting|commencement|inception) date of {_DOC}{_END}",
            rf"\b{_WHEN}(?:{_COPULA}| (?:did|does|do)) {_DOC} {_ADVERBS}{_IN_FORCE}(?!.{{0,30}}\bend\b)",
            (
                rf"\bwhat(?:'s| is| was| are) (?:the )?(?:[\w'&.-]+ ){{0,3}}?(?:effective|execution|signing|signature"
                rf"|agreement|contract) dates?(?: (?:of|for|on|in) {_DOC}){{0,1}}{_END}"
            ),
            (
                rf"\bwhat(?:'s| is| was) the date (?:of|on|for) (?:{_DOC}|(?:its |the )?(?:execution|signing"
                rf"|signature|signatures))(?: (?:of|to) {_DOC})?{_END}"
            ),
            rf"\A(?:the |its )?(?:(?:effective|execution|signing|agreement|contract) )?dates?(?: of {_DOC})?{_END}",
            (
                rf"\bdate\b.{{0,20}}\b(?:{_DOC}|they|parties)\b.{{0,20}}\b(?:signed|executed|entered|made|dated"
                rf"|concluded|bears?|carr(?:y|ies)){_DONE}"
            ),
            rf"\b(?:what|which|whose) (?:dates?|days?) (?:does|do|did) {_DOC} (?:bear|carry|have|give|show)\b",
            r"\b(?:what|which) date (?:is|appears|stands|does) (?:given |written |printed )?(?:on|at)\b",
            rf"\bhow (?:is|was) {_DOC} dated\b",
            rf"\bhow old is {_DOC}{_END}",
        ),
        examples=(
            "When was it signed?",
            "When was the agreement made?",
            "On what date did the parties enter into this contract?",
            "What is the effective date of the agreement?",
            "What is the Agreement's effective date?",
            "When does it take effect?",
            "When is this contract effective?",
            "What is the date of the letter?",
            "What is the date of this contract?",
            "On which day was this lease executed?",
            "What date does the agreement bear?",
            "As of when is the agreement binding?",
            "From when does the deal run?",
            "How is it dated?",
            "effective date",
        ),
        counterexamples=(
            "When does it expire?",
            "What is the expiration date of this contract?",
            "When does termination of the agreement take effect?",
            "What is the effective date of termination?",
            "On what date does the lease term commence?",
            "By what date must the notice be signed?",
            "When must the amendment be signed?",
            "What is the delivery date?",
            "When does this deal end if nobody does anything?",
            "When does notice under the agreement take effect?",
            "On what date was the hearing held?",
            "When may the agreement be made public?",
            "When is payment due under the contract?",
            "What is the date of the written supply contract at issue?",
            "By when do we have to object to an automatic extension?",
        ),
    ),
    Kind(
        name="signatures",
        needs="a signature block",
        find=find.signatures,
        signs=_signs(
            (
                r"\bwho (?:all |actually )?(?:has |have |had )?(?:actually )?(?:signed|executed|countersigned"
                rf"|signs)\b(?! up\b){_DONE}"
            ),
            rf"\bsignator(?:y|ies)\b{_DONE}",
            (
                rf"\b(?:by whom|by which \w+)\b.{{0,40}}\b(?:signed|executed)\b{_DONE}|\b(?:signed|executed) by"
                r" (?:whom|who)\b"
            ),
            rf"\bwhich \w+ (?:has |have )?(?:signed|executed)\b(?! up\b){_DONE}",
            r"\bwho (?:is|are|was|were) (?:supposed|meant|due|going) to sign\b",
            (
                r"\bwho (?:has |have )?(?:witnessed|notari[sz]ed|attested|puts? (?:his|her|their) (?:names?"
                r"|signatures?))\b"
            ),
            (
                r"\bwho (?:wrote|sent|authored|issued) (?:this|the|that) (?:[\w'-]+ ){0,3}?(?:letter|e-?mail"
                r"|memo(?:randum)?)\b"
            ),
            rf"\bwhose (?:signatures?\b|names? (?:is|are|stands?) (?:on|at|under|below)\b){_DONE}",
            r"\b(?:as what|in (?:what|which) (?:capacity|role|position|function))\b.{0,40}\bsign",
            r"\bwhat (?:position|title|office|job) (?:does|did) (?P<signer>[\w&.' -]{2,40}?) (?:hold|have)\b",
            (
                rf"\A(?:has|have|did) {_MAKERS} (?:actually |already |ever |both |also |all )*sign(?:ed)?(?:"
                rf" {_DOC})?{_LAST}"
            ),
            (
                rf"\b(?:capacity|title|position|job|role|office|rank)\b.{{0,60}}\b(?:sign|signed|signs|executed"
                rf"|signer)\b{_DONE}"
            ),
            rf"\bsignature (?:block|page|line)s?\b{_DONE}",
            rf"\bon (?:whose|which \w+'s) behalf\b.{{0,40}}\bsign{_DONE}",
            (
                rf"\A(?:is|was|has|have|are|were|did) (?:{_DOC}|both parties|all parties|everyone|the parties)"
                r" (?:actually |already |been |both |all |ever |fully )*(?:signed|sign|executed|unsigned)"
                rf"(?: by [\w&.' -]{{2,40}}?)?{_LAST}"
            ),
        ),
        examples=(
            "Who signed for Acme?",
            "Who signed the agreement?",
            "Who are the signatories?",
            "In what capacity did she sign?",
            "What is the title of the person who signed for the Buyer?",
            "By whom was the lease executed?",
            "Has the contract been signed?",
            "Whose signatures are on it?",
            "Which officer signed for the Licensor?",
            "Has Acme signed?",
            "Was it signed by both parties?",
            "Who wrote the letter?",
            "What position does Dr. Brandt hold?",
        ),
        counterexamples=(
            "Who may sign change orders?",
            "Who must sign an amendment?",
            "When was it signed?",
            "Must amendments be signed by both parties?",
            "Who is authorized to sign for the Supplier?",
            "Who signed up to this deal?",
            "What happens if a party has not signed?",
            "Are amendments signed by one party valid?",
            "What title does the Buyer obtain?",
        ),
    ),
    Kind(
        name="caption",
        needs="the caption of a court paper that says it",
        find=find.caption,
        signs=_signs(
            r"\b(?:case|docket|civil action|index|cause|court file) (?:nos?\b|numbers?\b)",
            r"\b(?:what|which) court\b(?! or\b)(?!.{0,80}\b(?:jurisdiction|disputes?|competent|hear|brought)\b)",
            r"\b(?:what|which) county (?:is|was) (?:the )?(?:action|case|suit|lawsuit|complaint) filed\b",
            r"\bwho (?:is |has |have )?(?:being )?(?:suing|sued|sues)\b|\bcase (?:name|caption|title)\b",
            r"\bwhere (?:is|was) (?:the )?(?:action|case|suit|lawsuit|complaint|motion) (?:filed|pending)\b",
            r"\b(?:who|which|what)\b.{0,30}\b(?:judge|magistrate)\b",
            (
                rf"\b{_LAWYER} (?:for|of) (?:the )?{_LITIGANT}|\b{_LITIGANT}s?'?s?'? {_LAWYER}\b|\bwho represents\b"
                r"|\bstate bar (?:no|number)"
            ),
            rf"\b(?:who{_COPULA}|name) (?:the |an? )?(?:named )?{_LITIGANT}s?\b",
        ),
        examples=(
            "What is the case number?",
            "In what court is the action filed?",
            "Which judge is presiding?",
            "Who is plaintiff's counsel?",
            "Who is the named defendant?",
            "Who represents the petitioner?",
            "Who is being sued?",
        ),
        counterexamples=(
            "Which courts have jurisdiction over disputes?",
            "Who pays attorneys' fees?",
            "In which court may a claim be brought?",
            "Does the plaintiff seek punitive damages?",
            "In no case may the number of users be exceeded?",
        ),
    ),
    Kind(
        name="parties",
        needs="a preamble or a caption, or else an opening",
        find=find.parties,
        signs=_signs(
            (
                rf"\b(?:who|what){_COPULA} (?:all )?(?:the |its )?(?:(?:two|three|four|other|names of the) )?"
                r"(?:(?:contracting|named|signing) )?(?:part(?:y|ies)|sides|counterpart(?:y|ies)"
                rf"|contracting (?:companies|entities)){_IN_DOC}{_END}"
            ),
            (
                rf"\bwho (?:all )?(?:is|are) (?:an? )?part(?:y|ies) to {_DOC}{_END}|\bwho (?:all )?the (?:\w+"
                rf" )?parties\b.{{0,40}}\bare\b"
            ),
            (
                rf"\b(?:which|what) (?:(?:two|three|four) )?{_ENTITY} (?:are|is|were|was) (?:the )?(?:contracting )?"
                rf"(?:part(?:y|ies)|counterpart(?:y|ies)|involved){_IN_DOC}{_END}"
            ),
            rf"\bwho (?:is|are) involved{_IN_DOC}{_END}|\bwho are the {_ENTITY} (?:behind|in|on|of) {_DOC}{_END}",
            (
                r"\bwho (?:are|am) (?:we|I) (?:dealing|contracting) with\b|\bwho (?:is|are) (?:on (?:each|either"
                r"|both|the other) sides?)\b"
            ),
            (
                rf"\b(?:between|with|among) (?:whom|who|which {_ENTITY})\b|\b(?:who|whom|which (?:two )?{_ENTITY})"
                rf" (?:is|are|was|were) {_DOC} (?:made |entered into |concluded |signed )?(?:between|with|by"
                rf"|among){_END}"
            ),
            (
                r"\bwho(?: (?:has|have))? (?:entered into|concluded|made|struck|contracted|is contracting"
                rf"|are contracting|is bound|are bound|agreed|signed up)\b.{{0,40}}{_DOC}{_END}"
            ),
            (
                rf"\b(?:which|what) (?:two )?{_ENTITY} (?:have |has )?(?:entered into|concluded|made|struck|signed up"
                rf"|are bound by|contract with|agreed)\b.{{0,30}}{_END}"
            ),
            rf"\b(?:which|what) {_ENTITY} (?:does|do) {_DOC} (?:bind|name|involve){_END}",
            rf"\bwhose (?:agreement|contract|deal|lease) is (?:this|it){_END}|\bwho is behind {_DOC}",
            (
                r"\b(?:names?(?: and (?:addresses|roles|places? of \w+))?|identit(?:y|ies)|list) (?:of )?"
                rf"(?:all |both )?(?:the )?(?:contracting )?(?:parties|{_ENTITY} (?:that|who|which) .{{0,30}}{_DOC})"
                rf"{_IN_DOC}{_END}"
            ),
            rf"\bparties' (?:full |legal )*names{_END}",
            rf"\A(?:name|identify|list|state|give) (?:all |both )?(?:the )?(?:contracting )?parties{_IN_DOC}{_END}",
            rf"\A(?:the )?(?:contracting )?parties{_IN_DOC}{_END}",
            (
                r"\bwho (?:is |has )?(?:sponsor|licen[cs]|lease|rent|sell|suppl|lend|employ|engag|retain|franchis"
                r"|appoint|hir|contract|servic)\w* (?:[\w']+ ){0,4}?(?:to |with |from |for )?whom\b"
            ),
        ),
        examples=(
            "Who are the parties?",
            "Who are the parties to this contract?",
            "Who is the agreement between?",
            "Between whom was the contract made?",
            "Which companies are parties to the lease?",
            "Who entered into this agreement?",
            "What are the names of the parties?",
            "Who is this contract with?",
            "List the parties",
            "Which two companies made this deal?",
            "Who is on each side of the deal?",
            "Who signed up to this?",
            "Who is the other party?",
            "Who is involved in this contract?",
            "Give me the names and addresses of the parties.",
            "Tell me who the parties are.",
            "Who sponsors whom here?",
        ),
        counterexamples=(
            "What are each party's indemnification obligations?",
            "Which party pays for insurance?",
            "Do third parties have rights?",
            "What must the parties still do once it is over?",
            "How is the money split between the parties?",
            "What happens in the event of a change of control of one of the parties in this contract?",
            "Who owns what gets created under the deal?",
            "Who is bound by the non-compete?",
            "Who made the last payment?",
            "Who is involved in the project?",
            "Who indemnifies whom?",
        ),
    ),
    Kind(
        name="party",
        needs="a party of that role, name or short form",
        find=find.party,
        signs=_signs(
            (
                rf"\b(?:who(?:'s| is| are| was| were| acts? as)|(?:which|what) {_ENTITY} (?:is|are|acts? as))"
                rf" (?:acting as |named as |called )?{_role('party_who')}{_IN_DOC}{_END}"
            ),
            rf"\bwhat (?:kind|type|sort|form) of (?:legal )?{_ENTITY} (?:is|are) {_role('party_kind')}{_IN_DOC}{_END}",
            rf"\bwhere (?:is|are|was) {_role('party_where')} {_INCORPORATED}",
            rf"\bwho {_role('party_told')} is{_LAST}|\A{_role('party_asked')} is who{_LAST}",
            rf"\bis {_role('party_which')} the [\w-]+ or the [\w-]+{_IN_DOC}{_LAST}",
            (
                rf"\b(?:who|which {_ENTITY}) is (?:referred to|known|designated|defined) as"
                rf" (?:the )?[“\"']?{_role('party_as')}[”\"']?{_IN_DOC}{_END}"
            ),
            (
                r"\b(?:in|under(?: the laws? of)?) (?:which|what) (?:state|country|jurisdiction)(?:'s laws?)? (?:is|are"
                rf"|was) {_role('party_state')} {_INCORPORATED}"
            ),
            rf"\bwhat(?:'s| is| was) (?P<party_of>[\w&.'-]+(?: [\w&.'-]+){{0,4}}?)'s? {_NAMED_THING}{_IN_DOC}{_END}",
            rf"\b(?!names? of {_DOC}){_NAMED_THING} of {_role('party_name')}{_IN_DOC}{_END}",
            (
                rf"\b(?:in what capacity|as what) (?:does|is|did) {_role('party_capacity')} (?:act|acting|appear"
                r"|contract|named|party)\b"
            ),
            rf"\bwhat role (?:does|do|did) {_role('party_role')} (?:play|have){_IN_DOC}{_END}",
            (
                rf"\bis {_role('party_is')} an? (?:[\w.]+ )?(?:corporation|llc|limited (?:liability )?company"
                r"|partnership|individual|trust)\b"
            ),
        ),
        examples=(
            "Who is the Supplier?",
            "who's the landlord?",
            "Who is the Provider and how is it organized?",
            "What is Acme's role?",
            "What kind of company is the Client?",
            "What is the full legal name of the Licensor?",
            "Where is Acme Corp. incorporated?",
            "In which state is the Buyer organized?",
            "Which company is the Franchisor?",
            "What role does Acme play in this agreement?",
            "What is the name of the Supplier?",
            "Tell me who the tenant is",
            "Is Acme the licensor or the licensee?",
            "Who is referred to as the “Company”?",
        ),
        counterexamples=(
            "Who are the parties?",
            "Who owns inventions made jointly?",
            "Who may inspect records, and how often?",
            "What kind of insurance must the Client carry?",
            "Who pays the Supplier?",
            "Where is the arbitration?",
        ),
    ),
    Kind(
        name="address",
        needs="an address for notices",
        find=find.notices,
        signs=_signs(
            (
                r"\bwhere\b.{0,30}\b(?:notices?|correspondence|communications?)\b.{0,40}\b(?:sent|go|goes|given"
                r"|delivered|addressed|mailed|served|send|directed)\b"
            ),
            (
                r"\bwhere\b.{0,30}\b(?:send|give|serve|address|mail|deliver|write|direct)\b.{0,20}\b(?:notices?"
                r"|letters?)\b|\bwhere (?:do|can|should|must) (?:I|we|one) (?:write|notify)\b"
                r"|\bnotices?\b.{0,40}\bwhere\b"
            ),
            (
                r"\bwhom? (?:do|should|must|can|shall) (?:we|I|you|one) (?:notify|(?:address|send|give|serve)\b.{0,15}"
                r"\bnotices?)\b|\b(?:what|which) address\b.{0,40}\b(?:serve|notif|written? to|reached)"
            ),
            r"\A[\w&.' -]{2,40} address(?:es)? for notices?\b",
            (
                r"\b(?:what|which|whose|the) .{0,30}\b(?:address(?:es)?|e-?mails?|fax|facsimile|contact"
                r"|(?:tele)?phone)\b.{0,40}\b(?:notices?|notify)\b"
            ),
            r"\A(?:e-?mail|address(?:es)?|fax|contact)\b.{0,40}\bnotices?\b|\Anotices? (?:address(?:es)?|e-?mails?)\b",
            (
                r"\bnotices?\b.{0,30}\b(?:address(?:es|ed)?)\b.{0,30}\b(?:which|what|whom|where)\b|\bto"
                r" whom\b.{0,40}\bnotices?\b.{0,30}\b(?:sent|addressed|given|directed)\b|\bwho"
                r" (?:receives?|gets?|(?:should|must|shall) (?:get|receive))\b.{0,20}\bnotices?\b"
            ),
            (
                rf"\bwhat(?:'s| is| are) (?:the )?(?:[\w&.'-]+ ){{0,4}}?(?:(?:postal|mailing|street|business|notice"
                rf"|e-?mail) )?address(?:es)?(?: (?:of|for) (?:the )?[\w&.' -]{{2,40}})?{_LAST}"
            ),
        ),
        examples=(
            "Where must notices be sent?",
            "To what address are notices to the Client sent?",
            "What is the email for notices to the Buyer?",
            "Where do I send a notice to Acme?",
            "To whom must notices be addressed?",
            "What is the Supplier's address?",
            "address for notices",
            "Notices to the tenant go where?",
            "Whom do we notify at Acme?",
        ),
        counterexamples=(
            "How much notice is required to terminate?",
            "May notice be given by email?",
            "When is a notice deemed received?",
            "What must a notice address the cause of?",
            "How must notices be given?",
            "Who must give notice of a breach?",
            "Where are the leased premises located?",
        ),
    ),
    Kind(
        name="recitals",
        needs="recitals",
        find=find.recitals,
        signs=_signs(
            r"\brecitals?\b(?! \(?[A-Z0-9]\b)",
            r"\bwhereas\b",
            (
                r"\bbackground\b(?! (?:check|screening|investigation|ip|technology|intellectual|materials?|rights?"
                r"|patents?|music))"
            ),
            (
                rf"\bwhy\b.{{0,30}}\b(?:parties|they|compan(?:y|ies)|{_DOC})\b.{{0,40}}\b(?:enter(?:ed|ing)?"
                r"|sign(?:ed)?|made|make|conclude[d]?|contract(?:ed)?)\b"
            ),
            rf"\bwhat (?:led|brought|prompted|moved) (?:the parties|them|{_DOC})",
            rf"\b(?:reasons?|context) (?:for|of|behind) (?:entering into |making |signing )?{_DOC}{_LAST}",
        ),
        examples=(
            "What is the background of the agreement?",
            "Why did the parties enter into this agreement?",
            "What do the recitals say?",
            "What is in the whereas clauses?",
            "What led the parties to sign?",
        ),
        counterexamples=(
            "Are background checks required?",
            "Why can the agreement be terminated?",
            "Who owns background IP?",
        ),
    ),
    Kind(
        name="title",
        needs="a title, or else an opening",
        find=find.title,
        signs=_signs(
            rf"\bwhat(?:'s| is| was) (?:the )?(?:exact |full |official )?(?:titles?|names?|headings?) of {_DOC}{_END}",
            rf"\bwhat (?:kind|type|sort|form) of (?:an? )?(?:legal )?{_NOUN} (?:is|are|was) (?:this|it|that|these)\b",
            rf"\bwhat(?:'s| is| are) (?:this|that|it)(?: {_NOUN})?(?: (?:called|titled|entitled|named|headed))?{_END}",
            rf"\b(?:what|how) (?:is|are|was) {_DOC} (?:called|titled|entitled|named|headed)\b",
            rf"\bwhat (?:does|do) {_DOC} call itself\b|\bunder (?:what|which) name does {_DOC} go\b",
            (
                rf"\bwhat(?:'s| is) (?:the )?{_NOUN}(?:'s)? (?:titles?|names?){_END}|\bwhat (?:does|do) the (?:title"
                r"|heading) say\b"
            ),
            (
                rf"\b(?:what|which) (?:(?:kind|type|sort|form) of )?(?:{_NOUN} )?(?:am I|are we|do we|do I)"
                r" (?:looking at|have|reading|see)\b"
            ),
            rf"\b(?:which|what) {_NOUN} (?:is|are) (?:this|it|that|these){_END}",
            rf"\A(?:the )?(?:title|name)(?: of {_DOC}){_END}|\A(?:title|document name){_END}",
        ),
        examples=(
            "What is this document?",
            "What is the title of this agreement?",
            "What is the name of the contract?",
            "What kind of agreement is this?",
            "How is the contract titled?",
            "What is this contract called?",
            "Which agreement is this?",
            "What kind of document are we looking at?",
            "What is the document's title?",
        ),
        counterexamples=(
            "What is the title of the person who signed?",
            "When does title to the goods pass?",
            "What is the name of the product?",
            "What kind of insurance is required?",
            "What is it worth?",
            "What is this contract worth?",
        ),
    ),
    Kind(
        name="topic",
        needs="a clause under a heading with the words of the topic",
        find=find.headed,
        signs=_signs(
            (
                r"\A(?:(?:please|now|then|(?:can|could|would|will) you|briefly) )*(?:summari[sz]e|sum up|outline|list"
                r"|set out|(?:(?:give|write|make)(?: me)? )?(?:an? |the )?(?:short |brief )?"
                r"(?:summary|outline|overview) of) (?:me )?(?:for me )?(?:all |both |each of )?(?:of )?"
                r"(?:the |its |their |our |all )?(?P<topic>(?!(?:it|this|that|them|everything)\b)[^?.;,]{3,80}?)"
                rf"{_IN_DOC}{_LAST}"
            ),
            (
                r"\bwhat (?:are|were) (?:all )?(?:of )?(?:the |its |their )?"
                rf"(?P<listed>{_LISTED}\b[^?.;,]{{0,60}}?){_IN_DOC}{_LAST}"
            ),
            (
                rf"\b(?:what|which) (?P<owed>{_LISTED}) (?:do|does|did|have|has|must|are|is) (?:the |an? )?"
                r"(?P<owing>[^?.;,]{2,60}?) "
                r"(?:have|has|had|owe|owes|bear|bears|undertake|fulfil|meet|under|in|with|to)\b"
            ),
        ),
        examples=(
            "Summarise the termination provisions.",
            "Summarize the facts alleged.",
            "Outline the security.",
            "List the events of default.",
            "What are all events of default?",
            "What obligations do manufacturers have?",
            "Give me a summary of the confidentiality clause.",
        ),
        counterexamples=(
            "Summarise this agreement.",
            "Summarise it.",
            "What are the audit rights under this contract?",
            "What is the term?",
            "Which events lead to a refund?",
        ),
    ),
    Kind(
        name="changes",
        needs="instructions that change another agreement",
        find=find.changes,
        signs=_signs(
            rf"\bwhat(?: else| exactly)? (?:does|did|do|has|have|is|was|will) {_DOC} (?:(?:actually|exactly|really) )?"
            rf"(?:{_CHANGE}|do|done)\b(?:(?: in| about| to| of) {_DOC})?{_LAST}",
            rf"\b(?:what|which|how many) (?:\w+ )?{_CHANGED} (?:does|did|do|has|have|will) {_DOC} "
            rf"(?:{_CHANGE}|make|made|contain)\b(?:(?: in| about| to| of) {_DOC})?{_LAST}",
            rf"\b(?:what|which \w+) (?:has|have|is|are|was|were)(?: been)? {_CHANGE} (?:by|in|under|through) {_DOC}"
            f"{_LAST}",
            rf"\b(?:what|which) (?:are|were) the {_CHANGED}(?: made)? (?:by|in|under|of) {_DOC}{_LAST}",
        ),
        examples=(
            "What does the First Amendment change?",
            "What exactly does this amendment amend?",
            "What did the contract change in the lease?",
            "Which sections does the amendment change?",
            "What changes does the amendment make to the agreement?",
            "What was changed by the amendment?",
            "What are the changes made by the second amendment?",
        ),
        counterexamples=(
            "What happens on a change of control?",
            "How may the agreement be amended?",
            "What does a change order require?",
            "Which party may change the price?",
        ),
    ),
    Kind(
        name="heading",
        needs="a clause under a heading with the words of the thing, and no others",
        find=find.headed_exactly,
        signs=_signs(
            (
                r"\bwhat(?:'s| is| are| was) (?:the |its |their )?"
                rf"(?P<thing>(?!(?:it|this|that|there|they|not)\b)[^?.;,]{{3,60}}?){_IN_DOC}{_LAST}"
            ),
        ),
        narrowed=True,
        examples=(
            "What is the term?",
            "What are the payment terms under this contract?",
            "What are the insurance requirements?",
            "What's the security deposit?",
        ),
        counterexamples=(
            "What must the tenant pay?",
            "Is there a security deposit?",
            "Which law governs?",
        ),
    ),
)


def folded(question: str) -> str:
    """A question as signs are written for: single spaces, straight apostrophes, and its end where it is long."""
    return " ".join(question.replace("’", "'").replace("‘", "'").split())[-_LONGEST:]


@lru_cache(maxsize=64)  # one question may be put to a hundred documents, one by one
def kinds_of(asked: str) -> tuple[Sign, ...]:
    """The rows that a question (see `folded`) matches, in the order of the table, each with its first sign's match."""
    found = ((kind, next((m for sign in kind.signs if (m := sign(asked))), None)) for kind in KINDS)
    return tuple(Sign(kind, match) for kind, match in found if match)
