"""A sentence that turns its clause into the contrary, or exchanges its parties, is marked; one that says it with other
words is not.
"""

import pytest

from retrieval import Document, Passage, find_facts, pin_cite
from retrieval.core.documents import Page
from webapp.grounding.alignment import turned
from webapp.grounding.check import CheckedSentence, check
from webapp.grounding.parties import parties_of
from webapp.grounding.relations import relations

HEAD = (
    "SERVICE AGREEMENT\nThis Service Agreement is made between Ridge Boats, Inc. (“Lessor”), and Lake Tours LLC "
    "(“Lessee”).\n"
)
CLAUSES = {
    "unused": "Unspent deposits are not carried forward to the next season.",
    "deposit": "Deposits are not refundable unless a boat sinks. Lessee shall not lend the boats except tenders.",
    "leave": "Either party may end this Agreement at a season’s close. The master shall not have the power to sell.",
    "pets": "Smoking on board is prohibited. Overnight mooring in the marina is permitted.",
    "return": "The Lessor shall not be required to accept early returns of the boats.",
    "none": "None of Lessee, its agents or any other members of the Lake Group shall lend, or try to, the boats.",
    "nobody": "In no event shall this Agreement create a partnership of the two of them.",
    "indemnity": "Lessee shall defend, hold harmless, indemnify and repay Lessor for any claim of a passenger.",
    "fuel": "FUEL: To be supplied by the Lessee at each landing.",
    "store": "The Lessor may, at its choice to be made within ten days of the end of a season, and at its own risk, "
    "inspect the hulls.",
    "paint": "Lessor agrees, at its sole cost and expense, to repaint the hulls.",
    "harbour": "Lessee shall be responsible for harbour fees or mooring charges resulting from its tours.",
    "repairs": "The costs of repairs of the engines are borne by the Lessor.",
    "crew": "As between a Lessor Party and a Lessee Party, the Lessee Party or applicable member of the Lake Group "
    "will employ the crew.",
    "damages": "Neither party shall be liable to the other party for lost profits.",
    "rights": "The licence of the slips shall not be revocable for any reason.",
}
TEXT = HEAD + "\n".join(CLAUSES.values()) + "\n"
DOCUMENT = Document("d", "Service Agreement", TEXT, (Page(1, "1", 0, len(TEXT)),))
PARTIES = parties_of({DOCUMENT: find_facts(DOCUMENT)})


def checked(sentence: str, clause: str) -> CheckedSentence:
    span = DOCUMENT.span(TEXT.index(CLAUSES[clause]), TEXT.index(CLAUSES[clause]) + len(CLAUSES[clause]))
    passage = Passage(**pin_cite(DOCUMENT, span).where(), n=1, text=DOCUMENT.slice(span))
    [found] = check(f"{sentence} [1].", [passage], {"d": DOCUMENT}).sentences
    return found


@pytest.mark.parametrize(
    ("sentence", "clause", "why"),
    [
        ("Unspent deposits are carried forward to the next season", "unused", "is not so"),
        ("Unspent deposits carry forward to the next season", "unused", "not carried"),
        ("Deposits are refundable in full", "deposit", "is not so"),
        ("Lessee may lend the boats", "deposit", "must not be done"),
        ("Only the Lessee may end the agreement", "leave", "of Either party, not of only Lessee"),
        ("The master has the power to sell", "leave", "must not be done"),
        ("Smoking on board is allowed", "pets", "must not be done"),
        ("Overnight mooring in the marina is not allowed", "pets", "may be done"),
        ("The Lessor is obliged to accept early returns", "return", "need not be done"),
        ("Lessee may lend the boats", "none", "must not be done"),
        ("This Agreement shall create a partnership of the two of them", "nobody", "In no event shall"),
        ("Lessor is liable to Lessee for lost profits", "damages", "need not be done"),
        ("The licence of the slips may be revoked", "rights", "must not be done"),
    ],
)
def test_a_negation_that_is_left_out_or_added_is_seen(sentence: str, clause: str, why: str) -> None:
    found = checked(sentence, clause)
    assert found.state == "unsupported"
    assert why in found.reason


@pytest.mark.parametrize(
    ("sentence", "clause", "party"),
    [
        ("Lessor shall indemnify Lessee", "indemnity", "Lessor"),
        ("Lessee is indemnified by Lessor", "indemnity", "Lessor"),
        ("Fuel is to be supplied by the Lessor", "fuel", "Lessor"),
        ("The Lessee may inspect the hulls", "store", "Lessee"),
        ("Lessee must repaint the hulls", "paint", "Lessee"),
        ("The Lessor is responsible for mooring charges", "harbour", "Lessor"),
        ("The costs of repairs are borne by the Lessee", "repairs", "Lessee"),
        ("The Lessor Party will employ the crew", "crew", "Lessor Party"),
        ("Lessor shall not lend the boats", "none", "Lessor"),
    ],
)
def test_parties_that_are_exchanged_are_seen(sentence: str, clause: str, party: str) -> None:
    found = checked(sentence, clause)
    assert (found.state, found.missing) == ("unsupported", (party,))


