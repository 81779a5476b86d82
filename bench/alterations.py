"""Ways in which a quotation or a sentence is altered: some change what it says, some only how it is set or worded."""

import random
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

Alter = Callable[[str, random.Random], str | None]

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
MONTHS = "January February March April May June July August September October November December".split()
_FIGURE = re.compile(r"(?<![\w.,/-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w/-]|[.,]\d)")
_DATE = re.compile(rf"\b({'|'.join(MONTHS)}) (\d{{1,2}}),? ((?:19|20)\d\d)\b")
_AMOUNT = re.compile(r"(?<![\w$])\$ ?(\d{1,3}(?:,\d{3})*|\d+)(\.\d\d)?(?![\d,.]*\d| (?:million|billion))")
_PERIOD = re.compile(r"\b([a-z]+(?:-[a-z]+)?) \((\d{1,3})\) (days?|months?|years?|weeks?|hours?)\b", re.IGNORECASE)
_PERCENT = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?)%")


def in_words(number: int) -> str:
    """A number below 100 in words."""
    if number < 20:
        return _SMALL[number]
    tens, rest = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[rest]}" if rest else "")


# What changes the sense of a quotation -------------------------------------------------------------------------------


def replace_word(vocabulary: Sequence[str]) -> Alter:
    """One word becomes another of the same contract."""

    def alter(quote: str, rng: random.Random) -> str | None:
        words = quote.split()
        at = rng.randrange(len(words))
        new = rng.choice(vocabulary)
        return None if new == words[at] or len(words) < 3 else " ".join([*words[:at], new, *words[at + 1 :]])

    return alter


def inflect(quote: str, rng: random.Random) -> str | None:
    """A plural for a singular or the other way round."""
    words = quote.split()
    at = rng.randrange(len(words))
    if not words[at].isalpha() or len(words[at]) < 4:
        return None
    words[at] = words[at][:-1] if words[at].endswith("s") else words[at] + "s"
    return " ".join(words)


def drop_word(quote: str, rng: random.Random) -> str | None:
    """A word inside is left out."""
    words = quote.split()
    if len(words) < 4:
        return None
    at = rng.randrange(1, len(words) - 1)
    return " ".join(words[:at] + words[at + 1 :]) if any(c.isalnum() for c in words[at]) else None


def insert_word(vocabulary: Sequence[str]) -> Alter:
    """A word is put in."""

    def alter(quote: str, rng: random.Random) -> str | None:
        words = quote.split()
        at = rng.randrange(1, len(words)) if len(words) > 1 else 1
        return " ".join([*words[:at], rng.choice(vocabulary), *words[at:]])

    return alter


def negate(quote: str, rng: random.Random) -> str | None:
    """A negation is put in, taken out, or turned."""
    turns = [
        (r"\b(shall|may|will|must|is|are|does|can) not\b", r"\1"),
        (r"\b(shall|may|will|must|is|are)\b(?! not)", r"\1 not"),
        (r"\bunless\b", "if"),
        (r"\bno\b", "any"),
        (r"\bnot\b ", ""),
        (r"\bnon-(?=\w)", ""),
        (r"\bwithout\b", "with"),
        (r"\bany\b", "no"),
        (r"\bin(?=valid|dependent|direct|applicable|complete)", ""),
        (r"\bneither\b", "either"),
    ]
    for pattern, new in rng.sample(turns, len(turns)):
        places = list(re.finditer(pattern, quote))
        if places:
            place = rng.choice(places)
            return quote[: place.start()] + place.expand(new) + quote[place.end() :]
    return None


