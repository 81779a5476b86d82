from dataclasses import replace

import pytest

from retrieval import Document, Passage, pin_cite
from retrieval.core.documents import Page, Remark
from tests.clock import within
from webapp.grounding.check import TOO_LONG, CheckedAnswer, check, claims

PAGES = (
    "LICENCE AGREEMENT\n2. TERM\n2.1 Term. The initial term is thirty (30) months from March 1, 2020. The Licensee "
    "shall not\n"
    "pay any fee for a non\u2010exclusive licence.\n2.2 Notices\nAll notices go to Acme Holdings, Inc. in New York. "
    "The Agreement\n1",
    "LICENCE AGREEMENT\nmay be ended by either party on 60 days' notice.\n3. LIABILITY\nNeither party is liable for "
    "lost profits.\n2",
    "LICENCE AGREEMENT\n4. LAW\nThe laws of Delaware apply.\n3",
)


def contract() -> Document:
    pages, start = [], 0
    for number, text in enumerate(PAGES, 1):
        pages.append(Page(number, f"p{number}", start, start + len(text)))
        start += len(text) + 1
    return Document("d", "Licence Agreement", "\f".join(PAGES), tuple(pages))


DOCUMENT = contract()
OTHER = Document("e", "Lease", "Rent is $900 a month.", (Page(1, "1", 0, 21),))
DOCUMENTS = {"d": DOCUMENT, "e": OTHER}


def passage(n: int, document: Document, first: str, last: str) -> Passage:
    start, end = document.text.index(first), document.text.index(last) + len(last)
    cite = replace(pin_cite(document, document.span(start, end)), section="Section 2.1 (Term)")
    return Passage(**cite.where(), n=n, text=" ".join(document.slice(cite.span).split()))


PASSAGES = (
    passage(1, DOCUMENT, "2.1 Term", "New York."),
    passage(2, DOCUMENT, "may be ended", "profits."),
    passage(3, OTHER, "Rent", "month."),
)


def checked(answer: str) -> CheckedAnswer:
    return check(answer, PASSAGES, DOCUMENTS)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ('It says "shall not pay any fee" [1].', "It says “shall not pay any fee” [1]."),
        ('It says "shall pay any fee" [1].', "It says shall pay any fee (not found in the source) [1]."),
        ("It says “a non-exclusive licence.” [1]", "It says “a non-exclusive licence.” [1]"),
        ('"Either party," it says [2].', "“either party,” it says [2]."),  # the page's own letter
        ("It says “Rent is $900” [1].", "It says Rent is $900 (not found in the source) [1]."),  # another document
        ("It says “Rent is $900” [3].", "It says “Rent is $900” [3]."),
        ("> The Licensee shall not pay any fee [1]", "> The Licensee shall not pay any fee [1]"),
        ("> The Licensee shall pay any fee [1]", "The Licensee shall pay any fee (not found in the source) [1]"),
        ("It says “the Licensee shall pay", "It says the Licensee shall pay (not found in the source)"),  # cut off
        (
            "It says “[t]he initial term … from March 1, 2020” [1].",
            "It says “The initial term … from March 1, 2020” [1].",
        ),
        ("It says 'shall pay any fee' [1].", "It says shall pay any fee (not found in the source) [1]."),
        ('“The "Term" is 5 years” [1]', "The Term is 5 years (not found in the source) [1]"),
        (
            "“The Agreement may be ended by either party” [2]",
            "“The Agreement may be ended by either party” [2]",
        ),  # over a page
        (
            "The parties' rights aren't 'absolute' [1].",
            "The parties' rights aren't absolute (not found in the source) [1].",
        ),
    ],
)
def test_only_what_is_on_the_page_is_shown_as_a_quotation(answer: str, shown: str) -> None:
    assert checked(answer).text == shown


