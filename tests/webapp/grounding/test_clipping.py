"""Clipped quotations: begun right after a negation or a subject, or ended before what limits them."""

import pytest

from retrieval import Document, Passage, find_quote, pin_cite
from tests.documents import document
from webapp.grounding.check import CheckedSentence, check
from webapp.grounding.clipping import clipping

LEASE = document(
    "1. Use. The Tenant shall not sublet the boat to anyone.\n"
    "2. Pledge. Neither party may pledge the berth. Nothing in this lease shall be deemed to create a partnership.\n"
    "3. Rent. The Tenant shall pay $900 a month, and the Landlord shall give a receipt. The Tenant "
    "is prohibited from painting the pier, waives any right to a refund, and pays costs of up to $50 a year.\n"
    "4. Assignment. The Landlord may assign this lease, except to a competitor of the Tenant.\n"
    "5. Works. Unless the harbour master objects, the Tenant may paint the hull.\n"
    "6. Term. Either party may end this lease on thirty (30) days notice, unless rent is owed.\n"
    "7. Liability. The Landlord has no liability for lost profits. The Landlord may sell the pier, but the Tenant may "
    "not.\n"
    "8. Guests. The Tenant shall not:\n(a) receive guests at night; or\n(b) lend the key to anyone. "
    "The Landlord keeps a second key.\n"
    "9. Repairs. The Landlord repairs the pier and the Tenant may deduct the cost of its own repairs; provided that it "
    "shows the bills.\n"
    "10. Sale. The Landlord may end this lease at any time prior to delivery of the boat.\n"
    "11. Notices. The Tenant shall pay the harbour fee without limitation, including but not limited to tolls.\n"
)


FERRY = document(
    "1. Cargo. The Carrier shall accept live animals, provided such animals are caged. The Agent may open the crates "
    "on condition that a vet is there.\n"
    "2. Delay. The Carrier shall not be liable for a late sailing due to ice or fog. The Agent shall pay all amounts "
    "due to the Carrier under this contract.\n"
    "3. Judges. The dispute shall be heard by one judge in any matter in which no more than $5,000 is claimed.\n"
    "4. Deck. The Agent may load the upper deck in cases where the lower one is full, or by reason of its weight.\n"
    "5. Sale. The Carrier may sell the ferry to a buyer from the same port. The Agent may use any pier that "
    "has a crane.\n"
    "6. Fares. The Carrier shall publish its fares each spring, and the Agent shall display them. The Agent shall "
    "collect them pursuant to this contract.\n"
    "7. Notice. The Agent may leave on sixty (60) days notice.\n"
)


def clipped(
    quote: str, before: str = "The lease says", after: str = ".", later: str = "", page: Document = LEASE
) -> tuple[str, str] | None:
    match = find_quote(page, quote)
    assert match is not None
    found = clipping(page, match, before, after, later)
    return (found.kind, found.words) if found else None


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("sublet the boat to anyone", "not"),
        ("may pledge the berth", "Neither"),
        ("be deemed to create a partnership", "Nothing"),
        ("create a partnership", "Nothing"),
        ("liability for lost profits", "no"),
        ("painting the pier", "prohibited"),
        ("right to a refund", "waives"),
        ("receive guests at night", "not"),
        ("(b) lend the key to anyone.", "not"),
    ],
)
def test_words_without_the_negation_before_them_are_clipped(quote: str, words: str) -> None:
    assert clipped(quote) == ("negation", words)


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("The Landlord may assign this lease", "except to a competitor of the Tenant."),
        ("the Tenant may paint the hull", "Unless the harbour master objects,"),
        ("Either party may end this lease on thirty (30) days notice", "unless rent is owed."),
        ("the Tenant may deduct the cost of its own repairs", "provided that it shows the bills."),
        ("The Landlord may end this lease at any time", "prior to delivery of the boat."),
        ("$50 a year", "up to"),
        ("Either party … on thirty (30) days notice", "unless rent is owed."),
    ],
)
def test_words_without_what_limits_them_are_clipped(quote: str, words: str) -> None:
    assert clipped(quote) == ("limit", words)


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("The Carrier shall accept live animals", "provided such animals are caged."),
        ("The Agent may open the crates", "on condition that a vet is there."),
        ("The Carrier shall not be liable for a late sailing", "due to ice or fog."),
        ("The dispute shall be heard by one judge", "in any matter in which no more than $5,000 is claimed."),
        ("The Agent may load the upper deck", "in cases where the lower one is full, or by reason of its weight."),
        ("where the lower one is full, or", "by reason of its weight."),
        ("The Carrier may sell the ferry", "to a buyer from the same port."),  # no usual word of a limit
        ("The Agent may use any pier", "that has a crane."),
        ("The Agent may leave", "on sixty (60) days notice."),
    ],
)
def test_words_that_end_before_a_condition_a_cause_or_what_their_verb_is_said_of_are_clipped(
    quote: str, words: str
) -> None:
    assert clipped(quote, page=FERRY) == ("limit", words)


