"""Detection of proper names (parties, defined terms) in a sentence, by capital letters and by the roles of parties.

Not detected: that one name was exchanged for another of the same passage (see `alignment` for near-verbatim sentences),
and a name at the beginning of a sentence that neither the document's usage nor the word's form shows to be one.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]+(?:[’'](?!s\b)[^\W\d_]+)*")
_CAPITALISED = re.compile(
    r"\b[A-Z][\w’'&.]*(?:(?:\s*[-‐–/&]\s*|\s+(?:of\s+(?:the\s+)?)?"
    r"|,\s+(?=(?:Inc|LLC|L\.L\.C|Ltd|Corp|L\.P|N\.A|plc|GmbH|S\.A)\b))[A-Z][\w’'&.]*)*"
)
_LONGEST_SHORT = 6  # letters of an abbreviation
_LOOK_BACK = 20  # characters, enough for the punctuation in front of a sentence
_OPENS = re.compile(r"(?:^|[.:;?!]|[“\"(\[*•>–—-])[\s“\"‘'(\[*_]*$|^\W*$")
# Capitalised words that are not names: those that begin sentences, words of structure and of the calendar.
_PLAIN = frozenset(
    "a about above agreement agreements contract contracts party parties accordingly according additionally after all "
    "also although an and answer any are as at based because before below besides both but by can clause consequently "
    "could did do does during each either every except finally first firstly following for from further furthermore "
    "given had has have he hence here how however i if in instead is it its last likewise may might moreover must only "
    "neither never nevertheless no nor not note nothing notwithstanding of on once one only or otherwise our overall "
    "per provided pursuant second secondly section sections article articles paragraph paragraphs page pages passage "
    "passages exhibit exhibits schedule schedules annex appendix regarding several shall she should similarly since "
    "so some source specifically subject such summary that the their them then there therefore these they this those "
    "though through thus to two three under unless until upon we what when where whereas whether which while who "
    "anybody anyone anything everybody everyone everything nobody nothing somebody someone something whatever "
    "whichever whoever none others another whose why will with within without would yes yet you your inc llc ltd corp "
    "co lp llp plc mr mrs ms dr sincerely "
    "january february march april june july august september october november december monday tuesday wednesday "
    "thursday friday saturday "
    "sunday am pm ok ii iii iv vi vii viii ix xi xii".split()
)
# Roles of parties in contracts; these count as names in small letters too.
ROLES = frozenset(
    "licensor licensee sublicensor sublicensee lessor lessee sublessee landlord tenant buyer seller purchaser vendor "
    "supplier customer client contractor subcontractor consultant distributor reseller franchisor franchisee "
    "manufacturer borrower lender guarantor indemnitor indemnitee assignor assignee employer employee sponsor "
    "publisher developer owner operator manager advertiser shipper transporter carrier broker principal subscriber "
    "grantor grantee optionor optionee trustee mortgagor mortgagee promoter "
    "merchant provider recipient discloser underwriter insurer insured investor shareholder stockholder".split()
)
_ORDINARY_ENDINGS = (
    "ed",
    "tion",
    "sion",
    "ment",
    "ing",
    "ly",
    "ness",
    "ity",
    "ance",
    "ence",
    "ism",
    "al",
    "ure",
    "age",
)
# Roles that are ordinary words too: an answer may call a party so in a document that does not.
_LOOSE_ROLES = frozenset(
    "carrier provider owner operator manager principal employee employer sponsor developer merchant recipient investor "
    "promoter publisher broker insurer insured manufacturer advertiser transporter shipper".split()
)
# Roles that come of what is done in the clause, with its verb: of "may assign its shares" an answer may say "assignee".
_DERIVED_ROLES = {"assignor": "assign", "assignee": "assign", "indemnitor": "indemnif", "indemnitee": "indemnif"}
# Before a role that is no party of the contract: "unless a buyer takes over the business".
_ANYONE = re.compile(r"\b(?:an?|any|another|other|some|no|new|third[\s-]party)\s+$", re.IGNORECASE)
# States by their postal abbreviations, which addresses have.
_STATES = dict(
    pair.replace("_", " ").split(":")
    for pair in (
        "alabama:AL alaska:AK arizona:AZ arkansas:AR california:CA colorado:CO connecticut:CT delaware:DE florida:FL "
        "georgia:GA hawaii:HI idaho:ID illinois:IL indiana:IN iowa:IA kansas:KS kentucky:KY louisiana:LA maine:ME "
        "maryland:MD massachusetts:MA michigan:MI minnesota:MN mississippi:MS missouri:MO montana:MT nebraska:NE "
        "nevada:NV new_hampshire:NH new_jersey:NJ new_mexico:NM new_york:NY north_carolina:NC north_dakota:ND ohio:OH "
        "oklahoma:OK oregon:OR pennsylvania:PA rhode_island:RI south_carolina:SC south_dakota:SD tennessee:TN texas:TX "
        "utah:UT vermont:VT virginia:VA washington:WA west_virginia:WV wisconsin:WI wyoming:WY"
    ).split()
)
_BEFORE_LAW = re.compile(r"\b(?:laws?|courts?)\s+(?:of|in)\s+(?:the\s+)?(?:state\s+of\s+)?$", re.IGNORECASE)
_AFTER_LAW = re.compile(r"(?:[’']s)?\s+(?:laws?|courts?|corporation|company|limited)\b", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"\b[A-Za-z]+,?\s+([A-Z]{2})\b(?=,?\s+\d{5}\b)")
# What follows a name at the beginning of a sentence: a modal verb, a verb in the third person, an apposition.
_AGREES = re.compile(
    r"\s+(?:hereby|also|shall|may|must|will|has|have|is|can|cannot|[a-z]{3,}s)\b|[’']s\b|,\s+(?:its|an?|the|which|who)\b"
    r"|\s+(?:and|or)\s+[A-Z]"
)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Word counts of a document, by stem: with a capital inside a sentence, and in small letters; all its stems, and
    the letters with which words that follow each other begin.
    """

    capital: Counter[str]
    small: Counter[str]
    words: frozenset[str]
    initials: str
    states: frozenset[str]  # abbreviations of states, as addresses have them: "Morristown, NJ"

    def names(self, stem: str) -> bool:
        """Whether the document writes the word with a capital more often than not."""
        return self.capital[stem] > self.small[stem]

    def knows(self, stem: str) -> bool:
        """Whether the word occurs in the document."""
        return bool(self.capital[stem] or self.small[stem])


