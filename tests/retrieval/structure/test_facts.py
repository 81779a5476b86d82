import json
from datetime import date

import pytest

from retrieval.core.documents import Document
from retrieval.structure.document_dates import days_in
from retrieval.structure.facts import find_facts, from_json, to_json
from retrieval.structure.layout import lines
from tests.clock import within
from tests.documents import document

US = """SUPPLY AGREEMENT
This Supply Agreement (this “Agreement”) is made as of March 3, 2020 (the “Effective Date”), by and between Acme
Widgets, Inc., a Delaware corporation with offices at 12 Main Street, Dover, DE 19901 (“Supplier” or “Acme”), and
Bolt & Sons LLC, a New York limited liability company (“Buyer”) (each a “Party” and collectively the “Parties”).
RECITALS
WHEREAS, Supplier makes widgets; and
WHEREAS, Buyer wishes to buy them.
NOW, THEREFORE, the parties agree as follows:
1. Supply. Supplier shall supply the Products (“Products”).
IN WITNESS WHEREOF, the parties have executed this Agreement.
ACME WIDGETS, INC.
By: /s/ Jane Roe
Name: Jane Roe
Title: Chief Executive Officer
Date: March 5, 2020
BOLT & SONS LLC
By: ____________________
Name:
Title:
"""
BRITISH = """DATED 26 September 2019
SERVICES AGREEMENT
THIS AGREEMENT is made on 26 September 2019
BETWEEN:
(1) HARBOUR LIGHTS LIMITED, a company incorporated in England and Wales (company number 1103610) whose registered
office is at 9 Quay Road, Poole (the “Supplier”); and
(2) MARGARET ELLWOOD of 3 Hill Lane, Leeds (the “Client”).
IT IS AGREED as follows:
1. SERVICES
1.1 The Supplier shall provide the Services.
"""
AMENDMENT = """FIRST AMENDMENT
TO
LEASE AGREEMENT
This First Amendment to Lease Agreement is entered into as of the 21st day of May, 2021 between Granite Peak Corp.
("Landlord") and Delphine Orchards Inc. ("Tenant") and amends the Lease Agreement dated February 4, 2018.
1. Section 4 is deleted.
"""
LETTER = """FENWRIGHT STOLL PC
88 Liberty Plaza
Reno, Nevada 89501
January 17, 2024
VIA EMAIL
Rosalind F. Achter, Esq.
Achter & Vo LLP
Re: Your claim
Dear Ms. Achter:
We write about the claim of your client.
Very truly yours,
/s/ Desmond Okafor
Desmond Okafor
"""
CASE = """ARDEN & VOSS LLP
Jane Arden (SBN 218834)
Attorneys for Plaintiff Northgate Storage LLC
UNITED STATES DISTRICT COURT
NORTHERN DISTRICT OF CALIFORNIA
NORTHGATE STORAGE LLC, ) Case No. 3:23-cv-01487-LRB
a limited liability company, )
 Plaintiff, ) COMPLAINT FOR
 v. ) BREACH OF CONTRACT
PELLAM FREIGHT, INC., a Nevada )
corporation; and )
HENRIK SOLBERG, an individual, )
 Defendants. )
Plaintiff Northgate Storage LLC alleges:
1. Venue is proper in this district.
"""
ORDER = """IN THE CIRCUIT COURT OF COOK COUNTY, ILLINOIS, CHANCERY DIVISION
Plaintiff GIDEON TESSARO,
v.
BRIGHT MUTUAL INSURANCE CO., Defendant.
Case No. 2023-CH-04492
ORDER ON MOTION TO DISMISS
1. The parties entered into a contract between themselves on May 2, 2020, which is the matter of this action.
ENTERED this 27th day of November, 2023.
"""
NOTICES = """1. Notices. All notices shall be in writing and addressed as follows:
If to Supplier:
Acme Widgets, Inc.
12 Main Street, Suite 4
Attention: General Counsel
If to the Buyer:
Bolt & Sons LLC
9 Pier Road
Fax: 555 1234
"""


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (US, "SUPPLY AGREEMENT"),
        (BRITISH, "SERVICES AGREEMENT"),
        (AMENDMENT, "FIRST AMENDMENT TO LEASE AGREEMENT"),
        (CASE, "COMPLAINT FOR BREACH OF CONTRACT"),
        (ORDER, "ORDER ON MOTION TO DISMISS"),
        (LETTER, ""),
        ("Exhibit 10.1\nEXECUTION COPY\nACME CORP.\nMASTER LEASE\n1. Term. One year.", "MASTER LEASE"),
        ("OPERATING AGREEMENT OF LARKSPUR, L.P.\nThis is it.", "OPERATING AGREEMENT OF LARKSPUR, L.P."),
        ("This Joint Venture Agreement is made between A Corp. and B Corp.", "Joint Venture Agreement"),
        ("nothing of the kind", ""),
    ],
)
def test_the_title_is_the_heading_that_names_the_document(text: str, title: str) -> None:
    facts = find_facts(document(text))
    assert facts.title == title
    if facts.title_span:
        assert set(title.split()) <= set(document(text).slice(facts.title_span).split())


