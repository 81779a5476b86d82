"""Rewrites sentences of contracts by rule: in other words with the same sense, and with another sense.

Each rewrite takes a sentence and chance, and gives the sentence anew, or None where it does not apply. What keeps the
sense exchanges drafting words for everyday ones, turns active into passive, moves a condition to the other end. What
changes it turns a negation, a modal, an exception, a condition, an order in time, a measure, or exchanges two names.
"""

import random
import re
from collections.abc import Callable, Sequence

from bench.alterations import another_amount, another_date, another_number, reword

Rewrite = Callable[[str, random.Random], str | None]

# Words for words: each row is one sense. The first is what contracts write.
_SAME = """
shall not|must not|may not|is not allowed to|is prohibited from +ing|cannot|is not permitted to|is barred from +ing|has no right to
shall|must|has to|is required to|is obliged to|will|needs to|is under a duty to
may|can|is allowed to|is entitled to|has the right to|is permitted to|is free to
shall have the right to|may|is entitled to|can
shall be entitled to|may|has the right to|can
has the right to|may|is entitled to|can
is entitled to|may|has the right to
agrees to|must|shall|has undertaken to|undertakes to
agrees not to|must not|shall not|undertakes not to
is responsible for|has to take care of|must see to|is in charge of
shall be responsible for|is in charge of|must see to|is responsible for
shall be deemed to be|counts as|is treated as|is considered
shall be deemed|counts as|is treated as|is taken to be
shall be|is|must be|has to be|will be
shall have|has|will have|gets
shall not be|is not|must not be|will not be
prior to|before|ahead of
subsequent to|after|following
upon|on|when there is|at the time of
in the event that|if|should it happen that|where|in case
in the event of|if there is|in case of|on
to the extent that|as far as|insofar as
provided that|as long as|on condition that|if
provided, however, that|but only if|as long as|on condition that
unless|except where|except if|save where
except as|other than as|save as
except for|other than|apart from|save for|with the exception of
other than|except for|apart from
without limitation|among others|not only these
including, without limitation,|including|among them|such as
including but not limited to|including|such as|among others
pursuant to|under|in accordance with|as set out in|according to
in accordance with|under|as set out in|following|in line with
notwithstanding|despite|in spite of|regardless of
notwithstanding anything to the contrary|despite anything else|whatever else is said
with respect to|about|concerning|as to|as regards|for
in connection with|relating to|to do with|in relation to
arising out of|that come from|resulting from|caused by
in respect of|for|about|concerning
for the purpose of|in order to have|for
on behalf of|in the name of|for
by reason of|because of|due to|owing to
as a result of|because of|due to|owing to
in lieu of|instead of|in place of
in consideration of|in return for|in exchange for
at its sole discretion|as it alone sees fit|as it chooses
in its sole discretion|as it alone sees fit|as it chooses|at its own choice
at its own expense|at its own cost|and pay for it itself
at its sole cost and expense|at its own cost|at its own expense
prior written consent|written consent given beforehand|written permission in advance|consent in writing first|written approval in advance
written consent|consent in writing|written approval|written permission
prior written notice|notice in writing beforehand|written notice in advance|advance written notice
written notice|notice in writing|a written notification
in writing|in written form|by a written document
consent|permission|approval|agreement
terminate|end|cancel|bring to an end
terminated|ended|cancelled|brought to an end
termination|end|ending|cancellation
expiration|end|expiry|running out
expire|run out|end|lapse
commence|begin|start
commencement|beginning|start
commencing on|beginning on|starting on|from
obligation|duty
obligations|duties
purchase|buy|acquire
sell|dispose of
assign|transfer|make over
assignment|transfer
transfer|hand over|convey
notify|inform|tell|give notice to|let know
provide|supply|give|furnish|make available
provides|supplies|gives|furnishes
deliver|hand over|send|supply
obtain|get|secure|procure
maintain|keep|keep up
retain|keep|hold on to
utilize|use|make use of
use|employ|make use of
disclose|reveal|make known|pass on
prohibited|forbidden|not allowed
permitted|allowed
liable|responsible|answerable
liability|responsibility
indemnify|compensate|make good the losses of|hold free of loss
receive|get|obtain
pay|remit|make payment of
payment|remittance
payable|due|to be paid
fee|charge
fees|charges
terms and conditions|terms|conditions|provisions
this Agreement|the Agreement|the contract|this contract|the agreement
the Agreement|this Agreement|the contract
hereunder|under this Agreement|under the contract
herein|in this Agreement|in the contract
thereof|of it
hereof|of this Agreement|of the contract
thereafter|after that|from then on
third party|outside party|another person|someone else
third parties|others|outsiders|other persons
any and all|all|every
each and every|every|each
null and void|void|of no effect|invalid
void|invalid|of no effect
sole and exclusive|only|sole
solely|only|exclusively
exclusively|only|solely
solely for|only for|just for
immediately|at once|right away|without delay|straight away
promptly|without delay|quickly|soon
within|in|no later than
no later than|at the latest|by
not later than|at the latest|by
at least|no fewer than|a minimum of|not less than
not less than|at least|a minimum of|no fewer than
not more than|at most|no more than|a maximum of|up to
shall not exceed|is at most|is capped at|cannot be more than|may not be above
not to exceed|at most|up to|no more than|capped at
in excess of|above|more than|over
exceeds|is more than|is above|goes beyond
equal to|of|the same as
annually|every year|each year|once a year|yearly
annual|yearly
monthly|every month|each month
quarterly|every quarter|each quarter
per annum|a year|each year|annually
calendar year|year from January to December
initial term|first term|first period
remain in effect|stay in force|continue to apply|remain in force
in full force and effect|in force|fully valid|in effect
shall survive|continues after|outlives|stays in force after
breach|violation|infringement
material breach|serious breach|substantial violation|serious violation
remedy|cure|put right|fix
cure|remedy|put right|fix
default|failure to perform
governed by|subject to|ruled by
construed|read|interpreted
laws|law|rules of law
dispute|disagreement|controversy|conflict
competent jurisdiction|proper jurisdiction
represents and warrants|assures|warrants|guarantees|declares
acknowledges and agrees|accepts|recognises|agrees
acknowledges|accepts|recognises|admits
employees|staff|personnel|workers
agents|representatives
affiliates|affiliated companies|group companies
subsidiaries|daughter companies
intellectual property|IP
confidential|secret
documentation|documents|papers
records|books|files
inspect|examine|look at|check
audit|examine|check
modify|change|alter
modified|changed|altered
amended|changed|altered
amend|change|alter
approve|agree to|accept
approved|accepted|agreed
reasonable|fair|sensible
sufficient|enough|adequate
additional|further|extra|more
entire|whole|complete
portion|part|share
failure to|not +ing
fails to|does not|neglects to
perform|carry out|fulfil|do
performance|carrying out|fulfilment
enter into|conclude|make|sign
execute|sign
executed|signed
remain|stay|continue to be
grants|gives
hereby grants|gives|grants
grant|give
license|licence|right to use
territory|area
customers|clients|buyers
marketing|promotion
advertise|promote
manufacture|make|produce
defective|faulty
damages|losses|compensation
injury|harm
costs|expenses|outlays
expenses|costs
insurance|insurance cover
insolvent|unable to pay its debts
bankruptcy|insolvency
applicable law|the law that applies|the governing law
reimburse|pay back|refund|repay
refund|pay back|reimburse
deduct|take off|subtract|withhold
invoice|bill
request|ask for|demand
require|demand|call for
elect|choose|opt
determine|decide|establish
ensure|make sure|see to it
assist|help|support
cooperate|work together
attempt|try
conduct|carry on|run
engage in|carry on|take part in
establish|set up|create
submit|hand in|send in|present
appoint|name|choose|designate
designate|name|appoint
remove|take away
cease|stop|end
continue|go on|carry on
comply with|observe|follow|keep to|obey
comply|be in conformity
"""