@lru_cache(maxsize=32)
def vocabulary(text: str) -> Vocabulary:
    """Count the words of a document's text; capitals at the beginning of sentences do not count."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for match in _WORD.finditer(text):
        word = match[0]
        if word[0].islower():
            small[stem(word)] += 1
        elif text[max(0, match.start() - 2) : match.start()].strip()[-1:] not in (".", ":", ";", "?", "!", ""):
            capital[stem(word)] += 1
    initials = "".join(match[0][0] for match in _WORD.finditer(re.sub(r"[’']s\b", "", text))).upper()
    states = frozenset(_IN_ADDRESS.findall(text))
    return Vocabulary(capital, small, stems(text), initials, states)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Stem a word: small letters and straight apostrophes, without possessive and plural endings."""
    word = re.sub(r"'s?$", "", word.replace("’", "'")).casefold()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def stems(text: str) -> frozenset[str]:
    """The stems of all words; a hyphenated word as its parts and as one, since the hyphen may be from a line break."""
    joined = re.sub(r"(?<=[^\W\d_])[-‐\u00ad]\s?(?=[^\W\d_])", "", text)
    return frozenset(stem(m[0]) for t in (text, joined) for m in _WORD.finditer(t))


def missing_names(sentence: str, present: frozenset[str], words: Vocabulary) -> Iterator[str]:
    """Yield the names in a sentence with a word that is not among the stems `present`, as written.

    `sentence` has its citations and numeric facts blanked out; `words` is the vocabulary of the cited documents.
    """
    for run in _CAPITALISED.finditer(sentence):
        before = sentence[max(0, run.start() - _LOOK_BACK) : run.start()]
        initial = bool(_OPENS.search(before if run.start() <= _LOOK_BACK else "x" + before))
        for i, word in enumerate(_WORD.finditer(run[0])):
            is_possessive = word[0] == "s" and run[0][: word.start()].endswith("'")
            if is_possessive or _is_short_for(word[0], words) or _is_state(run, sentence, words):
                continue
            if _is_absent(word[0], present) and _is_name(word[0], initial and i == 0, run, sentence, present, words):
                yield run[0].rstrip(".,’'")
                break
    for match in _WORD.finditer(sentence):
        is_anyone = _ANYONE.search(sentence, max(0, match.start() - _LOOK_BACK), match.start())
        if match[0] not in ROLES - _LOOSE_ROLES or is_anyone or _is_derived(match[0], present, words):
            continue
        if _is_absent(match[0], present):
            yield match[0]


def is_plain(word: str) -> bool:
    """Whether a word is no name, whatever its capitals."""
    return word.casefold() in _PLAIN


def is_role(word: str) -> bool:
    """Whether a word is the role of a party: "licensee"."""
    return stem(word) in ROLES


def _is_derived(role: str, present: frozenset[str], words: Vocabulary) -> bool:
    """Whether a role is that of someone with whom the passage does something, in a document that calls nobody so."""
    verb = _DERIVED_ROLES.get(role)
    return verb is not None and not words.knows(role) and any(each.startswith(verb) for each in present)


def _is_short_for(word: str, words: Vocabulary) -> bool:
    """Whether a word is made of the initials of words that follow each other in the document: "IP"."""
    return word.isupper() and 1 < len(word) < _LONGEST_SHORT and word in words.initials


def _is_state(run: re.Match[str], sentence: str, words: Vocabulary) -> bool:
    """Whether a name is that of a state whose abbreviation stands in an address of the document, and not of its law."""
    is_of_law = _BEFORE_LAW.search(sentence, 0, run.start()) or _AFTER_LAW.match(sentence, run.end())
    return not is_of_law and _STATES.get(" ".join(run[0].lower().rstrip(".,").split())) in words.states


def _is_absent(word: str, present: frozenset[str]) -> bool:
    forms = {stem(word), word.casefold(), *(f"{word.casefold().removesuffix(end)}" for end in ("i", "n", "an", "ian"))}
    return not forms & present and not is_plain(word)


def _is_name(
    word: str, initial: bool, run: re.Match[str], sentence: str, present: frozenset[str], words: Vocabulary
) -> bool:
    if not initial:
        return len(word) > 1 or len(run[0]) > 2
    root = stem(word)
    if root in ROLES or words.names(root):
        return True
    if len(root) >= 6 and any(p.startswith(root[: max(5, round(0.6 * len(root)))]) for p in present):
        return False  # "Termination requires" of a passage that says "terminate"
    if len(_WORD.findall(run[0])) > 1:
        return not words.knows(root) or not root.endswith(_ORDINARY_ENDINGS)
    return (
        not words.knows(root)
        and not root.endswith(_ORDINARY_ENDINGS)
        and bool(run[0][-2:] in ("'s", "’s") or _AGREES.match(sentence, run.end()))
    )
