"""Kinds of value that a question asks for (an amount, a share, a period, a date, a number, a name), as a table.

"How much is the fee?" is not answered by a text without an amount. Each row has the words that ask for its kind and
what a text has that holds one.
"""

import re
from dataclasses import dataclass
from typing import Literal

_WORDS = (
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|eighteen|twenty|thirty|forty|forty-five|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion"
    r"|half|third|quarter|twice|double)\b"
)
_COUNT = rf"(?:\d|{_WORDS})"
_UNIT = r"\b(?:seconds?|minutes?|hours?|days?|weeks?|fortnights?|months?|quarters?|years?|anniversar(?:y|ies))\b"
_CLOCK = (
    r"\b\d{1,2}:\d{2}\b|\bo['’]clock\b|\b[ap]\.?m\b|\b(?:noon|midnight)\b"
    r"|\b(?:half|quarter|five|ten|twenty) (?:past|to) \w"
)
_MONTH = (
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|march|apr(?:il)?|may \d|june|july|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b"
)

_LEAVE = "holiday|vacation|(?:sick |annual |paid )?leave"
_SUM = "amount|sum|price|fees?|rent|deposit|salary|premium|cap|payment|consideration|costs?|charges?"

# Numbers that are no value: of a clause, in a reference; and for an amount or a share also those of days and years.
_REFERENCE = re.compile(
    r"\b(?:sections?|articles?|clauses?|paragraphs?|exhibits?|schedules?|annex(?:es)?|appendix|items?|rule|no\.)\s*+"
    r"(?:\d[\w.()-]*+|\([a-z0-9]{1,4}\))|^\W*(?:\d{1,3}(?:\.\d{1,3})*+[.)]?|\([a-z0-9]{1,4}\))\s",
    re.IGNORECASE,
)
_TIME = re.compile(
    rf"(?:(?<![\d.,])\d[\d.,]*+|{_WORDS})[\s-]*+(?:\(\d{{1,4}}\)[\s-]*+)?(?:(?:business|working|calendar|consecutive)\s++)?{_UNIT}"
    rf"|{_MONTH}\s*+(?:\d{{1,2}}(?:st|nd|rd|th)?\b,?\s*+)?(?:(?:19|20)\d\d\b)?|\b(?:19|20)\d\d\b",
    re.IGNORECASE,
)


# Where a value was taken out ("[***]"), is to be filled in ("____", "[●]", "[insert amount]"), and what is a blank only
# where it stands beside a sign or a unit ("£[    ]", "£ .....", "£XX,XXX").
_TAKEN_OUT = r"\[\s*\*+\s*\]|(?<![\w*])\*(?:\*{2,8}| ?\* ?\*)|\[(?:redacted|omitted)\b[^\[\]\n]{0,40}\]|(?<!█)█++"
_TO_FILL_IN = (
    r"(?<!_)_{3,}+|\[\s*[●•_.…]+\s*\]"
    r"|\[(?:insert|enter|specify|fill in|complete|t\.?b\.?[acd]\b|to be (?:advised|agreed|confirmed|determined"
    r"|inserted)|amount|sum|figure|number|date|day|month|year|period|percentage|rate|name|address)\b[^\[\]\n\d]{0,60}\]"
)
_BLANK = (
    rf"(?:{_TAKEN_OUT}|{_TO_FILL_IN}|(?<!_)_{{2,}}+|(?<=[\w$€£¥])\s?●|(?<!\.)\.{{3,}}+|(?<!…)…++|\[\s{{0,60}}\]"
    r"|\b[xX]{1,3}(?:,[xX]{3}){1,3}\b)(?!\s{0,3}\(?[$€£¥]?\s?\d)"
)
_OUT = re.compile(_TAKEN_OUT, re.IGNORECASE)
_ANY_BLANK = re.compile(rf"{_TAKEN_OUT}|{_TO_FILL_IN}", re.IGNORECASE)


def _to_insert(words: str) -> str:
    return rf"\[(?!\s?(?:on|at|by|in|the|from|within|upon)\b)[^\[\]\n\d]{{0,30}}\b(?:{words})\b[^\[\]\n\d]{{0,30}}\]"


@dataclass(frozen=True, slots=True)
class ValueKind:
    """A kind of value: how questions ask for it, and what a text that holds one has; `but_no` is none of it.

    `lacks` is a blank with what stands beside it where it is one for a value of this kind: "£____", "[●] days"; None
    where any is, in a text without a value.
    """

    name: str
    asks: re.Pattern[str]
    holds: re.Pattern[str]
    lacks: re.Pattern[str] | None = None
    but_no: tuple[re.Pattern[str], ...] = (_REFERENCE,)

    def is_in(self, text: str) -> bool:
        """Whether a text holds a value of this kind, or a blank where one was taken out or is to be filled in."""
        return self._has_value(text) or bool(_ANY_BLANK.search(text))

    def blank_in(self, text: str) -> Literal["", "left blank", "taken out"]:
        """What became of a value of this kind for which a text has a blank; empty where it has none."""
        blank = (self.lacks or _ANY_BLANK).search(text)
        if not blank or (self.lacks is None and self._has_value(text)):
            return ""
        return "taken out" if _OUT.search(blank[0]) else "left blank"

    def _has_value(self, text: str) -> bool:
        for pattern in self.but_no:
            text = pattern.sub(" ", text)
        return bool(self.holds.search(text))