def change_figure(quote: str, rng: random.Random) -> str | None:
    """A figure, or a number in words, becomes another; a sign, comma or point moves."""
    places = list(_FIGURE.finditer(quote))
    if not places:
        words = [m for m in re.finditer(r"\b[a-z]+\b", quote, re.IGNORECASE) if m[0].lower() in _SMALL[1:] + _TENS]
        if not words:
            return None
        place = rng.choice(words)
        new = rng.choice([w for w in _SMALL[2:] + _TENS if w != place[0].lower()])
        return quote[: place.start()] + new + quote[place.end() :]
    place = rng.choice(places)
    old = place[0]
    ways = [old + "0", str(int(Decimal(old.replace(",", ""))) + rng.randrange(1, 30)), "1" + old]
    if "," in old:
        ways += [old.replace(",", ".", 1)]
    if "." in old:
        ways += [old.replace(".", ""), old.replace(".", ",")]
    if len(old) == 2:
        ways += [old[::-1]] if old != old[::-1] else []
        ways += [old[0] + "." + old[1]]
    return quote[: place.start()] + rng.choice(ways) + quote[place.end() :]


def change_sign(quote: str, rng: random.Random) -> str | None:
    """One currency for another, or a share for a plain number."""
    for old, new in (("$", rng.choice("€£¥")), ("%", "")):
        if old in quote:
            return quote.replace(old, new, 1)
    return None


# What only changes how it is set -------------------------------------------------------------------------------------


def wrap_lines(quote: str, rng: random.Random) -> str:
    """Line ends instead of some spaces."""
    return re.sub(" ", lambda _: rng.choice([" ", " ", "\n", " \n ", "\u00a0"]), quote)


def hyphenate(quote: str, rng: random.Random) -> str:
    """Long words are broken at line ends, as readers of PDFs report it in four ways."""
    return re.sub(
        r"\b([a-z]{3,6})([a-z]{4,})\b",
        lambda m: m[1] + rng.choice(["-\n", "\u2010", "\u00ad", "\u00ad\n"]) + m[2] if rng.random() < 0.3 else m[0],
        quote,
    )


def ligate(quote: str, _: random.Random) -> str:
    """Ligatures for the letters that typesetters join."""
    for letters, sign in (("ffi", "ﬃ"), ("ffl", "ﬄ"), ("ff", "ﬀ"), ("fi", "ﬁ"), ("fl", "ﬂ")):
        quote = quote.replace(letters, sign)
    return quote


def drop_spaces(quote: str, rng: random.Random) -> str:
    """Up to three spaces between words are lost."""
    places = [m.start() for m in re.finditer(r"(?<=[a-z,.)]) (?=[A-Za-z(])", quote)]
    for at in sorted(rng.sample(places, min(len(places), rng.randrange(1, 4))), reverse=True):
        quote = quote[:at] + quote[at + 1 :]
    return quote


def retype(quote: str, _: random.Random) -> str:
    """Typewriter marks and dashes for typographic ones, or the other way round."""
    if any(c in quote for c in "“”’–—"):
        return quote.translate(str.maketrans("“”‘’–—", "\"\"''--"))
    return re.sub(r'"(?=\w)', "“", quote).replace('"', "”").replace("'", "’").replace(" - ", " – ")


# Sentences: the same in other words, or another number, date, amount, party -----------------------------------------


def reword(sentence: str, rng: random.Random) -> str:
    """Figures for number words and the other way round, other forms of dates and amounts, a modal exchanged."""

    def date(m: re.Match[str]) -> str:
        month = MONTHS.index(m[1]) + 1
        forms = [
            f"{m[2]} {m[1]} {m[3]}",
            f"{m[3]}-{month:02}-{int(m[2]):02}",
            f"{month}/{m[2]}/{m[3]}",
            f"{m[1][:3]}. {m[2]}, {m[3]}",
        ]
        return rng.choice(forms)

    def amount(m: re.Match[str]) -> str:
        cents = m[2] or ""
        return rng.choice([f"US${m[1]}{cents}", f"USD {m[1]}{cents or '.00'}", f"{m[1]}{cents} dollars"])

    def period(m: re.Match[str]) -> str:
        if int(m[2]) > 99 or in_words(int(m[2])) != m[1].lower():
            return m[0]
        return rng.choice([f"{m[2]} {m[3]}", f"{m[1].lower()} {m[3]}", f"{m[2]} ({m[1].lower()}) {m[3]}"])

    sentence = _DATE.sub(date, sentence)
    sentence = _AMOUNT.sub(amount, sentence)
    sentence = _PERIOD.sub(period, sentence)
    sentence = _PERCENT.sub(lambda m: rng.choice([f"{m[1]} percent", f"{m[1]} %", f"{m[1]} per cent"]), sentence)
    if rng.random() < 0.5:
        sentence = re.sub(r"\bshall\b", rng.choice(["must", "will", "has to"]), sentence)
    if rng.random() < 0.3:
        sentence = rng.choice(["In short, ", "According to the contract, ", "Yes: ", "Under this clause, "]) + sentence
    return sentence