# What makes another sense of a sentence: a word, and its opposites.
_OPPOSITE = """
before|after|no earlier than
prior to|after|no sooner than|subsequent to
after|before|prior to
within|after more than|no sooner than
at least|at most|no more than|up to
not less than|not more than|at most
at most|at least
no more than|at least|no fewer than
not more than|not less than|at least
up to|at least|a minimum of
exclusive|non-exclusive
non-exclusive|exclusive|sole
exclusively|among others|not only
including|excluding|but not
excluding|including
with|without
without|with|given
increase|decrease|reduce
decrease|increase
increased|reduced
reduced|increased
greater|lower|smaller
greater of|lesser of
lesser of|greater of
higher|lower
earlier|later
later|earlier
more than|less than
less than|more than
above|below
below|above
all|none of the|only some of the
any|no
each|neither|only one
both|neither|only one of the
no|any
never|always
always|never
written|oral|verbal
in writing|orally|by word of mouth
in advance|afterwards|in arrears
in arrears|in advance
perpetual|temporary|limited in time
irrevocable|revocable
revocable|irrevocable
transferable|non-transferable
non-transferable|transferable
terminate|renew|extend|continue
termination|renewal|extension
renew|terminate|end
extend|shorten|end
survive|end with|not outlast
begin|end
end|begin
commence|end
buy|sell
purchase|sell|lease
sell|buy
sole|joint
solely|jointly
jointly|separately
severally|jointly
directly|only indirectly
valid|invalid
void|valid|binding
enforceable|unenforceable
liable|not liable|free of liability
responsible|not responsible|free of responsibility
accept|reject|refuse
reject|accept
approve|refuse|reject
consent|objection
disclose|withhold|keep secret
public|private|secret
confidential|public
material|immaterial|minor
reasonable|unreasonable|absolute
permanent|temporary
refundable|non-refundable
non-refundable|refundable
automatically|only on request|not automatically
voluntary|compulsory
mandatory|optional|voluntary
optional|mandatory
required|optional|not required
prohibited|permitted|allowed
permitted|prohibited|forbidden
allowed|forbidden
forbidden|allowed
gross negligence|ordinary negligence|any negligence
negligence|intent alone
net|gross
gross|net
inside|outside
outside|inside
domestic|foreign
first|last
last|first
monthly|annually|every quarter|weekly
annually|monthly|every two years
quarterly|monthly|annually
immediately|after a delay|in its own time
promptly|at its leisure
business days|calendar days|weeks
days|weeks|months|business days
months|days|weeks|years
years|months|weeks
unless|if|even if|whether or not
except|including|as well as
except for|including|as well as
other than|including
if|unless|even if not
only if|even without
provided that|whether or not
subject to|regardless of|free of
notwithstanding|subject to|in keeping with
receive|give
grants|refuses
pay|receive|collect
indemnify|be indemnified by|sue
own|not own
retain|give up|hand over
keep|give up
deliver|receive
employees|customers
"""

