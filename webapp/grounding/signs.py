"""Words by which statements differ: modal verbs, limits, opposite standards, words of one sense. Tables alone.

A sign is written as the phrases that show it, between bars; a space stands for any white space, the rest is a regular
expression. It never begins or ends within a word or a compound, so that "exclusive" is not found in "non-exclusive".
"""

import re
from typing import Literal

Modality = Literal["must", "may", "must not", "need not", "is", "is not"]


def phrases(sign: str) -> str:
    """The regular expression of a sign."""
    each = (phrase.strip().replace(" ", r"\s+") for phrase in sign.split(" | "))
    return rf"(?<![\w‐-])(?:{'|'.join(each)})(?![\w‐])"


def sign(text: str) -> re.Pattern[str]:
    """The compiled expression of a sign, in whatever letters."""
    return re.compile(phrases(text), re.IGNORECASE)


_AGENT = r"(?:(?:is|are|was|were|be|being)(?: \w+ly)?)"
_HAS = r"(?:has|have|having|shall have|will have|retains?|gets?|obtains?|enjoys?|reserves?|shall retain)"
_RIGHT = r"(?:right|option|opportunity|power|authority|discretion|privilege|licen[sc]e)"
# Words after "be" that a party is bound or let by.
BOUND = (
    r"(?:liable|responsible|accountable|answerable)(?: to (?:(?:the|any|each|an|another|such|either|its)\b|(?-i:[A-Z]))"
    r"[^,;.]{0,60}?)? for"
    r" | (?:required|obliged|obligated|bound|liable|responsible) (?:to|for)"
)
LET = "(?:entitled|permitted|allowed|authori[sz]ed|free) to"
_NOT = r"(?:do|does|did|is|are|was|were|has|have)(?: not|n[’']t)"
# Modal phrases; a longer one is tried before those that it begins with. "must not" takes in every prohibition, "need
# not" that there is no duty.
MODALS: tuple[tuple[Modality, str], ...] = (
    (
        "need not",
        r"need not | needn[’']t | (?:may|can) (?:choose|decide) (?:whether(?: or not)?|not) to | (?:is|are) free not to"
        rf" | (?:is|are|was|were|be) not (?:{BOUND})"
        r" | (?:isn|aren)[’']t (?:required|obliged|obligated|bound) to | under no (?:obligation|duty) to"
        r" | without having to"
        r" | (?:has|have|shall have|will have|bears?) no (?:\w+ )?(?:obligation|duty|liability) (?:to|for)"
        r" | (?:(?:do|does|will|shall) not|(?:do|does)n[’']t) (?:have|need) to",
    ),
    (
        "must not",
        r"(?:do|does|shall|will|may|must)(?: not|n[’']t) have (?:the|any|a) (?:right|authority|power|permission) to"
        r" | (?:shall|may|must|will|can|could|should|would|(?:has|have) to)"
        r" (?:not|never|under no circumstances|in no event)"
        r"(?: be (?:permitted|allowed|entitled|authori[sz]ed|free) to)?"
        r" | cannot | can[’']t | won[’']t | mustn[’']t"
        r" | (?:is|are|be) not (?:permitted|allowed|entitled|authori[sz]ed|free) to"
        r" | (?:isn|aren)[’']t (?:permitted|allowed|entitled|authori[sz]ed|free) to"
        r" | (?:is|are|be) (?:prohibited|barred|forbidden|precluded|restricted|prevented|restrained|banned) from"
        r" | (?:has|have|shall have|will have) no (?:\w+ )?(?:right|authority|power|permission|licen[sc]e) to"
        r" | (?:agrees?|undertakes?|covenants?|promises?)(?:,[^;.]{1,80},)? (?:not|never) to"
        r" | (?:shall )?refrains? from",
    ),
    (
        "may",
        rf"{_AGENT} (?:entitled|permitted|allowed|authori[sz]ed|free|able|at liberty|welcome) to"
        rf" | {_HAS}(?: the| a| an| its)?(?: [\w-]+,?){{0,5}}? {_RIGHT}"
        r"(?:,? (?:and|or)(?: [\w-]+){1,4})?(?:,[^,;.]{1,60},)? to | may | can | could | might",
    ),
    (
        "must",
        rf"{_AGENT} (?:{BOUND} | supposed to)"
        r" | (?:has|have|had|having) (?:(?:a|an|the) (?:\w+ )?(?:duty|obligation|responsibility) )?to"
        r" | (?:agrees?|undertakes?|covenants?|promises?|commits?|needs?)(?:,[^;.]{1,80},)? to | (?:is|are) to(?= be )"
        r" | shall | must | will | should | would",
    ),
    ("is not", rf"{_NOT} | never"),
)
# By which an act is allowed or barred: "is prohibited".
ALLOWED = "allowed | permitted | permissible | authori[sz]ed"
BARRED = "prohibited | forbidden | barred | banned | disallowed | not allowed | impermissible"
# Subjects of which nothing is so: "none of the Buyer, its affiliates or agents may".
NO_ONE = "neither | none of | no one | nobody | no person"
# After a verb, before the next one of a list: "hold harmless, indemnify".
PARTICLES = "harmless | free | out | up | off | over | back | down | away | forth"
# Who lets or makes another do something: the party after these words may, must or must not.
CAUSES: tuple[tuple[Modality, str], ...] = (
    ("must not", r"(?:do|does|shall|will|may)(?: not|n[’']t) (?:allow|permit|let|authori[sz]e|entitle)"),
    ("may", r"(?:nothing|not)\b[^.;]{0,40}? (?:stops?|limits?|prevents?|prohibits?|restricts?|precludes?|prevent)"),
    ("must not", r"(?:stops?|prevents?|prohibits?|restricts?|precludes?|bars?|forbids?)"),
    ("may", r"(?:allows?|permits?|lets?|authori[sz]es?|entitles?|enables?|allowing|permitting)"),
    ("must", r"(?:requires?|obliges?|obligates?|makes?|compels?|requiring|obliging)"),
)
# Pairs that cannot both be said of one act of one party.
CONTRARY: frozenset[frozenset[str]] = frozenset(
    frozenset(pair)
    for pair in (
        ("must", "must not"),
        ("must", "need not"),
        ("must", "may"),
        ("must", "is not"),
        ("may", "must not"),
        ("may", "is not"),
        ("is", "must not"),
        ("is", "need not"),
        ("is", "is not"),
        ("must not", "need not"),
    )
)
# After a permission these limit it, after a prohibition those lift it: "may … only with" and "may not … without" agree.
NARROWS = (
    "only | solely | sole | some | certain | provided | subject to | so long as | as long as | if | once | after | upon"
    " | where | when | unless | except"
    r" | with (?:the |its |their )?(?:prior|written|\w+[’']s?) | consents? | approval | agrees?"
)
LIFTS = (
    "unless | except | without | other than | until | save | only | absent | excluding | otherwise than | before"
    " | prior to | if | beyond | past | outside | in excess of"
)
# Takes a limit away.
FREES = "without | on (?:its|their|his|her) own | regardless | even (?:if|where|when|without) | whether or not"
# Before an act that is turned around: "in no event may the Customer resell".
TURNED = "(?:in no event|under no circumstances?|at no time|nor|never) (?:shall|may|will|must|can)"
# Before an act that is only supposed, or that tells which thing is meant: nothing is said of it.
SUPPOSED = (
    "if | unless | when | where | whether | which | that | who | whom | whose | until | once | should | in case"
    " | in the event | to the extent | as long as | so long as | provided | after | before | than"
)
# What limits a statement. One that the clause has and the sentence has not may have been left out.
LIMITS = (
    "unless | except(?:ing|ion|ions)? | other than | provided,? (?:that|however) | only | solely | subject to"
    " | exclud(?:es?|ing)"
    " | save (?:for|that) | notwithstanding | without | but | however | up to | until | not (?:to )?exceed"
    " | excess | if"
    " | in the event | so long as | as long as | to the extent"
)
NEGATIONS = r"no | not | never | neither | nor | none | nothing | cannot | without | \w+n[’']t | non[-‐]\w+"
# By what a near-verbatim sentence is turned into its contrary, and what turns it back: "not without" is "only with".
TURNS = (
    r"no | not | never | neither | none | nothing | nobody | cannot"
    r" | \w+n[’']t"
)
TURNS_BACK = (
    "without | unless | except(?:ing)? | other than | until | before | prohibit\\w* | forb\\w+ | barred"
    " | refrain\\w* | fail\\w* | refus\\w+ | lack\\w* | ceas\\w+ | unable | preclud\\w+ | prevent\\w*"
)
# "no" and "not" that turn nothing: "no less than", "whether or not".
TURNS_NOTHING = (
    "(?:no|not) (?:limited|less|more|fewer|greater|later|earlier|longer|higher|lower|exceed\\w*|to exceed|only)"
    " | or not | if not"
)
# Words with which a sentence claims more than a clause that lacks them.
STRONG = (
    "all | any | every | always | never | only | solely | alone | exclusively | automatically | immediately | unlimited"
    " | irrevocabl[ey] | regardless | absolute(?:ly)? | entire(?:ly)? | whatsoever | unconditional(?:ly)?"
    " | whole | without | even"
    " | no | both | neither | each | at any time"
)
# What a sentence says of a clause that is in force no longer.
PAST = (
    "original(?:ly)? | before the amendment | previous(?:ly)? | former(?:ly)? | was | were | had | used to | no longer"
    " | until then | amend(?:ed|ment|s) | replaced | deleted | superseded"
)
# What a writer says to the reader and not of the documents, at the beginning of a sentence.
OFFERS = (
    "let me know(?: (?:if|whether|when|what|how|which|should|in case))?"
    r" | (?:please )?(?:feel free|(?:do not|don[’']t) hesitate) to (?:ask|contact|reach|let|tell|share|follow|request)"
    r" | (?:I|we) (?:hope|trust) (?:this|that|it) (?:helps?|answers?|is helpful|clarif(?:y|ies)|was helpful)"
    r" | (?:I(?:[’']m| am|[’']d be| would be)|we(?:[’']re| are)) (?:always )?(?:happy|glad|here|available)"
    " to (?:help|assist|answer|clarify|explain|provide|look)"
    r" | (?:as|I(?: am|[’']m)) an? (?:AI|artificial intelligence|large language model|language model|assistant)"
    r" | (?:I|we) (?:cannot|can[’']t|do not|don[’']t|am not able to|are not able to) (?:give|provide|offer)"
    "(?: \\w+)? legal advice | this (?:is not|does not constitute) legal advice"
    " | (?:please )?(?:consult|speak (?:to|with)|seek advice from) (?:an?|your)(?: \\w+)?"
    " (?:lawyer|attorney|solicitor|legal counsel|legal professional|counsel)"
    " | thank you for | thanks for"
)
# How a figure is bounded.
AT_LEAST = "at least | no(?:t)? (?:less|fewer) than | (?:a )?minimum (?:of)?"
AT_MOST = (
    "at most | limited to(?: an?)?(?: aggregate)?(?: of)? | no(?:t)? (?:more|greater|longer) than | up to"
    " | (?:a )?maximum (?:of)? | not (?:to )?exceed(?:ing)?"
)
# Standards that exclude each other: a sentence has one where the clause has the other.
OPPOSITES: tuple[tuple[str, str], ...] = (
    ("exclusive(?:ly)? | sole (?:licen\\w+|agent|distrib\\w+|supplier|provider)", "non[-‐ ]?exclusive(?:ly)?"),
    ("irrevocabl[ey]", "revocabl[ey]"),
    ("transferable", "non[-‐ ]?transferable | not transferable"),
    ("assignable", "non[-‐ ]?assignable | not assignable"),
    ("refundable", "non[-‐ ]?refundable | not refundable"),
    ("binding", "non[-‐ ]?binding | not binding"),
    (
        r"(?:sole|absolute|own|unfettered|complete|free)(?: and \w+)? discretion | for any (?:or no )?reason",
        r"(?:not|never)\b[^.;]{0,30}? (?:unreasonably|arbitrarily) | unreasonably (?:withheld|withhold)"
        r" | reasonable discretion",
    ),
    (r"best (?:\w+ )?efforts", r"reasonable (?:\w+ )?efforts"),
    ("(?:ordinary|simple|mere) negligence", r"gross(?:ly)? negligen\w+"),
    ("(?:any|every) breach | breach of any kind", r"material(?:ly)? (?:\w+ )?breach\w*"),
    ("without cause | for convenience | for any (?:or no )?reason | no reason", "for cause | good cause"),
    (
        "(?:oral|verbal) (?:notice|consent|approval|agreement|amendment|understanding|objection|waiver|modification)s?"
        " | orally | verbally | by (?:tele)?phone",
        "writ(?:ten|ing)",
    ),
    (
        r"earlier of | earliest | whichever \w+ (?:first|earlier|sooner)",
        r"later (?:to occur )?of | latest | whichever \w+ (?:last|later)",
    ),
    (
        "(?:greater|higher|larger) of | whichever is (?:greater|higher|more)",
        "(?:lesser|lower|smaller) of | whichever is (?:less|lesser|lower)",
    ),
    ("joint(?:ly)?", "alone | solely | sole (?:and exclusive )?(?:property|owner)"),
    ("(?:within|in|inside) the", "outside"),
    (
        "unlimited | without (?:any )?(?:limit|cap) | uncapped | no (?:limit|cap)",
        "up to | limit(?:s|ed)? | exceed | cap(?:ped)? | maximum",
    ),
    ("(?:business|working) days?", "calendar days?"),
    (
        "gross (?:receipts|revenues?|sales|profits?|proceeds|tonn\\w+|tons?|weight|income|margins?|price|amounts?)",
        "net (?:receipts|revenues?|sales|profits?|proceeds|tonn\\w+|tons?|weight|income|margins?|price|amounts?)",
    ),
    ("in advance", "in arrears"),
    ("surviv\\w+", "(?:shall|will|do|does) not survive"),
    (r"increas\w+ | rais\w+", r"decreas\w+ | reduc\w+ | lower(?:ed|s)?"),
    ("at (?:its|their) own (?:cost|expense)", r"at the (?:other part\w+|\w+)[’']s? (?:sole )?(?:cost|expense)"),
    (
        "automatic(?:ally)?",
        r"(?:mutual(?:ly)?|upon) (?:written )?(?:agree\w*|consent) | at the option"
        " | (?:right|option) to (?:renew|extend)",
    ),
    ("conditional(?:ly)?", "unconditional(?:ly)?"),
    ("cannot be revoked | irrevocabl[ey]", "may (?:be )?revoked? | revocabl[ey]"),
    (
        "regardless | even (?:if|where|when|though|to) | whether or not",
        "only if | unless | not been | except(?:ing)? | not appl\\w+",
    ),
)
# With the first a sentence denies a limit, with the second the clause has one.
OVERSTATED: tuple[tuple[str, str], ...] = (
    (
        "(?:under|in) (?:any|all|no) circumstances? | in (?:any|no) case | without (?:any )?exceptions?"
        " | (?:can|may) freely | freely",
        "unless | except(?:ing)? | other than | provided,? (?:that|however) | only"
        r" | (?:without|with) (?:the |its |their )?(?:express |prior |written )*(?:\w+[’']s? )?"
        "(?:express |prior |written )*(?:consent|approval|permission)",
    ),
    (
        "regardless | even (?:if|where|when|though|without|after|before|for) | whether or not | including after",
        "unless | except(?:ing)? | subject to | (?:so|as) long as | prior to | provided,? (?:that|however)"
        " | only (?:if|when|after|with) | not (?:be )?(?:apply|applicable) | if | in the event",
    ),
    ("without (?:any |prior |written |further )*(?:notice|warning)", "notice"),
    (
        "without (?:any |a |the |having )*(?:(?:time|period|opportunity|chance|right) to (?:cure|remedy|correct)"
        "|(?:cure|grace|remedy) period)",
        "cure | cures | cured | remed\\w+ | correct(?:s|ed)?",
    ),
    ("(?:may|can) be (?:\\w+ )?(?:assigned|transferred)", "non[-‐ ]?(?:assignable|transferable)"),
    (
        "appl(?:y|ies) (?:also |too |as well )?(?:to|even) | also appl(?:y|ies)",
        "(?:not|never) (?:be )?(?:apply|applicable) | (?:is|are) excluded",
    ),
    ("including", "(?:is|are) (?:hereby )?(?:excluded|disclaimed)"),
    (
        "at any time(?! (?:prior|before|within|until|in|up to|after|following|on|upon|by|when|if))",
        "at any time (?:prior to|before|within|until|after|following|up to)",
    ),
    ("continues?", "(?:automatically|shall|will) terminates? | shall automatically terminate"),
)
# Words after which a clause excepts something, and by which a sentence takes something in.
EXCEPTS = "except(?:ing)?(?: for)? | other than | excluding | exclusive of | save(?: for)? | apart from | but not"
TAKES_IN = "including | includes? | even | as well as | and also"
# How often something is done.
FREQUENCIES = (
    ("a day", "daily | (?:every|each|per) day | once a day"),
    ("a week", "weekly | (?:every|each|per) week | once a week"),
    ("a month", "monthly | (?:every|each|per) (?:calendar )?month | once a month | on a monthly basis"),
    ("a quarter", "quarterly | (?:every|each|per) (?:calendar |fiscal )?quarter | once a quarter"),
    ("half a year", "semi[-‐ ]?annual(?:ly)? | twice (?:a|each|every) year | every six months | half[-‐ ]?yearly"),
    (
        "a year",
        "annual(?:ly)? | yearly | (?:every|each|per) (?:calendar |fiscal |contract )?year | once (?:a|every) year",
    ),
)
# What a period runs from.
ANCHORS = (
    ("receipt", r"(?:\w+ ){0,3}?(?:receipt|receiving|received|receives?)"),
    ("date of invoice", "invoice date | date of (?:the |each |its |an |such )?invoice | date"),
    ("end", "termination | expir\\w+ | end"),
    ("signing", "execution | signing | signature | effective date"),
    ("delivery", "delivery | shipment"),
)
STATES = tuple(
    (
        "Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Georgia Hawaii Idaho Illinois"
        " Indiana Iowa Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri"
        " Montana Nebraska Nevada Ohio Oklahoma Oregon Pennsylvania Tennessee Texas Utah Vermont Virginia Wisconsin"
        " Wyoming New_York New_Jersey New_Mexico North_Carolina South_Carolina England Scotland Germany Israel France"
        " Italy Spain Portugal Austria Switzerland Luxembourg Belgium Denmark Sweden Norway Finland Ireland Poland"
        " Singapore Japan India Australia Canada Ontario Quebec Hong_Kong"
    )
    .replace("_", "\\s")
    .split(" ")
)
# Words of one sense, for the comparison of a paraphrase; each is the first of its group.
SAME = tuple(
    tuple(group.split())
    for group in (
        "terminate termination terminable end expire expiration cancel cancellation ending finish",
        "renew renewal extend extension prolong prolongation continue",
        "pay payment remit paid remunerate remuneration payable compensation compensate owe bear borne",
        "give provide deliver supply furnish send submit make hand delivery grant gives given gave ship dispatch",
        "notify notice inform tell notification told",
        "assign transfer assignment convey",
        "own belong ownership property owner owned title",
        "buy purchase acquire obtain receive get",
        "keep maintain retain carry hold kept held",
        "charge bill invoice",
        "allow permit authorize authorise let permission entitle",
        "begin commence start commencement beginning",
        "need require requirement necessary",
        "revoke revocation revocable withdraw",
        "waive waiver forgo relinquish",
        "limit cap exceed maximum capped limitation",
        "repay reimburse refund return repayment reimbursement",
        "agreement contract",
        "license licence licensing",
        "cost expense expenses",
        "prohibit forbid bar prevent stop restrict",
        "defect defective faulty nonconformance nonconforming",
        "change modify amend modification amendment alter",
        "governed govern law laws",
        "company corporation",
        "conclude conclusion expiry close closing completion complete finish",
        "job employment employ hire work engage",
        "trial jury",
        "copy reproduce duplicate",
        "check ensure verify verification inspect inspection audit examine review",
        "advance prior beforehand before earlier preceding",
        "after afterwards following subsequent thereafter subsequently",
        "day date",
        "both each either mutual mutually",
        "favourable favorable",
        "last final",
        "extra additional further additionally more",
        "promptly immediately once instantly forthwith",
        "treat deem consider treated regarded",
        "get receive earn collect",
        "cure remedy correct fix repair",
        "liability liable responsible responsibility",
        "harm damage loss injury",
        "term period duration",
        "indemnify indemnification indemnity compensate",
        "secret confidential confidentiality",
        "disclose reveal disclosure share",
        "unpaid overdue outstanding late",
        "fee charge price",
        "sell sale resell",
        "worldwide world global",
        "show demonstrate prove justify",
        "use utilize usage",
        "automatic automatically",
        "approve approval consent permission agree agreed",
        "duty obligation obligated obliged",
        "dispute disagreement controversy claim",
        "court courts jurisdiction",
        "state provincial",
        "lawyer attorney counsel",
        "staff employee personnel worker",
        "rival competitor compete competing competitive",
        "product goods item",
        "building premises property",
        "fail failure default breach violate violation",
        "force effect effective",
        "whole entire all",
        "remain stay",
        "write writing written",
        "law legal statute applicable",
    )
)
