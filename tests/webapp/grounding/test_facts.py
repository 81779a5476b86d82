from dataclasses import replace

import pytest

from retrieval import Document, Passage, pin_cite, split_sentences
from retrieval import find_facts as find_document_facts
from retrieval.core.documents import Page
from webapp.grounding.alignment import exchanged_words
from webapp.grounding.evidence import Sources
from webapp.grounding.facts import find_facts
from webapp.grounding.numbers import number_value
from webapp.grounding.parties import parties_of
from webapp.grounding.proper_names import vocabulary
from webapp.grounding.support import support_of, unsupported

CLAUSE = (
    "8.2 Payment. Acme Holdings, Inc. (the “Licensor”) shall pay Beta GmbH (the “Licensee”) a fee of\n"
    "$5,000.00 within thirty (30) days after March 1, 2020, plus five percent (5%) a year for two (2) or three (3) "
    "years.\n"
    "(b) The Licensee may terminate on 60 business days’ notice under Section 4.1(c) or Article IX, at 5:00 p.m. "
    "Eastern\n"
    "Time, on the fifth anniversary, and keeps 300 of 1,250,000 shares. It files Form 8-K. One-half is paid on 15 "
    "June 2021."
)


def passage(text: str = CLAUSE, section: str = "Section 8.2(b) (Payment)") -> tuple[Passage, dict[str, Document]]:
    document = Document("d", "Licence Agreement", text, (Page(1, "7", 0, len(text)),))
    span = document.span(0, len(text))
    cite = replace(pin_cite(document, span), section=section)
    return Passage(**cite.where(), n=1, text=" ".join(text.split())), {"d": document}


def absent(sentence: str) -> tuple[str, ...]:
    one, documents = passage()
    sources = Sources((one,), documents, {})
    return unsupported(sentence, support_of(sources), sources.parties)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,250.50", "1250.5"),
        ("1.5 million", "1500000"),
        ("thirty-five", "35"),
        ("two hundred and fifty thousand", "250000"),
        ("One Million Two Hundred Thousand", "1200000"),
        ("5.00", "5"),
        ("10M", "10000000"),
    ],
)
def test_a_number_has_one_value_however_it_is_written(written: str, number: str) -> None:
    assert format(number_value(written), "f") == number


@pytest.mark.parametrize(
    "forms",
    [
        ("thirty (30) days", "30 days", "thirty days", "a 30-day period", "30 calendar days", "30 (thirty) days"),
        (
            "March 1, 2020",
            "1 March 2020",
            "2020-03-01",
            "Mar. 1, 2020",
            "the 1st day of March, 2020",
            "MARCH 1, 2020",
            "first day of March 2020",
        ),
        ("$5,000", "US$ 5,000.00", "USD 5000", "five thousand dollars", "5,000 U.S. dollars"),
        ("5%", "five percent", "5 per cent", "five (5%) percent", "5.0 %"),
        ("Section 8.2(b)", "section 8.2 (b)", "Clause 8.2(b)", "§ 8.2(b)"),
        ("Article IV", "Section 4", "ARTICLE 4"),
        ("5:00 p.m.", "5 pm"),
        ("one-half", "1/2"),
        ("the fifth anniversary", "the 5th anniversary"),
    ],
)
def test_different_spellings_are_one_fact(forms: tuple[str, ...]) -> None:
    keys = [find_facts(form)[0].keys for form in forms]
    assert all(key == keys[0] for key in keys), dict(zip(forms, keys, strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("30 days", "30 months"),
        ("30 days", "30 business days"),
        ("$5,000", "5,000 shares"),
        ("$5,000", "€5,000"),
        ("$5,000", "$5,000,000"),
        ("March 1, 2020", "March 1, 2021"),
        ("Exhibit A", "Schedule A"),
        ("Section 4.1", "Section 4.10"),
        ("5%", "0.5%"),
        ("ten (10) units", "ten (25) units"),
        ("5:00 a.m.", "5:00 p.m."),
    ],
)
def test_different_facts_have_different_keys(one: str, other: str) -> None:
    assert not find_facts(one)[0].keys & find_facts(other)[0].keys


@pytest.mark.parametrize(
    ("sentence", "missed"),
    [
        ("It pays within one month (30 days).", []),
        ("It pays within 30 days (about one month).", []),
        ("It pays within two months (30 days).", ["two months"]),
        ("It pays within 30 days (six weeks).", ["six weeks"]),
        ("It pays within 60 days (60 business days).", ["60 days"]),
        ("The fee is $8,000 ($5,000).", ["$8,000"]),
        ("The fee is €5,000 ($5,000).", ["€5,000"]),
        ("It bears 40% (5%) a year.", ["40%"]),
        ("It keeps 400 shares (1,250,000 shares).", ["400 shares"]),
        ("It keeps 600 shares (300 + 300).", ["600 shares"]),
    ],
)
def test_a_figure_is_excused_by_brackets_only_where_they_say_the_same_period(sentence: str, missed: list[str]) -> None:
    assert list(absent(sentence)) == missed