# Modals and negations: what may be put for what, and which senses of a statement that makes.
_TURNS = [
    (r"\b(shall|must|will|may|can|cannot) not\b", r"\1"),
    (r"\bcannot\b", "can"),
    (r"\b(shall|must|will|can)\b(?! not)", r"\1 not"),
    (r"\bmay\b(?! not)", "may not"),
    (r"\b(is|are|was|were|does|do|has|have) not\b", r"\1"),
    (r"\b(is|are)\b(?! not)", r"\1 not"),
    (r"\b(agrees?|undertakes?) not to\b", r"\1 to"),
    (r"\b(agrees?|undertakes?) to\b", r"\1 not to"),
    (r"\bno\b", "any"),
    (r"\bneither\b", "either"),
    (r"\bnot\b ", ""),
    (r"\b(is|are) (?:required|obliged) to\b", r"\1 not \2 to"),
    (r"\bhas to\b", "does not have to"),
]
_SHIFTS = [  # an obligation for a permission, and the other way round
    (r"\b(?:shall|must|has to|is required to|is obliged to)\b(?! not| be| have)", "may|is free to|can, if it wishes,"),
    (r"\b(?:shall|must) be\b", "may be"),
    (r"\b(?:may|can|is allowed to|is entitled to|has the right to|is permitted to)\b(?! not)", "must|shall|is obliged to|has to"),
    (r"\b(?:shall|must|may) not\b", "need not|is not obliged to|may, if it wishes, not"),
    (r"\b(?:shall|must|will)\b(?! not)", "need not|does not have to|should"),
]
LIMIT = re.compile(
    r",?\s*\(?\b(?:unless|except(?: (?:as|for|that|where|to the extent))?|provided(?:,? however,?)?(?: that)?|subject to|"
    r"if\b|only if|other than|so long as|as long as|until|but only|to the extent|without the (?:prior |written )+consent|"
    r"without (?:the )?(?:prior|express|written)|save (?:for|as)|in the event|solely|only)\b[^.;:]*?(?=[.;:]|, (?!and|or)\w|$)",
    re.IGNORECASE,
)
_ADDED_LIMIT = (
    "if the other party agrees|unless the other party objects|but only with written consent|during the first year only|"
    "except in an emergency|as long as all fees have been paid|but only for internal use|unless the parties agree otherwise|"
    "except to an affiliate|within the United States only|only after a court has ordered it|if it gives reasons|"
    "but only once|except on public holidays|provided it pays a fee|unless it is insolvent|for a reasonable fee|"
    "after thirty days’ notice|only if the board approves|even after the Agreement has ended"
).split("|")
_ABSOLUTE = "in all cases|without exception|under any circumstances|in every case|whatever happens|unconditionally|at any time and for any reason".split("|")