@pytest.mark.parametrize(
    ("preamble", "parties"),
    [
        (US, [("Acme Widgets, Inc.", "Supplier", ("Acme",)), ("Bolt & Sons LLC", "Buyer", ())]),
        (BRITISH, [("HARBOUR LIGHTS LIMITED", "Supplier", ()), ("MARGARET ELLWOOD", "Client", ())]),
        (AMENDMENT, [("Granite Peak Corp.", "Landlord", ()), ("Delphine Orchards Inc.", "Tenant", ())]),
        (LETTER, [("Desmond Okafor", "Sender", ()), ("Rosalind F. Achter, Esq.", "Addressee", ())]),
        (
            CASE,
            [
                ("NORTHGATE STORAGE LLC", "Plaintiff", ()),
                ("PELLAM FREIGHT, INC.", "Defendants", ()),
                ("HENRIK SOLBERG", "Defendants", ()),
            ],
        ),
        (ORDER, [("GIDEON TESSARO", "Plaintiff", ()), ("BRIGHT MUTUAL INSURANCE CO.", "Defendant", ())]),
        # Each definition belongs to the name before it, also with a description between it and the next name.
        (
            'This Agreement is between Newegg Inc. ("Newegg"), a Delaware corporation, and Allied Sports, Inc., a '
            'Nevada corporation ("Allied").',
            [("Newegg Inc.", "", ("Newegg",)), ("Allied Sports, Inc.", "", ("Allied",))],
        ),
        (
            "THIS DEED is made between (1) NORTH TRUST (the Trust) and (2) BRIGHT FACILITIES LIMITED (the Contractor).",
            [("NORTH TRUST", "", ("Trust",)), ("BRIGHT FACILITIES LIMITED", "Contractor", ())],
        ),
        (
            "This Agreement is entered into between Alder Corp., a Texas corporation, and Birch Corp., a Utah "
            "corporation (collectively, the “Sellers”), and Cedar Ltd (the “Buyer”).",
            [("Alder Corp.", "Sellers", ()), ("Birch Corp.", "Sellers", ()), ("Cedar Ltd", "Buyer", ())],
        ),
        (
            "This Agreement is made by Thayer Partners, L.P. (the “Investor”), in favor of First Bank, N.A., a "
            "national bank (the “Agent”).",
            [("Thayer Partners, L.P.", "Investor", ()), ("First Bank, N.A.", "Agent", ())],
        ),
        (
            "This Agreement is by and between Lifeway Foods, Inc. (“Lifeway”) and Ludmila Smolyansky (“Individual”).",
            [("Lifeway Foods, Inc.", "", ("Lifeway",)), ("Ludmila Smolyansky", "Individual", ())],
        ),
        (
            "This Agreement is made between Fonterra (USA) Inc., a California corporation (“Supplier”) and "
            "____________, a corporation organized under the laws of ________ (“Distributor”).",
            [("Fonterra (USA) Inc.", "Supplier", ()), ("Distributor", "", ("Distributor",))],
        ),
        ("The Buyer: Shenzhen Supply Co., Ltd.\nThe Seller: Harbour Oils GmbH\n", ["Buyer", "Seller"]),
        ("This policy says how staff use the printer.", []),
    ],
)
def test_parties_have_the_roles_and_short_forms_that_are_defined_for_them(
    preamble: str, parties: list[tuple[str, str, tuple[str, ...]]] | list[str]
) -> None:
    read = document(preamble)
    found = find_facts(read).parties
    roles = [party.role for party in found]
    assert parties in ([(party.name, party.role, party.short_forms) for party in found], roles)
    assert all(party.span.start == party.where.start for party in found)
    assert all(party.name.split()[0] in read.slice(party.where) for party in found if party.name != "Distributor")