@pytest.mark.parametrize(
    ("quote", "after", "later"),
    [
        ("The Agent shall pay all amounts due to the Carrier", ".", ""),  # of this contract: says nothing new
        ("The Carrier shall publish its fares each spring", ".", ""),  # another clause follows
        ("The Agent shall collect them", ".", ""),  # pursuant to this contract
        ("The Carrier may sell the ferry", " to buyers of the same port.", ""),
        ("The Agent may leave", ".", "Notice is sixty days."),
        ("sixty (60) days", " is the notice.", ""),
        ("a late sailing", " is excused.", ""),
        ("The Carrier may sell the ferry to a buyer from the same port.", "", ""),
    ],
)
def test_quotations_that_end_where_the_answer_goes_on_itself_or_nothing_is_lost_are_whole(
    quote: str, after: str, later: str
) -> None:
    assert clipped(quote, "The contract says", after, later, FERRY) is None


def test_words_without_their_subject_are_clipped() -> None:
    assert clipped("shall pay $900 a month") == ("subject", "The Tenant")
    assert clipped("shall pay $900 a month", "The Landlord") == ("subject", "The Tenant")
    assert clipped("pay $900 a month") == ("subject", "The Tenant shall")


@pytest.mark.parametrize(
    ("quote", "before", "after"),
    [
        ("sublet the boat to anyone", "The Tenant shall not", "."),  # the answer says it
        ("sublet the boat to anyone", "The Tenant is prohibited to", "."),
        ("receive guests at night", "The Tenant may not", ""),
        ("shall pay $900 a month", "The tenant", "."),
        ("The Landlord may assign this lease", "It says", ", but not to competitors."),
        ("thirty (30) days", "The notice period is", "."),  # a figure says nothing by itself
        ("$900", "The rent is", ""),
        ("$50 a year", "Costs are limited to", "."),
        ("right to a refund", "The Tenant waives its", "."),
        ("the Landlord shall give a receipt", "It says", "."),  # a clause of its own
        ("The Tenant shall not sublet the boat to anyone.", "It says:", ""),  # whole
        ("The Tenant shall not: (a) receive guests at night; or (b) lend the key to anyone.", "It says:", ""),
        ("The Landlord keeps a second key.", "It says", ""),  # no item of the list
        ("The Tenant shall pay the harbour fee", "It says", "."),  # "without limitation" limits nothing
        ("Neither party may pledge the berth.", "", ""),
    ],
)
def test_honest_quotations_are_whole(quote: str, before: str, after: str) -> None:
    assert clipped(quote, before, after) is None


def passage() -> Passage:
    cite = pin_cite(LEASE, LEASE.span(0, len(LEASE.text)))
    return Passage(**cite.where(), n=1, text=LEASE.text)


def sentence(answer: str) -> CheckedSentence:
    return check(answer, [passage()], {"d": LEASE}).sentences[-1]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("The lease says “The Tenant shall not sublet the boat to anyone.” [1]", "supported"),
        ("The lease says “sublet the boat to anyone” [1].", "unsupported"),
        ("The Tenant may “sublet the boat to anyone” [1].", "unsupported"),
        ("The lease says “The Landlord may assign this lease” [1].", "compared"),
        ("The lease says “shall pay $900 a month” [1].", "compared"),
        ("> receive guests at night [1]", "unsupported"),
        ("The Tenant shall not:\n- “receive guests at night” [1]", "supported"),  # the lead-in of the answer's own list
    ],
)
def test_no_clipped_quotation_is_word_for_word(answer: str, state: str) -> None:
    assert sentence(answer).state == state


def test_a_clipped_quotation_is_cited_with_its_whole_sentence() -> None:
    answer = check("The lease says “The Landlord may assign this lease” [1].", [passage()], {"d": LEASE})
    whole = "The Landlord may assign this lease, except to a competitor of the Tenant."
    assert [c.quote for c in answer.citations] == [whole]
    (item,) = check("> receive guests at night [1]", [passage()], {"d": LEASE}).citations
    assert item.quote == "The Tenant shall not: … (a) receive guests at night; or"
    assert "“The Landlord may assign this lease”" in answer.text  # its words are on the page


def test_a_quotation_with_another_partys_name_before_it_is_marked() -> None:
    page = document(
        'This lease is between Pier Holdings, Inc. ("Pier") and Marsh Boats, LLC ("Marsh").\n'
        "1. Fee. Marsh shall pay $900 a month to the harbour. Pier and Marsh keep this lease.\n"
    )
    cite = pin_cite(page, page.span(0, len(page.text)))
    whole = Passage(**cite.where(), n=1, text=page.text)
    states = [
        check(f"{name} “shall pay $900 a month to the harbour” [1].", [whole], {"d": page}).sentences[0]
        for name in ("Marsh", "Pier", "The contract says that it")
    ]
    assert [s.state for s in states] == ["supported", "unsupported", "compared"]
    assert states[1].reason == "the page says a quotation of Marsh"