_CONDITION_FIRST = re.compile(
    r"^(?P<condition>(?:If|In the event that|In the event of|In case of|Upon|Unless|Where|When|Within|After|Before|Prior to|Following|"
    r"During|Except as|Except for|Subject to|Notwithstanding|At any time|On)\b[^,;]{8,160}), (?P<main>[A-Z“\"a-z][^;]{20,}?)(?P<end>[.;]?)$"
)
_CONDITION_LAST = re.compile(
    r"^(?P<main>[A-Z][^;,]{20,200}?),? (?P<condition>(?:if|in the event that|in the event of|in case of|upon|unless|where|when|after|before|"
    r"prior to|following|during|except as|except for|subject to|notwithstanding)\b [^;,]{8,160}?)(?P<end>[.;]?)$"
)
_ACTIVE = re.compile(
    r"^(?P<who>(?:Each |Either |Neither |The |the )?[A-Z][\w’&-]*(?: (?:of |and |or |the )?[A-Z][\w’&-]*){0,5}|(?:Each|Either|Neither) party) "
    r"(?P<modal>shall|will|must|may)(?P<no> not)? (?:also |promptly |hereby |immediately )?(?P<verb>[a-z]+) "
    r"(?P<what>(?:the|a|an|any|all|its|such|each|no|this)\b(?: (?!(?:in|on|to|for|with|within|upon|by|from|under|at|unless|except|if|as|that|which|prior|before|after|during|until|not|is|are|pursuant|without|through)\b)[\w’“”\"-]+){1,8})"
    r"(?P<rest>(?: (?:in|on|to|for|with|within|upon|from|under|at|unless|except|if|prior|before|after|during|until|pursuant|without|through)\b.*)?)(?P<end>[.;]?)$"
)
_IRREGULAR = dict(
    pair.split("=")
    for pair in (
        "pay=paid give=given make=made keep=kept hold=held take=taken sell=sold buy=bought bear=borne bring=brought "
        "send=sent set=set get=got do=done have=had choose=chosen withdraw=withdrawn undertake=undertaken write=written "
        "begin=begun find=found show=shown meet=met lend=lent spend=spent build=built put=put submit=submitted "
        "permit=permitted transfer=transferred refer=referred incur=incurred cancel=cancelled control=controlled "
        "forego=foregone forgo=forgone leave=left lose=lost tell=told seek=sought lead=led read=read hire=hired"
    ).split()
)
_NO_PASSIVE = frozenset("be have become remain continue commence expire begin end act comply survive inure include consist apply".split())
_FRAME = (
    "The contract says that {}|The Agreement provides that {}|Under this clause, {}|According to the contract, {}|It is agreed that {}|"
    "In short, {}|Yes: {}|The parties agreed that {}|As the clause puts it, {}|Here {}|Yes, {}|The clause states that {}"
).split("|")


def _rows(table: str) -> list[list[str]]:
    return [line.split("|") for line in table.strip().splitlines()]


_SAME_ROWS = [(re.compile(rf"\b{re.escape(row[0])}\b", re.IGNORECASE), row[1:]) for row in _rows(_SAME)]
_SAME_ROWS.sort(key=lambda row: -len(row[0].pattern))
_OPPOSITE_ROWS = [(re.compile(rf"\b{re.escape(row[0])}\b"), row[1:]) for row in _rows(_OPPOSITE)]


# The same sense ------------------------------------------------------------------------------------------------------