def test_the_preamble_and_the_recitals_are_spans() -> None:
    read = document(US)
    facts = find_facts(read)
    assert facts.preamble
    assert facts.recitals
    assert read.slice(facts.preamble).startswith("This Supply Agreement")
    assert read.slice(facts.preamble).endswith("“Parties”).")
    assert read.slice(facts.recitals).startswith("RECITALS")
    assert read.slice(facts.recitals).endswith("buy them.")


HARBOUR = (
    'This Agreement is made on 4 March 2021 between Acme Limited and Joan Parsley (the "Employee").\n1. She weaves.'
)


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        (US, [("made", date(2020, 3, 3)), ("signed", date(2020, 3, 5))]),
        (BRITISH, [("made", date(2019, 9, 26)), ("dated", date(2019, 9, 26))]),
        (AMENDMENT, [("made", date(2021, 5, 21))]),
        (LETTER, [("letter", date(2024, 1, 17))]),
        (ORDER, [("signed", date(2023, 11, 27))]),
        (
            "Aduro, Inc. (“Aduro”) and Ireya B.V. (“Consultant”) agree to this Agreement dated June 1, 2020, "
            "effective as of July 1, 2020.",
            [("dated", date(2020, 6, 1)), ("effective", date(2020, 7, 1))],
        ),
        (
            "This Agreement is between Acme Corp. and Bolt LLC. Bolt sells.\nIN WITNESS WHEREOF, they sign as of July "
            "6, 2020.",
            [("made", date(2020, 7, 6))],
        ),
        ("LEASE\nThis Lease is made November ___, 2006 between A Corp. and B Corp.", [("made", None)]),
        ("Case 2:24-cv-1 Filed 09/16/24\nORDER\nIt is so ordered.", [("filed", date(2024, 9, 16))]),
        (
            f"{HARBOUR}\nSigned by the parties on 9 March 2021:\nFor Acme Limited\nName: P. Quill",
            [("made", date(2021, 3, 4)), ("signed", date(2021, 3, 9))],
        ),
        (f"{HARBOUR}\nSigned copies are sent on 9 March 2021.", [("made", date(2021, 3, 4))]),
        ("NOTE\nThe rent rose on\nMarch 3, 2021.\nIt rose again.", []),
    ],
)
def test_dates_are_those_of_the_document_itself(text: str, dates: list[tuple[str, date | None]]) -> None:
    found = find_facts(document(text)).dates
    assert [(each.kind, each.value) for each in found] == dates
    assert all(" ".join(text[each.span.start : each.span.end].split()) == each.text for each in found)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("the 31st day of March, 1998", date(1998, 3, 31)),
        ("31 October 2019", date(2019, 10, 31)),
        ("Sept. 4, 2001", date(2001, 9, 4)),
        ("twenty-first day of May, 2017", date(2017, 5, 21)),
        ("2020-03-01", date(2020, 3, 1)),
        ("11/18/05", date(2005, 11, 18)),
        ("the __ day of June, 2010", None),
        ("the __ day of June, 20__", None),
        ("June __, 20 ___", None),
    ],
)
def test_a_day_is_read_in_every_form(text: str, day: date | None) -> None:
    assert [found for _, _, found in days_in(f"It ends on {text}, at noon.")] == [day]


def test_what_is_no_day_is_none() -> None:
    assert days_in("February 30, 2001 and Section 4.1.2020 and 12/2020 and May 2020") == []


