"""Words by which statements differ: modal verbs, limits, opposite standards, words of one sense. Tables alone."""

from typing import Literal

Modality = Literal["must", "may", "must not", "need not", "is", "is not"]

# Modal phrases, as regular expressions; a longer one is tried before those it begins with. "must not" takes in every
# prohibition, "need not" that there is no duty.
MODALS: tuple[tuple[Modality, str], ...] = (
    (
        "need not",
        r"need\s+not|needn[’']t"
        r"|(?:(?:is|are|was|were|be)\s+not|isn[’']t|aren[’']t)\s+(?:required|obliged|obligated|bound|liable|responsible)\s+(?:to|for)"
        r"|(?:has|have|shall\s+have|will\s+have|bears?)\s+no\s+(?:\w+\s+)?(?:obligation|duty|responsibility|liability)\s+(?:to|for)"
        r"|(?:do|does)\s*(?:not|n[’']t)\s+(?:have|need)\s+to|under\s+no\s+(?:obligation|duty)\s+to|without\s+having\s+to",
    ),
    (
        "must not",
        r"(?:shall|may|must|will|can|could|should|would)\s+(?:not|never|under\s+no\s+circumstances|in\s+no\s+event)"
        r"(?:\s+be\s+(?:permitted|allowed|entitled|authori[sz]ed|free|obligated\s+not)\s+to)?"
        r"|can(?:not|[’']t)|won[’']t|mustn[’']t|shan[’']t"
        r"|(?:(?:is|are|be)\s+not|isn[’']t|aren[’']t)\s+(?:permitted|allowed|entitled|authori[sz]ed|free)\s+to"
        r"|(?:is|are|be)\s+(?:prohibited|barred|forbidden|precluded|restricted|prevented|restrained|banned)\s+from"
        r"|(?:has|have|shall\s+have|will\s+have)\s+no\s+(?:\w+\s+)?(?:right|authority|power|permission|licen[sc]e)\s+to"
        r"|(?:agrees?|undertakes?|covenants?|promises?)\s+(?:not|never)\s+to|refrains?\s+from|shall\s+refrain\s+from"
        r"|(?:has|have)\s+not\s+the\s+right\s+to|(?:do|does)\s*(?:not|n[’']t)\s+have\s+(?:the|any|a)\s+right\s+to",
    ),
    (
        "may",
        r"(?:is|are|be|being)\s+(?:\w+ly\s+)?(?:entitled|permitted|allowed|authori[sz]ed|free|able|at\s+liberty|welcome)\s+to"
        r"|(?:has|have|having|shall\s+have|will\s+have|retains?|gets?|obtains?|enjoys?|reserves?|shall\s+retain)"
        r"\s+(?:the|a|an|its)?\s*(?:[\w-]+,?\s+){0,5}?(?:right|option|power|authority|discretion|privilege|licen[sc]e)"
        r"(?:\s+and\s+\w+)?(?:,[^,;.]{1,60},)?\s+to"
        r"|(?:shall|will)\s+be\s+free\s+to|may|can|could|might",
    ),
    (
        "must",
        r"(?:is|are|be|being)\s+(?:\w+ly\s+)?(?:required|obliged|obligated|bound|liable|responsible|supposed)\s+(?:to|for)"
        r"|(?:has|have|had|having)\s+(?:(?:a|an|the)\s+(?:\w+\s+)?(?:duty|obligation|responsibility)\s+)?to"
        r"|(?:agrees?|undertakes?|covenants?|promises?|commits?|needs?)\s+to|shall|must|will|should|would",
    ),
    ("is not", r"(?:do|does|did|is|are|was|were|has|have)\s*(?:not|n[’']t|never)|never"),
)
# Who lets or makes another do something: the party after the words may, must or must not.
CAUSES: tuple[tuple[Modality, str], ...] = (
    ("must not", r"(?:(?:do|does|shall|will|may)\s*(?:not|n[’']t)\s+)(?:allow|permit|let|authori[sz]e|entitle)"),
    ("may", r"(?:nothing|not)\b[^.;]{0,40}?\b(?:stops?|limits?|prevents?|prohibits?|restricts?|precludes?)"),
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
    r"\bonly\b|\bsolely\b|\bprovided\b|\bsubject\s+to\b|\bso\s+long\s+as\b|\bas\s+long\s+as\b|\bif\b|\bwith\s+(?:the\s+)?(?:prior|written|\w+[’']s?)\b"
    r"|\bonce\b|\bafter\b|\bupon\b|\bwhere\b|\bwhen\b|\bunless\b|\bexcept\b|\bconsents?\b|\bapproval\b|\bagree"
)
LIFTS = (
    r"\bunless\b|\bexcept\b|\bwithout\b|\bother\s+than\b|\buntil\b|\bsave\b|\bonly\b|\babsent\b|\bexcluding\b|\botherwise\s+than\b"
    r"|\bbefore\b|\bprior\s+to\b|\bif\b"
)
FREES = r"\bwithout\b|\bregardless\b|\beven\s+(?:if|where|when|without)\b|\bwhether\s+or\s+not\b"  # takes a limit away
# Before an act that is turned around: "in no event may the Customer resell".
TURNED = r"(?:in\s+no\s+event|under\s+no\s+circumstances?|at\s+no\s+time|nor|never)\s+(?:shall|may|will|must|can)"
# What limits a statement. One that the clause has and the sentence has not may have been left out.
LIMITS = (
    r"\bunless\b|\bexcept(?:ing|ion)?s?\b|\bother\s+than\b|\bprovided,?\s+(?:that|however)|\bonly\b|\bsolely\b|\bsubject\s+to\b"
    r"|\bexclud(?:es?|ing)\b|\bsave\s+(?:for|that)\b|\bnotwithstanding\b|\bwithout\b|\bbut\b|\bhowever\b|\bup\s+to\b|\buntil\b"
    r"|\bnot\s+(?:to\s+)?exceed|\bexcess\b|\bif\b|\bin\s+the\s+event\b|\bso\s+long\s+as\b|\bas\s+long\s+as\b|\bto\s+the\s+extent\b"
)
NEGATIONS = r"\b(?:not?|never|neither|nor|none|nothing|cannot|without)\b|n[’']t\b|\bnon[-‐]"
# Words with which a sentence claims more than a clause that lacks them.
STRONG = (
    r"\b(?:all|any|every|always|never|only|solely|alone|exclusively|automatically|immediately|unlimited|irrevocabl[ey]|regardless"
    r"|absolute(?:ly)?|entire(?:ly)?|whatsoever|unconditional(?:ly)?|whole|without|even|no|both|neither|each|at\s+any\s+time)\b"
)
# Standards that exclude each other: a sentence has one where the clause has the other.
OPPOSITES: tuple[tuple[str, str], ...] = (
    (r"(?<!non)(?<!non[-‐\s])\bexclusive(?:ly)?\b|\bsole\s+(?:licen|agent|distrib|supplier|provider)", r"\bnon[-‐\s]?exclusive(?:ly)?\b"),
    (r"\birrevocabl[ey]\b", r"(?<!ir)\brevocabl[ey]\b"),
    (r"(?<!non)(?<!non[-‐\s])\btransferable\b", r"\bnon[-‐\s]?transferable\b|\bnot\s+transferable\b"),
    (r"(?<!non)(?<!non[-‐\s])\bassignable\b", r"\bnon[-‐\s]?assignable\b|\bnot\s+assignable\b"),
    (r"(?<!non)(?<!non[-‐\s])\brefundable\b", r"\bnon[-‐\s]?refundable\b|\bnot\s+refundable\b"),
    (r"(?<!non)(?<!non[-‐\s])\bbinding\b(?!\s+up)", r"\bnon[-‐\s]?binding\b|\bnot\s+binding\b"),
    (
        r"\b(?:sole|absolute|own|unfettered|complete|free)\s+(?:and\s+\w+\s+)?discretion\b|\bfor\s+any\s+(?:or\s+no\s+)?reason\b",
        r"\b(?:not|never)\b[^.;]{0,30}?\b(?:unreasonably|arbitrarily)\b|\bunreasonably\s+(?:withheld|withhold)|\breasonable\s+discretion\b",
    ),
    (r"\bbest\s+(?:\w+\s+)?efforts\b", r"\b(?:commercially\s+)?reasonable\s+(?:\w+\s+)?efforts\b"),
    (r"\b(?:ordinary|simple|mere)\s+negligence\b", r"\bgross(?:ly)?\s+negligen\w+"),
    (r"\b(?:any|every)\s+breach\b|\bbreach\s+of\s+any\s+kind\b", r"\bmaterial(?:ly)?\s+(?:\w+\s+)?breach"),
    (r"\bwithout\s+cause\b|\bfor\s+convenience\b|\bfor\s+any\s+(?:or\s+no\s+)?reason\b|\bno\s+reason\b", r"\bfor\s+cause\b|\bgood\s+cause\b"),
    (r"\b(?:oral|verbal)(?:ly)?\b|\bby\s+(?:tele)?phone\b", r"\bwrit(?:ten|ing)\b"),
    (r"\bearlier\s+of\b|\bearliest\b|\bwhichever\s+(?:\w+\s+){1,3}(?:first|earlier|sooner)\b", r"\blater\s+(?:to\s+occur\s+)?of\b|\blatest\b|\bwhichever\s+(?:\w+\s+){1,3}(?:last|later)\b"),
    (r"\b(?:greater|higher|larger)\s+of\b|\bgreatest\b|\bwhichever\s+is\s+(?:greater|higher|more)\b", r"\b(?:lesser|lower|smaller)\s+of\b|\bleast\s+of\b|\bwhichever\s+is\s+(?:lesser|less|lower)\b"),
    (r"\bat\s+least\b|\bno(?:t)?\s+(?:less|fewer)\s+than\b|\bminimum\b", r"\bat\s+most\b|\bno(?:t)?\s+(?:more|greater|longer)\s+than\b|\bmaximum\b|\bup\s+to\b|\bexceed"),
    (r"\bjoint(?:ly)?\b|\bco[-‐]own", r"\b(?:alone|solely|sole\s+(?:and\s+exclusive\s+)?(?:property|owner\w*)|exclusively)\b"),
    (r"\binclud(?:es?|ing)\b[^.;]{0,10}", r"\bexclud(?:es?|ing)\b|\bexcept\b|\bother\s+than\b"),
    (r"\bwithin\s+the\b|\binside\b", r"\boutside\b"),
    (r"\bunlimited\b|\bwithout\s+(?:any\s+)?(?:limit|cap)\b|\buncapped\b|\bno\s+(?:limit|cap)\b", r"\bup\s+to\b|\blimit(?:s|ed)?\b|\bexceed\b|\bcap(?:ped)?\b|\bmaximum\b"),
    (r"\bbusiness\s+days?\b|\bworking\s+days?\b", r"\bcalendar\s+days?\b"),
    (r"\bgross\s+(?:receipts|revenues?|sales|profits?|proceeds|amount)\b", r"\bnet\s+(?:receipts|revenues?|sales|profits?|proceeds|amount)\b"),
    (r"\bin\s+advance\b", r"\bin\s+arrears\b"),
    (r"\bsurviv\w+", r"\b(?:shall|will|do|does)\s+not\s+survive\b"),
    (r"\bquarter(?:s|ly)?\b", r"\bmonth(?:s|ly)?\b|\bannual(?:ly)?\b|\byear(?:s|ly)?\b"),
    (r"\bmonthly\b", r"\bquarterly\b|\bannual(?:ly)?\b|\byearly\b"),
    (r"\bannual(?:ly)?\b|\byearly\b", r"\bquarterly\b|\bmonthly\b"),
    (r"\bincreas\w+|\brais\w+", r"\bdecreas\w+|\breduc\w+|\blower(?:ed|s)?\b"),
    (r"\bat\s+(?:its|their)\s+own\s+(?:cost|expense)\b", r"\bat\s+the\s+(?:other\s+part\w+|\w+)[’']s?\s+(?:sole\s+)?(?:cost|expense)\b"),
    (r"\bautomatic(?:ally)?\b", r"\b(?:mutual(?:ly)?|upon)\s+(?:written\s+)?(?:agree\w*|consent)\b|\bat\s+the\s+option\b"),
    (r"\bregardless\b|\beven\s+(?:if|where|when)\b|\bwhether\s+or\s+not\b", r"\bonly\s+if\b|\bunless\b|\bnot\s+been\b|\bexcept\b"),
)  # fmt: skip
# Words of one sense, for the comparison of a paraphrase; each is the first of its group.
SAME = tuple(
    tuple(group.split())
    for group in (
        "terminate termination end expire expiration cancel cancellation ending finish",
        "renew renewal extend extension prolong prolongation continue",
        "pay payment remit paid remunerate remuneration payable compensation compensate owe",
        "give provide deliver supply furnish send submit make hand delivery grant gives given gave",
        "notify notice inform tell notification told",
        "assign transfer assignment convey",
        "own belong ownership property owner owned",
        "buy purchase acquire obtain receive get",
        "keep maintain retain carry hold kept held",
        "charge bill invoice",
        "allow permit authorize authorise let permission entitle",
        "begin commence start commencement beginning",
        "need require requirement necessary",
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
        "law legal statute applicable",
    )
)