def same_words(sentence: str, rng: random.Random, share: float = 0.5) -> str:
    """Words for words of the same sense, each with probability `share`."""
    taken: list[tuple[int, int, str]] = []
    for pattern, words in _SAME_ROWS:
        for m in pattern.finditer(sentence):
            if rng.random() > share or any(m.start() < b and a < m.end() for a, b, _ in taken):
                continue
            new, end = rng.choice(words), m.end()
            if new.endswith("+ing"):
                verb = re.match(r" ([a-z]+)\b", sentence[end:])
                if not verb or verb[1] in ("be", "have"):
                    continue
                new, end = new.removesuffix("+ing") + gerund(verb[1]), end + verb.end()
            elif words[0] == "can" and not re.search(r"(?:[A-Z][\w’&.-]*|party|parties|it|they|who) $", sentence[: m.start()]):
                new = rng.choice(["can", "might", "may"])
            elif words[0] in ("must not", "must", "can", "may") and re.match(r" (?:\w+ly )?be\b", sentence[end:]):
                new = rng.choice([w for w in words if " " not in w or w.endswith("not")])
            if m[0][0].isupper():
                new = new[0].upper() + new[1:]
            taken.append((m.start(), end, new))
    for start, end, new in sorted(taken, reverse=True):
        sentence = sentence[:start] + new + sentence[end:]
    return sentence


def condition_moved(sentence: str, rng: random.Random) -> str | None:
    """A condition moves to the other end of its sentence."""
    if m := _CONDITION_FIRST.match(sentence):
        return f"{_upper(m['main'])} {_lower(m['condition'])}{m['end']}"
    if m := _CONDITION_LAST.match(sentence):
        return f"{_upper(m['condition'])}, {_lower(m['main'])}{m['end']}"
    return None


def passive(sentence: str, rng: random.Random) -> str | None:
    """Who shall do something: what shall be done by them."""
    m = _ACTIVE.match(sentence)
    if not m or m["verb"] in _NO_PASSIVE:
        return None
    who = m["who"]
    no = m["no"] or ""
    if who.startswith("Neither"):
        who, no = "either" + who[7:], " not"
    by = f" by {_lower(who)}"
    return f"{_upper(m['what'])} {m['modal']}{no} be {participle(m['verb'])}{by}{m['rest']}{m['end']}"


def framed(sentence: str, rng: random.Random) -> str:
    """An answer's opening before the sentence."""
    return rng.choice(_FRAME).format(_lower(sentence)) if sentence[:1].isupper() else sentence


def brackets_dropped(sentence: str, rng: random.Random) -> str | None:
    """What stands in brackets is left out where it limits nothing."""
    short = re.sub(r"\s*\((?![^)]*(?:except|unless|only|not|other than|provided|subject))[^()]{2,80}\)", "", sentence)
    return None if short == sentence else short


def first_part(sentence: str, rng: random.Random) -> str | None:
    """The first of two statements that "and" or a semicolon joins, where nothing after it limits it."""
    m = re.match(r"^(.{40,260}?)(?:;(?: and)?|, and) (?=(?:[A-Z][\w’]*|the \w+|it|they|each|such|shall|will|may)\b)(.*)$", sentence)
    if not m or LIMIT.search(m[2]) or re.search(r"\b(?:either|neither|both|following)\b|:", m[1], re.IGNORECASE):
        return None
    return m[1].rstrip(",") + "."


def paraphrase(sentence: str, rng: random.Random) -> str:
    """The sentence in other words, by several rewrites at once."""
    now = _without_number(sentence)
    if rng.random() < 0.4:
        now = first_part(now, rng) or now
    if rng.random() < 0.5:
        now = brackets_dropped(now, rng) or now
    if rng.random() < 0.5:
        now = passive(now, rng) or now
    if rng.random() < 0.4:
        now = condition_moved(now, rng) or now
    if rng.random() < 0.5:
        now = reword(now, rng)
    now = same_words(now, rng, rng.choice([0.0, 0.3, 0.6, 0.9]))
    if rng.random() < 0.2:
        now = framed(now, rng)
    return now


# Another sense -------------------------------------------------------------------------------------------------------


def negated(sentence: str, rng: random.Random) -> str | None:
    """A negation is put in or taken out."""
    for pattern, new in rng.sample(_TURNS, len(_TURNS)):
        places = list(re.finditer(pattern, sentence))
        if places:
            place = rng.choice(places)
            new = new.replace(r"\2", "required")
            return sentence[: place.start()] + place.expand(new) + sentence[place.end() :]
    return None


