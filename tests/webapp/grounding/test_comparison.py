"""What a sentence says is compared with the clause that bears it: parties, modality, standards, bounds, noise."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from retrieval import Bars, Document, Passage, Reading, find_facts, pin_cite
from retrieval.core.documents import Page
from webapp.grounding.check import CheckedSentence, check
from webapp.grounding.evidence import Sources, bearing_of
from webapp.grounding.parties import parties_of
from webapp.grounding.relations import relations

TEXT = (
    "SUPPLY AGREEMENT\n"
    "This Supply Agreement is made between Northwind Mills, Inc. (“Supplier”), and Bakers United LLC (“Buyer”).\n"
    "1. Assignment. Buyer may not assign this Agreement without the prior written consent of Supplier, which consent "
    "shall not be unreasonably withheld.\n"
    "2. Grant. Supplier grants Buyer a non-exclusive, irrevocable license to use the Recipes. Nothing herein shall "
    "prevent Supplier from granting other licenses.\n"
    "3. Records. Buyer agrees to allow Supplier to audit Buyer’s books on ten days’ notice. Supplier need not give "
    "reasons.\n"
    "4. Insurance. Each party shall maintain insurance of no less than $2,000,000 at its own expense.\n"
    "5. Ending. The term lasts until the later of two years from delivery and full payment. In no event may Buyer "
    "resell the Flour. Either party may terminate upon a material breach of the other party.\n"
    "6. Fees. Buyer pays $20,000 for flour, and $5,000 for sugar.\n"
)
DOCUMENT = Document("d", "Supply Agreement", TEXT, (Page(1, "1", 0, len(TEXT)),))
CLAUSES = [
    DOCUMENT.span(TEXT.index(f"\n{n}. ") + 1, end)
    for n, end in zip(range(1, 7), [*(TEXT.index(f"\n{n}. ") for n in range(2, 7)), len(TEXT)], strict=True)
]
PASSAGES = tuple(
    Passage(**pin_cite(DOCUMENT, span).where(), n=n, text=DOCUMENT.slice(span)) for n, span in enumerate(CLAUSES, 1)
)


def first(sentence: str) -> CheckedSentence:
    return check(sentence, PASSAGES, {"d": DOCUMENT}).sentences[0]


def test_a_role_is_the_party_before_it_and_one_party_has_one_row() -> None:
    parties = parties_of({DOCUMENT: find_facts(DOCUMENT)})
    said = "The buyer, Bakers United and the customer; neither party; Northwind’s mills and the Supplier."
    found = [(m.text, m.kind, m.party) for m in parties.mentions(said)]
    assert found == [
        ("buyer", "one", 1),
        ("Bakers United", "one", 1),
        ("customer", "one", 1),  # the document has no other word for it
        ("neither party", "none", None),
        ("Northwind", "one", 0),
        ("Supplier", "one", 0),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Buyer shall not assign or sublicense it.", ["Buyer must not assign", "Buyer must not sublicense"]),
        ("Neither party may resell it.", ["Neither party must not resell"]),
        ("In no event may Buyer resell it.", ["Buyer must not resell"]),
        ("Supplier allows the Buyer to audit it.", ["Buyer may audit", "Supplier is allows"]),
        ("Nothing prevents Supplier from selling it.", ["Supplier may selling"]),
        ("It may be assigned by Buyer.", ["Buyer may assigned"]),
        ("Buyer, at its own expense, has the sole right to use it.", ["Buyer may use"]),
        ("Supplier shall be the sole owner of it.", ["Supplier must sole", "Supplier must owner"]),
    ],
)
def test_who_may_or_must_do_what_is_told_by_the_words(text: str, found: list[str]) -> None:
    parties = parties_of({DOCUMENT: find_facts(DOCUMENT)})
    does = [r for r in relations(text, parties) if r.part == "does"]
    assert sorted(f"{r.name} {r.modality} {r.word}" for r in does) == sorted(found)


@pytest.mark.parametrize(
    "sentence",
    [
        "The buyer needs the supplier's prior written consent to assign the agreement [1].",
        "Buyer may assign the agreement only with the written consent of Supplier [1].",
        "The Supplier may not withhold its consent unreasonably [1].",
        "Bakers United gets a non-exclusive and irrevocable licence from Northwind [2].",
        "The supplier remains free to grant other licences [2].",
        "Supplier has the right to audit the books of Buyer, and does not have to give reasons [3].",
        "Both parties must carry at least $2,000,000 of insurance, each at its own cost [4].",
        "The term runs until the later of two years from delivery and full payment [5].",
        "Nobody who is Buyer may resell the flour [5].",
        "The customer must not resell the flour [5].",
        "Sugar costs the buyer $5,000, and flour $20,000 [6].",
        "The licence that Buyer gets is not in any way exclusive [2].",
        "The buyer cannot assign the agreement without the supplier’s OK, so no assignee is admitted without it [1].",
    ],
)
def test_a_true_paraphrase_is_not_marked(sentence: str) -> None:
    found = first(sentence)
    assert (found.state, found.reason) == ("compared", "")


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("Supplier may not assign the agreement without the consent of Buyer [1].", "Buyer"),
        ("Buyer may assign the agreement without the consent of Supplier [1].", "must not be done"),
        ("Supplier may withhold its consent in its sole discretion [1].", "unreasonably"),
        ("Buyer grants Supplier a license to use the Recipes [2].", "Supplier"),
        ("Supplier grants Buyer an exclusive license to use the Recipes [2].", "non-exclusive"),
        ("The license is revocable [2].", "irrevocable"),
        ("Supplier may not grant other licenses [2].", "may be done"),
        ("Buyer may audit the books of Supplier [3].", "Buyer"),
        ("Supplier must give reasons [3].", "need not be done"),
        ("Each party may maintain insurance [4].", "has to be done"),
        ("The insurance of each party is no more than $2,000,000 [4].", "at least"),
        ("Insurance is maintained at the other party’s expense [4].", "at its own expense"),
        ("The term lasts until the earlier of two years from delivery and full payment [5].", "later of"),
        ("Buyer may resell the Flour [5].", "must not be done"),
        ("Any breach lets a party terminate at once [5].", "material breach"),
        ("Buyer cannot resell the Flour, and any breach lets a party terminate [5].", "material breach"),
        ("The buyer cannot assign the agreement without the consent of the licensor [1].", "licensor"),
        ("Buyer pays $5,000 for flour, and $20,000 for sugar [6].", "something else"),
        ("Purple monkeys sing loudly under table lamps [6].", "says nothing of this"),
        ("Buyer Buyer Buyer pays flour [6].", "repeat"),
        ("Fees pays for flour fees pays for flour fees pays for flour [6].", "repeat"),
    ],
)
def test_what_the_words_of_the_clause_contradict_is_marked_and_says_why(sentence: str, why: str) -> None:
    found = first(sentence)
    assert found.state == "unsupported"
    assert why in found.reason


def test_a_sentence_that_is_not_confirmed_is_pinned_to_the_clause_that_comes_nearest() -> None:
    whole = DOCUMENT.span(CLAUSES[0].start, CLAUSES[-1].end)
    passage = Passage(**pin_cite(DOCUMENT, whole).where(), n=1, text=DOCUMENT.slice(whole))
    [citation] = check("Buyer may resell the Flour for $99 [1].", [passage], {"d": DOCUMENT}).citations
    assert (citation.section, citation.verified) == ("Section 5 (Ending)", False)


def test_an_item_is_read_with_the_words_that_lead_to_it() -> None:
    text = (
        "LEASE\n1. Duties. The Tenant shall not:\n(a) sublet the premises; or\n(b) keep animals.\n2. Rent. It is due.\n"
    )
    document = Document("l", "Lease", text, (Page(1, "1", 0, len(text)),))
    span = document.span(text.index("(b)"), text.index("\n2. "))
    passage = Passage(**pin_cite(document, span).where(), n=1, text=document.slice(span))
    [unit] = bearing_of(Sources((passage,), {"l": document}, {}).ranked("The Tenant may keep animals"))
    assert "shall not" in unit.lead
    [sentence] = check("The Tenant may keep animals [1].", [passage], {"l": document}).sentences
    assert "must not be done" in sentence.reason


@dataclass(frozen=True)
class Reader:
    """An entailment model that reads every pair alike."""

    reading: Reading
    bars: Bars = field(default=Bars(follows=0.9, contradicts=0.95))

    def read(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Reading]:
        return [self.reading for _ in pairs]

    def answers(self, pairs: Sequence[tuple[str, str]]) -> Sequence[float]:
        return [0.0 for _ in pairs]


@pytest.mark.parametrize(
    ("bars", "reading"),
    [
        (Bars(contradicts=0.95), Reading(0.97, 0.01, 0.02)),
        (Bars(follows=0.9), Reading(0.01, 0.98, 0.01)),
        (Bars(), Reading(0.01, 0.98, 0.01)),
    ],
)
def test_a_reading_counts_for_nothing_that_its_card_does_not_show(bars: Bars, reading: Reading) -> None:
    reader = Reader(reading, bars)
    [sentence] = check("Supplier grants Buyer a license [2].", PASSAGES, {"d": DOCUMENT}, entailment=reader).sentences
    assert sentence.state == "compared"


@pytest.mark.parametrize(
    ("sentence", "reading", "state"),
    [
        ("Supplier grants Buyer a license [2].", Reading(0.97, 0.01, 0.02), "supported"),
        ("Supplier grants Buyer a license [2].", Reading(0.5, 0.2, 0.3), "compared"),
        ("Supplier grants Buyer a license [2].", Reading(0.01, 0.98, 0.01), "unsupported"),
        ("Buyer grants Supplier a license [2].", Reading(0.97, 0.01, 0.02), "unsupported"),  # whatever a model reads
        (
            "Buyer may not assign this Agreement [1].",
            Reading(0.97, 0.01, 0.02),
            "compared",
        ),  # its exception is left out
    ],
)
def test_what_a_model_reads_confirms_only_what_no_rule_doubts(sentence: str, reading: Reading, state: str) -> None:
    found = check(sentence, PASSAGES, {"d": DOCUMENT}, entailment=Reader(reading)).sentences[0]
    assert found.state == state
    assert found.how == ("read" if state == "supported" else "")