@pytest.mark.parametrize(
    ("sentence", "clause"),
    [
        ("Unspent deposits may not be carried forward", "unused"),
        ("The Lessee may end the agreement", "leave"),
        ("Deposits are refundable if a boat sinks", "deposit"),
        ("A deposit is refunded only when a boat sinks", "deposit"),
        ("Lessee may lend some of the boats", "deposit"),
        ("Smoking is not permitted on board", "pets"),
        ("Mooring overnight is allowed in the marina", "pets"),
        ("The Lessor need not accept early returns of boats", "return"),
        ("Lessee may not lend the boats", "none"),
        ("Neither Lessee nor its agents may lend the boats", "none"),
        ("This Agreement does not create a partnership of the two of them", "nobody"),
        ("The lessee has to indemnify the lessor and hold it harmless", "indemnity"),
        ("Fuel is supplied by the Lessee", "fuel"),
        ("The Lessor is entitled to inspect the hulls", "store"),
        ("Lessor must repaint the hulls", "paint"),
        ("Harbour fees are the responsibility of the Lessee", "harbour"),
        ("Lessee is responsible for harbour fees", "harbour"),
        ("Lessor bears the costs of repairs", "repairs"),
        ("The Lessee Party employs the crew", "crew"),
        ("No party is liable for lost profits", "damages"),
        ("The licence of the slips is not revocable", "rights"),
    ],
)
def test_a_true_paraphrase_of_a_negation_or_a_duty_is_not_marked(sentence: str, clause: str) -> None:
    found = checked(sentence, clause)
    assert (found.state, found.reason) == ("compared", "")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(a) neither of Lessee or Lessor shall sell it", {"Lessee must not sell"}),
        ("none of Lessee, its agents or any other members of its group shall sell it", {"Lessee must not sell"}),
        ("If neither party objects, Lessor shall sell it", {"Lessor must sell", "neither party is not objects"}),
        ("Neither party pays it, and Lessor shall sell it", {"Lessor must sell", "Neither party is not pays"}),
        ("No later than May, Lessor shall sell it", {"Lessor must sell"}),
        ("Lessee shall be entitled to sell it", {"Lessee may sell"}),
        ("Lessee shall not be obligated to sell it", {"Lessee need not sell"}),
        ("If agreed by Lessor, Lessee shall sell it", {"Lessor is agreed", "Lessee must sell"}),
        ("Lessee may, at its choice, sell, lend or hire it", {"Lessee may sell", "Lessee may lend", "Lessee may hire"}),
        ("Lessee shall supply it", {"Lessee must supply"}),
        (
            "Lessee shall be responsible for the costs of transport or duties",
            {"Lessee must costs transport", "Lessee must duties"},
        ),
        ("Sale by Lessee is prohibited", {" must not Sale"}),
        ("Sale is not prohibited", {" may Sale"}),
        ("as may be allowed in writing by Lessor, Lessee will sell it", {"Lessor may allowed", "Lessee must sell"}),
    ],
)
def test_who_is_denied_bound_or_let_is_told_by_the_words_beside_the_verb(text: str, found: set[str]) -> None:
    does = {f"{r.name} {r.modality} {r.word}" for r in relations(text, PARTIES) if r.part == "does"}
    assert does == found


def test_what_is_entitled_to_a_thing_does_not_do_it() -> None:
    [relation] = relations("Lessor shall be entitled to compensation", PARTIES)
    assert (relation.part, relation.word, relation.name) == ("has", "compensation", "Lessor")


@pytest.mark.parametrize(
    ("sentence", "source", "found"),
    [
        ("The crew is paid on days of rest", "The crew is not paid on days of rest", ("not paid on", True)),
        ("The crew is not paid on days of rest", "The crew is paid on days of rest", ("not paid on", False)),
        ("The crew may rest only with leave of it", "The crew may not rest without leave of it", ("", False)),
        ("The crew rests at least two hours a day", "The crew rests no less than two hours a day", ("", False)),
        (
            "The crew shall wear its own clothes at sea",
            "Nor shall the crew wear its own clothes at sea",
            ("Nor shall", True),
        ),
        (
            "The crew may rest with leave of the master of the boat",
            "The crew may rest with leave, which shall not be unreasonably withheld, of the master of the boat",
            ("", False),
        ),
        ("Rest is needed", "No sailor of the crew is paid on days of rest", ("", False)),
    ],
)
def test_a_near_verbatim_sentence_is_turned_by_an_odd_negation(
    sentence: str, source: str, found: tuple[str, bool]
) -> None:
    assert turned(sentence, source, PARTIES) == found


def test_roles_of_two_sides_are_two_parties_though_one_is_not_defined() -> None:
    text = (
        HEAD.replace("“Lessor”", "“Owner”").replace("“Lessee”", "“Buyer”")
        + "The Seller pays. The Seller ships. The Seller.\n"
    )
    document = Document("e", "Sale", text, (Page(1, "1", 0, len(text)),))
    parties = parties_of({document: find_facts(document)})
    row = {m.text: m.party for m in parties.mentions("The Buyer, the Seller and the Owner")}
    assert None not in row.values()
    assert parties.are_two(row["Buyer"] or 0, row["Seller"] or 0)
    assert not parties.are_two(row["Owner"] or 0, row["Seller"] or 0)