def modal_shifted(sentence: str, rng: random.Random) -> str | None:
    """A duty for a permission, or the other way round."""
    for pattern, new in rng.sample(_SHIFTS, len(_SHIFTS)):
        places = list(re.finditer(pattern, sentence))
        if places:
            place = rng.choice(places)
            return sentence[: place.start()] + rng.choice(new.split("|")) + sentence[place.end() :]
    return None


def opposite(sentence: str, rng: random.Random) -> str | None:
    """A word becomes its opposite."""
    places = [(m, words) for pattern, words in _OPPOSITE_ROWS for m in pattern.finditer(sentence)]
    if not places:
        return None
    m, words = rng.choice(places)
    return sentence[: m.start()] + rng.choice(words) + sentence[m.end() :]


def limit_dropped(sentence: str, rng: random.Random) -> str | None:
    """An exception, a condition or a proviso is left out, or denied."""
    places = [m for m in LIMIT.finditer(sentence) if len(m[0]) > 8 and len(sentence) - len(m[0]) > 40]
    if not places:
        return None
    m = rng.choice(places)
    rest = sentence[: m.start()] + sentence[m.end() :]
    if rng.random() < 0.4:
        rest = f"{rest.rstrip('.; ')} {rng.choice(_ABSOLUTE)}."
    return _upper(rest.lstrip(" ,"))


def limit_added(sentence: str, rng: random.Random, limits: Sequence[str] = ()) -> str | None:
    """A condition or exception that stands nowhere, or in another sentence, is put at the end."""
    if len(sentence) > 350:
        return None
    limit = rng.choice(limits if limits and rng.random() < 0.7 else _ADDED_LIMIT)
    return None if limit in sentence else f"{sentence.rstrip('.; ')}, {limit.strip(' ,.;')}."


def figure_changed(sentence: str, rng: random.Random) -> str | None:
    """A number, an amount or a date becomes another."""
    ways = [another_number, another_amount, another_date]
    for way in rng.sample(ways, len(ways)):
        if new := way(sentence, rng):
            return new
    return None


def exchanged(parties: Sequence[Sequence[str]]) -> Rewrite:
    """Two parties change places, or one stands where the other did."""

    def alter(sentence: str, rng: random.Random) -> str | None:
        names = {name: i for i, each in enumerate(parties) for name in each}
        if len(parties) < 2 or not names:
            return None
        pattern = re.compile(r"\b(?:" + "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True)) + r")\b")
        here = list(pattern.finditer(sentence))
        if not here:
            return None
        which = [names[m[0]] for m in here]
        first = which[0]
        other = rng.choice([i for i in which if i != first] or [i for i in range(len(parties)) if i != first])
        one = rng.random() < 0.25
        turned = {first: other, other: first}
        only = rng.randrange(len(here)) if one else -1
        for at in reversed(range(len(here))):
            if which[at] in turned and (not one or at == only):
                m, new = here[at], turned[which[at]]
                there = [x[0] for x, i in zip(here, which, strict=True) if i == new]
                name = there[0] if there else rng.choice(list(parties[new]))
                sentence = sentence[: m.start()] + name + sentence[m.end() :]
        return sentence

    return alter


ALTERATIONS: dict[str, Rewrite] = {
    "negation": negated,
    "modality": modal_shifted,
    "opposite": opposite,
    "limit dropped": limit_dropped,
    "limit added": limit_added,
    "figure": figure_changed,
}


def gerund(verb: str) -> str:
    """The form in -ing."""
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")):
        return verb[:-1] + "ing"
    if re.fullmatch(r"[^aeiou]*[aeiou][bdgmnprt]", verb) or verb in ("submit", "permit", "transfer", "refer", "incur", "forget"):
        return verb + verb[-1] + "ing"
    return verb + "ing"


def participle(verb: str) -> str:
    """The past participle."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + "ed"


def _without_number(sentence: str) -> str:
    return re.sub(r"^\W*(?:(?:Section|Article)\s+)?(?:\d+(?:\.\d+)*\.?|\([a-z0-9]{1,4}\)|[a-z]\.|[A-Z]\.)\s+(?=\S)", "", sentence)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    """Small first letter where the word is none of a name."""
    first = re.match(r"(?:The|This|If|In|Upon|Unless|Where|When|Within|After|Before|Prior|Following|During|Except|Subject|Notwithstanding|At|On|Each|Either|Neither|Any|All|No|Such|Its|A|An|It|Nothing)\b", text)
    return text[:1].lower() + text[1:] if first else text