def test_a_shown_sentence_is_told_by_its_end_with_the_citations_that_are_its_own() -> None:
    answer = (
        'The term is 30 months [1]. It says "shall pay any fee" [1].\n- Rent is "Rent is $900 a month" [3].\nIt is 5 '
        "years [1]."
    )
    result = checked(answer)
    begun = [0, *result.ends]
    assert [result.text[a:b].strip() for a, b in zip(begun, result.ends, strict=False)] == [
        "The term is 30 months [1].",
        "It says shall pay any fee (not found in the source) [1].",
        "- Rent is “Rent is $900 a month” [3].",
        "It is 5 years [1].",
    ]
    stand = [[(result.citations[at].n, result.citations[at].verified) for at in own] for own in result.own]
    assert stand == [[(1, False)], [(1, False)], [(3, True)], [(1, False)]]


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        ("The term is 30 months [1].", [""]),
        ("The term is 30 months. [1] The notice is sixty days [2].", ["", ""]),
        ("The term is 30 months [1, 2].", [""]),
        ("The term is 36 months [1].", ["not in the cited passage: 36 months"]),
        ("The notice is 60 days [1].", ["not in the cited passage: 60 days"]),  # it is in [2]
        ("The term is 30 months.", ["no citation"]),
        ("The term is 30 months [7].", ["cites [7], which is no passage"]),
        ("The term is 30 months [1][9].", ["cites [9], which is no passage"]),
        ("It says “for ever and ever” [1].", ["a quotation was not found in the source"]),
        ("The contract does not say.", [""]),
        ("Yes. Either party may end it [2].", ["", ""]),
        ("Yes.", ["no citation"]),
        ("Licensee may not assign it.", ["no citation"]),
        ("The answer has two parts:\n1. The term is 30 months [1].\n2. Notice is 60 days [2].", ["", "", ""]),
        ("7. The Licensee pays no fee [1].", ["not in the cited passage: 7"]),
        ("Globex, Inc. gets notices [1].", ["not in the cited passage: Globex, Inc"]),
        ("Acme Holdings, Inc. gets notices in New York [1].", [""]),
    ],
)
def test_a_sentence_is_supported_by_what_it_cites_or_says_why_not(answer: str, reasons: list[str]) -> None:
    found = checked(answer)
    assert [s.reason for s in found.sentences] == reasons
    assert [s.supported for s in found.sentences] == [not r for r in reasons]
    assert all(answer[s.start : s.end] == s.text for s in found.sentences)


@pytest.mark.parametrize(
    ("answer", "states"),
    [
        ("The lease says: “Rent is $900 a month” [3].", ["supported"]),
        ("The passage states that “Rent is $900 a month” [3].", ["supported"]),
        ("The term is 30 months, and “Rent is $900 a month” [3].", ["unsupported"]),
        ("It may not be assigned at all, since “Rent is $900 a month” [3].", ["compared"]),
        ("“Rent is $900 a month” [3], so that nothing else is owed.", ["compared"]),
        ("The term is 30 months [1].", ["compared"]),
        ("In short:\nThe term is 36 months [1].", ["aside", "unsupported"]),
        ("The term is 30 months [99].", ["unsupported"]),
        ("Walruses sing. Licensee shall pay $777,777 to Gondor.", ["aside", "uncited"]),
        ("The contract does not say.", ["absent"]),
    ],
)
def test_a_sentence_has_the_state_that_was_checked_and_no_more(answer: str, states: list[str]) -> None:
    found = checked(answer)
    assert [sentence.state for sentence in found.sentences] == states
    assert found.texts == tuple(line.strip() for line in answer.replace(". L", ".\nL").splitlines())


def test_what_a_sentence_lacks_is_listed() -> None:
    (sentence,) = checked("Globex, Inc. pays $77,000 after 30 months [1].").sentences
    assert sentence.missing == ("$77,000", "Globex, Inc")


def test_a_quotation_is_cited_to_its_own_page_and_a_sentence_to_its_passage() -> None:
    quoted, plain = checked("“The Agreement may be ended by either party” [2]. Notice is 60 days [2].").citations
    assert (quoted.n, quoted.page, quoted.page_label, quoted.verified) == (2, 1, "p1", True)
    assert quoted.quote == "The Agreement may be ended by either party"
    assert (plain.n, plain.page, plain.quote, plain.verified) == (2, 2, None, False)  # nothing of it is quoted


def test_a_sentence_without_a_quotation_is_cited_to_the_clause_of_its_passage_that_says_most_of_it() -> None:
    answer = "The notice is 60 days [4]. There is no liability for lost profits [4]. It is so [4]."
    whole = passage(4, DOCUMENT, "2.1 Term", "profits.")
    cited = check(answer, [whole], DOCUMENTS).citations
    assert [(c.section, c.page) for c in cited] == [
        ("Section 2.2 (Notices)", 1),
        ("Section 3 (LIABILITY)", 2),
        ("Section 2.1 (Term)", 1),
    ]
    assert {c.spans for c in cited} == {whole.spans}


def test_a_citation_of_an_unsupported_sentence_is_not_verified() -> None:
    (citation,) = checked("It says “for sixty years” [1].").citations
    assert (citation.quote, citation.verified) == (None, False)


def test_an_uncited_quotation_is_looked_for_in_every_passage_s_document() -> None:
    (sentence,) = checked("It says “Rent is $900 a month”.").sentences
    assert sentence.supported
    assert sentence.quotes[0].n == 3


@pytest.mark.parametrize(
    ("sentence", "claimed"),
    [
        ("The passages do not mention it.", False),
        ("I could not find that in the documents.", False),
        ("In short:", False),
        ("Is that so?", False),
        ("The documents do not mention a fee of $500.", True),
        ("The Licensee may not assign the contract.", True),
        ("The law of Delaware governs it.", True),
    ],
)
def test_a_claim_is_told_from_what_claims_nothing(sentence: str, claimed: bool) -> None:
    assert claims(sentence) is claimed