@pytest.mark.parametrize(
    ("text", "signatures"),
    [
        (
            US,
            [("Acme Widgets, Inc.", "Jane Roe", "Chief Executive Officer"), ("Bolt & Sons LLC", "", "")],
        ),
        (
            "IN WITNESS WHEREOF, they sign.\nAlpha Inc.  Beta Ltd.\nBy: /s/ Ann Lee By: /s/ Bo Ray\n"
            "Name: Ann Lee Name: Bo Ray\nTitle: CEO Title: Director\n",
            [("Alpha Inc.", "Ann Lee", "CEO"), ("Beta Ltd.", "Bo Ray", "Director")],
        ),
        (
            "Signed by MARGARET ELLWOOD .......................\nfor and on behalf of Director\nHARROW VALE LIMITED\n",
            [("HARROW VALE LIMITED", "MARGARET ELLWOOD", "")],
        ),
        (
            "AGREED:\nSAND GATHERING, LLC\nBy: TCW Management Company, its Manager\nBy: /s/ Clay Taylor\nVice "
            "President\n",
            [("SAND GATHERING, LLC", "Clay Taylor", "Vice President")],
        ),
        (LETTER, [("", "Desmond Okafor", "")]),
        ("By 1 May the Supplier shall deliver. By: no means less.", []),
        (
            "Executed as a deed by BRACKEN ESTATES LIMITED acting by Ada Holt, a director, in the presence of:\n"
            "Signature of witness: P. Lund\nName: Peter Lund\nAddress: 4 Castle Yard\n"
            "EXECUTED as a DEED by OAK LIMITED\nacting by Yusuf Adey, a director,\nin the presence of:\n"
            "Name: Clara Marsh",
            [("BRACKEN ESTATES LIMITED", "Ada Holt", "director"), ("OAK LIMITED", "Yusuf Adey", "director")],
        ),
        (
            "For Nordvik Havn A/S\nCopenhagen, 12 December 2023\nMette Sørensen, CEO\n"
            "For Lind Teknik AB\nAnders Ekström, Managing Director\nFor Hull Ltd\nthe price is nought.",
            [("Nordvik Havn A/S", "Mette Sørensen", "CEO"), ("Lind Teknik AB", "Anders Ekström", "Managing Director")],
        ),
        (
            "Signed: R. Fenwick, Managing Director, for the Company\nSigned: Joanna C. Pritchard",
            [("", "R. Fenwick", "Managing Director"), ("", "Joanna C. Pritchard", "")],
        ),
        (
            "Signed by Mei Tan\nfor and on behalf of Halcyon Pte. Ltd.\nSigned by Oliver Penn\non behalf of Grey LLP",
            [("Halcyon Pte. Ltd.", "Mei Tan", ""), ("Grey LLP", "Oliver Penn", "")],
        ),
        (
            f"{HARBOUR}\n____________\nFor Acme Limited\nName: P. Quill\n\n____________\nJoan Parsley\n4 Mill Lane",
            [("Acme Limited", "P. Quill", ""), ("Joan Parsley", "Joan Parsley", "")],
        ),
        (
            "____________\nMargaret Oduya, Director\nfor Harrow Mills Limited\n\n____________\nPaul van der Berg\n"
            "Managing Director\n(on behalf of Lock & Sons B.V.)\n",
            [
                ("Harrow Mills Limited", "Margaret Oduya", "Director"),
                ("Lock & Sons B.V.", "Paul van der Berg", "Managing Director"),
            ],
        ),
        (
            "Name: Jane Roe\nTitle: Director\nfor Harrow Mills Limited\n\nName: ______\nTitle:\nfor Peregrine LLP\n",
            [("Harrow Mills Limited", "Jane Roe", "Director"), ("Peregrine LLP", "", "")],
        ),
        (
            "Signed by: ____________\nName:\nfor Peregrine LLP\nBy: ________\nName: Jane Roe\nfor Harrow Mills Limited",
            [("Peregrine LLP", "", ""), ("Harrow Mills Limited", "Jane Roe", "")],
        ),
        (
            "For Harrow Mills Limited\nName: Jane Roe\nFor Peregrine LLP\nName:\n",
            [("Harrow Mills Limited", "Jane Roe", ""), ("Peregrine LLP", "", "")],
        ),
        (
            "For the Council\nName: Jane Roe\nTitle: Clerk\nFor Beta Limited\nName: Bob Jones\nTitle: Director",
            [("Beta Limited", "Bob Jones", "Director")],
        ),
        (
            "The Landlord\nName: Jane Roe\nDate: 1 May\nFor Beta Limited\nName: Bob Jones",
            [("Beta Limited", "Bob Jones", "")],
        ),
        (
            "For Beta Limited\nSignature: ____\nName: Jane Roe\nFor Beta Limited\nSignature: ____\nName: Bob Jones",
            [("Beta Limited", "Jane Roe", ""), ("Beta Limited", "Bob Jones", "")],
        ),
        ("Margaret Oduya, Director\nfor Harrow Mills Limited\n", []),
        ("____________\nMargaret Oduya\nfor the price of nought\n", []),
        (f"{HARBOUR}\n1. Joan Parsley\nJoan Parsley\nweaves.", []),
    ],
)
def test_signature_blocks_say_for_whom_who_signs_as_what(text: str, signatures: list[tuple[str, str, str]]) -> None:
    found = find_facts(document(text)).signatures
    assert [(each.party, each.name, each.title) for each in found] == signatures