def another_number(sentence: str, rng: random.Random) -> str | None:
    """A figure that is no part of a date or an amount becomes another, in words too where both are given."""
    taken = [m.span() for p in (_DATE, _AMOUNT) for m in p.finditer(sentence)]
    periods = list(_PERIOD.finditer(sentence))
    if periods:
        m = rng.choice(periods)
        new = rng.choice([n for n in (5, 7, 10, 14, 15, 20, 21, 28, 30, 36, 45, 60, 75, 90) if n != int(m[2])])
        form = rng.choice([f"{in_words(new)} ({new}) {m[3]}", f"{new} {m[3]}"])
        return sentence[: m.start()] + form + sentence[m.end() :]
    places = [m for m in _FIGURE.finditer(sentence) if not any(a <= m.start() < b for a, b in taken)]
    if not places:
        return None
    m = rng.choice(places)
    old = Decimal(m[0].replace(",", ""))
    new_value = old + rng.choice([1, 2, 5, 10, 15, 30]) if old < 1000 else old + rng.choice([250, 1000, 5000])
    return sentence[: m.start()] + (f"{new_value:,}" if "," in m[0] else str(new_value)) + sentence[m.end() :]


def another_date(sentence: str, rng: random.Random) -> str | None:
    """Day, month or year of a date becomes another."""
    places = list(_DATE.finditer(sentence))
    if not places:
        return None
    m = rng.choice(places)
    month, day, year = m[1], int(m[2]), int(m[3])
    which = rng.randrange(3)
    month = rng.choice([x for x in MONTHS if x != month]) if which == 0 else month
    day = rng.choice([x for x in range(1, 29) if x != day]) if which == 1 else day
    year = year + rng.choice([-2, -1, 1, 2, 10]) if which == 2 else year
    return sentence[: m.start()] + f"{month} {day}, {year}" + sentence[m.end() :]


def another_amount(sentence: str, rng: random.Random) -> str | None:
    """An amount of money becomes another, or one of another currency."""
    places = list(_AMOUNT.finditer(sentence))
    if not places:
        return None
    m = rng.choice(places)
    old = int(m[1].replace(",", ""))
    new = rng.choice([f"${old * 10 + 1:,}", f"${old + 500:,}", f"${old // 2 + 7:,}", f"€{m[1]}{m[2] or ''}"])
    return sentence[: m.start()] + new + sentence[m.end() :]


def another_party(names: Sequence[str], others: Sequence[str]) -> Alter:
    """A party of the contract becomes one of another contract, or another role."""

    def alter(sentence: str, rng: random.Random) -> str | None:
        here = [m for name in names for m in re.finditer(rf"\b{re.escape(name)}\b", sentence)]
        if not here:
            return None
        m = rng.choice(here)
        return sentence[: m.start()] + rng.choice(others) + sentence[m.end() :]

    return alter


def other_party(names: Sequence[str]) -> Alter:
    """A party becomes another party of the same contract."""

    def alter(sentence: str, rng: random.Random) -> str | None:
        here = [m for name in names for m in re.finditer(rf"\b{re.escape(name)}\b", sentence)]
        if not here or len(names) < 2:
            return None
        m = rng.choice(here)
        others = [n for n in names if not n.startswith(m[0]) and not m[0].startswith(n)]  # "Members" is "Member"
        return sentence[: m.start()] + rng.choice(others) + sentence[m.end() :] if others else None

    return alter