LONG_ANSWERS = (
    "".join(f"${n} " for n in range(30_000)) + "[1].",
    "".join(f"The rent of year {n} is ${n}.50 [{n % 3 + 1}]. " for n in range(3_400)),
    "".join(" ".join(f"${n + 40 * line}" for n in range(40)) + " [1] [2] [3].\n" for line in range(500)),
    "\n".join(" ".join(f'"the {n} Licensee"' for n in range(30)) + " [1]." for _ in range(250)),
    '"Rent" [1] ' * 12_000,
    '"Rent [1]. ' * 12_000,
    '"' + "the Licensee … " * 9_000 + '" [1].',
    "[1" * 65_000,
    "> " + "[1]" * 43_000 + "x",
    "“" * 130_000,
    "a\n" * 65_000,
    "\n" * 130_000 + "2. Rent",
    "> the rent\n" * 12_000,
)


@pytest.mark.parametrize("answer", LONG_ANSWERS, ids=range(len(LONG_ANSWERS)))
def test_a_long_answer_is_checked_in_seconds(answer: str) -> None:
    with within(15):  # minutes, where anything is compared with all the rest
        sentences = checked(answer).sentences
    assert not sentences or TOO_LONG in sentences[-1].reason
    assert not any(q.verified for sentence in sentences for q in sentence.quotes if not q.checked)


def test_what_is_too_long_says_so_and_shows_no_quotation() -> None:
    many = "; ".join(f"${n}" for n in range(100, 150))
    [sentence] = checked(f"The fees are {many} [1].").sentences
    assert (sentence.state, sentence.reason) == ("unsupported", TOO_LONG)
    answer = checked('It says "Rent is $900 a month" ' * 31 + "[3].")
    assert "“" not in answer.text
    assert "Rent is $900 a month (not checked)" in answer.text
    few = "; ".join(f"${n}" for n in range(100, 120))
    assert TOO_LONG not in checked(f"The fees are {few} [1].").sentences[0].reason


def test_a_sentence_again_and_again_with_the_same_citation_is_noise() -> None:
    states = [s.reason for s in checked("The rent is $900 a month [3].\n" * 4).sentences]
    assert states == ["", "", *["its words repeat themselves"] * 2]
    assert checked("It is so [1]. It is so [2]. It is so [3].").sentences[2].reason == ""


@pytest.mark.parametrize("marker", ["【3】", "［3］", "[3†L1-L4]", "(passage 3)", "（Passages 3）", "【1、3】"])
def test_citations_in_brackets_of_any_width_are_read(marker: str) -> None:
    [sentence] = checked(f"The rent is $900 a month {marker}.").sentences
    assert 3 in sentence.cites
    assert (sentence.state, sentence.text.endswith(f"{marker}.")) == ("compared", True)
    [sentence] = checked(f"The rent is $900 a month. {marker}").sentences
    assert sentence.state == "compared"


def test_a_number_in_round_brackets_is_no_citation() -> None:
    [sentence] = checked("The rent is $900 a month (3).").sentences
    assert (sentence.cites, sentence.state) == ((), "uncited")


@pytest.mark.parametrize(
    "answer",
    [
        'The rent is "$900 a month [3]. The term is thirty (30) months [1].',
        "It says “Rent is $900 a month. [3] Notices go to New York [1].",
        'It is "Rent is $900 [3]. It says "60 days\' notice" and "The Agreement" [2].',
    ],
)
def test_a_mark_that_nothing_closes_takes_no_more_than_its_sentence(answer: str) -> None:
    found = checked(answer)
    assert len(found.sentences) == 2
    assert all(quote.verified for sentence in found.sentences for quote in sentence.quotes)
    assert [sentence.reason for sentence in found.sentences] == ["", ""]


def test_words_that_were_recognised_in_an_image_are_quoted_and_not_called_word_for_word() -> None:
    scan = replace(OTHER, remarks=(Remark(0, len(OTHER.text), "recognised", detail="91"),))
    read = passage(3, scan, "Rent", "month.")
    quoted = "The lease says: “Rent is $900 a month” [3]."
    found = check(f"{quoted} The rent is $900 a month [3]. The rent is $800 [3].", [read], {"e": scan})
    assert [(each.state, each.how) for each in found.sentences] == [
        ("compared", "recognised"),
        ("compared", ""),
        ("unsupported", ""),
    ]
    assert [(cited.verified, cited.recognised) for cited in found.citations] == [
        (True, True),
        (False, True),
    ]
    (plain,) = check(quoted, [passage(3, OTHER, "Rent", "month.")], {"e": OTHER}).sentences
    assert (plain.state, plain.how) == ("supported", "quoted")