def test_a_date_in_figures_has_both_readings_where_it_has_two() -> None:
    assert find_facts("3/1/2020")[0].keys == {("date", "2020-03-01"), ("date", "2020-01-03")}
    assert find_facts("3/15/20")[0].keys == {("date", "2020-03-15")}


@pytest.mark.parametrize(
    "sentence",
    [
        "The Licensor pays $5,000 within 30 days after 2020-03-01.",
        "The fee, USD 5,000, is due thirty days after 1 March 2020.",
        "Acme Holdings must pay Beta GmbH 5 percent a year for two years.",
        "It may run for three years.",
        "Under Section 8.2(b), the Licensee may terminate on sixty business days' notice.",
        "Section 8.2 refers to section 4.1(c) and to Article 9.",
        "It keeps 300 of 1,250,000 shares after the 5th anniversary, at 5 pm.",
        "Form 8-K is filed, and 1/2 is paid on June 15, 2021, as page 7 says.",
        "Termination requires notice, and the parties agree.",
        "There are two conditions: (1) notice and (2) payment.",
        "Neither party is named here.",
        "The Licence Agreement was signed in March 2020.",
    ],
)
def test_a_true_sentence_misses_nothing(sentence: str) -> None:
    assert absent(sentence) == ()


@pytest.mark.parametrize(
    ("sentence", "missed"),
    [
        ("It is due within 45 days.", "45 days"),
        ("It is due within 30 months.", "30 months"),
        ("It is due within 30 business days.", "30 business days"),
        ("It is due within 3 days.", "3 days"),  # 30 is not 3
        ("The fee is $50.", "$50"),
        ("The fee is $500,000.", "$500,000"),
        ("The fee is €5,000.", "€5,000"),
        ("It keeps 30 shares.", "30 shares"),
        ("It keeps 5,000 shares.", "5,000 shares"),
        ("The fee grows by 15% a year.", "15%"),
        ("It runs from March 2, 2020.", "March 2, 2020"),
        ("It runs from March 1, 2021.", "March 1, 2021"),
        ("Section 8.3 says so.", "Section 8.3"),
        ("Section 8.2(d) says so.", "Section 8.2(d)"),
        ("Exhibit A says so.", "Exhibit A"),
        ("It ends on the sixth anniversary.", "sixth"),
        ("It ends at 6:00 p.m.", "6:00 p.m"),
        ("Page 9 says so.", "Page 9"),
        ("Form 10-K is filed.", "10-K"),
        ("The fee goes to Globex Corporation.", "Globex Corporation"),
        ("Globex shall pay the fee.", "Globex"),
        ("Wonka reserves its rights.", "Wonka"),
        ("Franchisee pays the fee.", "Franchisee"),
        ("The fee is owed by the sublicensee.", "sublicensee"),
    ],
)
def test_a_fact_that_the_passage_does_not_state_is_named(sentence: str, missed: str) -> None:
    assert [m.removesuffix(".") for m in absent(sentence)] == [missed]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Licensee shall pay Licensor a fee of $900 within 30 days of each invoice.", ["Licensee", "Licensor"]),
        ("Licensor shall pay Licensee a fee of $900 within 60 days of each invoice.", ["60"]),
        ("Licensor must pay Licensee a fee of $900 within thirty days of each invoice.", []),
        ("Acme shall pay Licensee a fee of $900 within 30 days of each invoice.", []),  # as it is defined
        ("Within 60 days the Licensee may object.", []),  # a free paraphrase has nothing to lay beside it
    ],
)
def test_what_stands_in_the_place_of_something_else_is_seen_in_near_verbatim_sentences(
    sentence: str, found: list[str]
) -> None:
    source = (
        "Acme (the “Licensor”) and Beta agree. The Licensor shall pay the Licensee a fee of $900 within thirty (30) "
        "days of each invoice. The Licensee may object within 60 days."
    )
    document = Document("d", "Licence", source, (Page(1, "1", 0, len(source)),))
    parties = parties_of({document: find_document_facts(document)})
    assert list(exchanged_words(sentence, source, vocabulary(source), parties)) == found


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Acme Holdings, Inc. shall pay. It shall.", ["Acme Holdings, Inc. shall pay.", "It shall."]),
        ("It is made by Acme Inc. The Licensee pays.", ["It is made by Acme Inc.", "The Licensee pays."]),
        ("See No. 5 and e.g. Section 8.2. The rest follows.", ["See No. 5 and e.g. Section 8.2.", "The rest follows."]),
        ("No. The contract is silent.", ["No.", "The contract is silent."]),
        ("Due in 30 days. [1] Then [2].", ["Due in 30 days. [1]", "Then [2]."]),
        ("8.2. Termination by either party.", ["8.2. Termination by either party."]),
        ("The U.S. Treasury v. Jones, 5 p.m. Eastern.", ["The U.S. Treasury v. Jones, 5 p.m. Eastern."]),
        ("Is it $1.50? Yes!", ["Is it $1.50?", "Yes!"]),
    ],
)
def test_sentences_end_where_legal_text_ends_them(text: str, sentences: list[str]) -> None:
    assert [text[a:b] for a, b in split_sentences(text)] == sentences