def test_the_caption_of_a_court_paper_has_court_number_and_counsel() -> None:
    caption = find_facts(document(CASE)).caption
    assert caption
    assert caption.court == "UNITED STATES DISTRICT COURT NORTHERN DISTRICT OF CALIFORNIA"
    assert caption.case_number == "3:23-cv-01487-LRB"
    assert caption.counsel == ("ARDEN & VOSS LLP, Jane Arden (Attorneys for Plaintiff Northgate Storage LLC)",)
    assert find_facts(document(US)).caption is None


def test_notice_addresses_are_those_of_each_party() -> None:
    read = document(NOTICES)
    found = find_facts(read).notices
    assert [(each.party, read.slice(each.span).split("\n")[-1]) for each in found] == [
        ("Supplier", "Attention: General Counsel"),
        ("Buyer", "Fax: 555 1234"),
    ]


@pytest.mark.parametrize("text", [US, BRITISH, AMENDMENT, LETTER, CASE, NOTICES, ""])
def test_facts_are_kept_as_they_are(text: str) -> None:
    facts = find_facts(document(text))
    assert from_json("d", json.loads(json.dumps(to_json(facts)))) == facts


@pytest.mark.parametrize(
    "repeated",
    [
        "between ",
        "(“A” ",
        "A Inc., ",
        "By: ",
        "/s/ ",
        "A ",
        "WHEREAS ",
        "January 1, ",
        "If to A:\n1 Road\n",
        "_ ",
        "v. \n",
    ],
)
def test_facts_of_hostile_text_take_linear_time(repeated: str) -> None:
    text = "This Agreement is made by and between " + repeated * (1_000_000 // len(repeated))
    read: Document = document(text)
    lines(read)  # what every chunk needs too
    with within(2):
        find_facts(read)


@pytest.mark.parametrize(
    ("text", "names", "day"),
    [
        (
            "AMENDMENT NO. 4\n\nThis Amendment No. 4 is made as of May 6, 2021 between Larch Oil Inc. "
            "and Maple Gas LLC.\n",
            ["Larch Oil Inc.", "Maple Gas LLC"],
            date(2021, 5, 6),
        ),
        (
            "ADDENDUM Nr. II\n\nThis Addendum Nr. II was entered into on 7 June 2020 by and between Oak "
            "Ltd and Pine plc.\n",
            ["Oak Ltd", "Pine plc"],
            date(2020, 6, 7),
        ),
        (
            "AMENDMENT TO LEASE\n\nThis Amendment is made on 7 June 2020 between Oak Ltd and Pine plc and amends "
            "the Lease dated 1 May 2019 between Quince SA and Rose Ltd.\n",
            ["Oak Ltd", "Pine plc"],
            date(2020, 6, 7),
        ),
        (
            "AMENDMENT TO LEASE\n\nThis Amendment to the Lease dated 1 May 2019 between Quince SA and Rose Ltd is "
            "made on 7 June 2020 by and between Oak Ltd and Pine plc.\n",
            ["Oak Ltd", "Pine plc"],
            date(2020, 6, 7),
        ),
    ],
)
def test_an_amendment_has_its_own_parties_and_date_and_not_those_of_what_it_amends(
    text: str, names: list[str], day: date
) -> None:
    facts = find_facts(document(text))
    assert [party.name for party in facts.parties] == names
    assert day in [each.value for each in facts.dates]
    assert date(2019, 5, 1) not in [each.value for each in facts.dates]


def test_a_mail_is_called_by_its_subject() -> None:
    text = "From: Ann <a@example.com>\nSubject: the roof leaks\nAttachments: Lease Agreement.pdf\n\nHi"
    facts = find_facts(document(text))
    assert facts.title == "the roof leaks"
    assert facts.title_span is not None
    assert text[facts.title_span.start : facts.title_span.end] == "the roof leaks"


MAIL = """From: "Lee, Ann" <ann.lee@harbor.example>
To: Bob Ruiz <bob@buyer.example>, carl@x.example
Date: Sun, 03 Mar 2024 10:22:03 +0100
Subject: Re: Delivery of the pallets

Dear Bob,
we deliver the pallets by May 5, 2024."""


def test_a_mail_is_known_by_its_subject_its_people_and_the_day_it_was_sent() -> None:
    facts = find_facts(document(MAIL))
    assert facts.title == "Re: Delivery of the pallets"
    assert [(party.role, party.name) for party in facts.parties] == [
        ("Sender", "Lee, Ann"),
        ("Addressee", "Bob Ruiz"),
        ("Addressee", "carl@x.example"),
    ]
    assert facts.day == date(2024, 3, 3)
    assert find_facts(document(MAIL.split("\n", 1)[1])).parties == ()