def _kind(
    name: str, asks: str, holds: str, lacks: str = "", *, cased: bool = False, timeless: bool = False
) -> ValueKind:
    return ValueKind(
        name,
        re.compile(asks, re.IGNORECASE),
        re.compile(holds, 0 if cased else re.IGNORECASE),
        re.compile(lacks, re.IGNORECASE) if lacks else None,
        (_REFERENCE, _TIME) if timeless else (_REFERENCE,),
    )


VALUE_KINDS = (
    _kind(
        "amount",
        rf"\bhow much\b(?! (?:notice|time|warning|of|{_LEAVE}))"
        r"|\bhow expensive\b|\bwhat (?:is|are|was|were|does|will) .{0,60}?\b(?:amount|price|fees?|rent|sum|salary|cost"
        r"|charge|deposit|premium|purchase price)\b",
        rf"[$€£¥%]|\b(?:usd|eur|gbp|dollars?|euros?|pounds?|cents?|free of charge|no (?:fee|charge|cost)s?)\b|{_COUNT}",
        rf"(?:[$€£¥]|\b(?:usd|eur|gbp|(?:{_SUM})(?: (?:of|is|at|equal to|(?:shall|will) be))?:?))\s{{0,3}}{_BLANK}"
        rf"|{_BLANK}\s{{0,3}}(?:dollars|pounds|euros|usd|eur|gbp)\b|{_to_insert('amount|sum|figure')}",
        timeless=True,
    ),
    _kind(
        "share",
        r"\b(?:what|which) (?:percentage|per ?cent|share|proportion|fraction|(?:interest )?rate)\b"
        r"|\bhow many per ?cent\b",
        rf"%|\b(?:per ?cent|percentage|basis points?|half|third|quarter|pro rata|all|none)\b|{_COUNT}",
        rf"{_BLANK}\s{{0,3}}(?:%|per ?cent|percentage|basis points)|{_to_insert('percentage|rate')}",
        timeless=True,
    ),
    _kind(
        "period",
        rf"\bhow much (?:notice|time|warning|{_LEAVE})\b"
        r"|\bhow (?:long|soon|often|many (?:hours|days|weeks|months|quarters|years))\b"
        r"|\b(?:what|which) .{0,40}?\b(?:periods?|deadlines?|durations?|term)\b",
        rf"{_UNIT}|{_MONTH}|\b(?:immediate(?:ly)?|promptly|perpetual(?:ly)?|perpetuity|indefinite(?:ly)?|annual(?:ly)?"
        rf"|monthly|quarterly|weekly|daily|forthwith|at any time|from time to time|so long as|until|forever"
        rf"|continu(?:e|es|ous)|(?:19|20)\d\d)\b|\bterminat|\bexpir",
        rf"{_BLANK}\s{{0,3}}(?:\(\s?{_BLANK}\s?\)\s{{0,3}})?(?:(?:business|working|calendar|consecutive)\s)?{_UNIT}",
    ),
    _kind(
        "date",
        r"\b(?:on |by )?(?:what|which) (?:date|day)\b|\bwhat is the (?:\w+ ){0,3}date\b|\bwhen (?:is|was|were|did)\b"
        r"(?!.{0,60}?\b(?:allowed|permitted|entitled|required|obliged|liable|free|able|a party|considered|deemed)\b)",
        rf"{_MONTH}|\b(?:19|20)\d\d\b|\b\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}\b|{_UNIT}|\bdate\b|{_CLOCK}",
        rf"\b(?:dated?|(?:as|date) of|until|before|from)(?: the)?:?\s{{1,3}}{_BLANK}(?!\s?{_UNIT})"
        rf"|{_BLANK}\s{{0,3}}(?:day )?(?:of )?{_MONTH}|{_MONTH}\s{{0,3}}{_BLANK}|\b20{_BLANK}"
        rf"|{_to_insert('date|day')}",
    ),
    _kind(
        "number",
        r"\bhow many\b",
        rf"{_COUNT}|\b(?:no|none|any|each|every|all|unlimited|an?)\b",
    ),
    _kind(
        "name",
        r"\b(?:name of|by what name|(?:whose|what) names?|contact person|which (?:person|individual|bank|court"
        r"|state|country|company)|who (?:is|was) (?:the|our|their|its) (?:[\w’'-]+ ){0,3}(?:manager|contact|officer"
        r"|director|representative|agent|arbitrator|auditor|engineer|president|escrow agent|trustee|guarantor))\b",
        r"(?<=[a-z,;:(“\"] )[A-Z][a-z]|[A-Z]\w{1,30} [A-Z]\w",
        cased=True,
    ),
)


def asked_values(question: str) -> tuple[ValueKind, ...]:
    """The kinds of value that a question asks for; mostly none or one."""
    return tuple(kind for kind in VALUE_KINDS if kind.asks.search(question))
