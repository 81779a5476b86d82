"""Agreements and the amendments to them, written for the tests: what is in force of each is known."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """A matter of several documents, by file name; and for words of the agreement what changes their clause."""

    documents: dict[str, str]
    changed: dict[str, list[tuple[str, str]]]  # words of the agreement: (file, action) of each change, in order
    unchanged: tuple[str, ...] = ()  # words of clauses that nothing changes


def _supply(*, day: str = "3 March 2020", parties: tuple[str, str] = ("Alder Limited", "Birch plc")) -> str:
    return f"""SUPPLY AGREEMENT

This Supply Agreement is made on {day} between {parties[0]} (the “Supplier”) and {parties[1]} (the “Buyer”).

1. Definitions
1.1 “Territory” means the United Kingdom.
1.2 “Term” means the period of three years from the date of this Agreement.
2. Supply
2.1 The Supplier shall supply the goods that the Buyer orders.
2.2 The Buyer shall order at least 1,000 units a year.
3. Price
3.1 The price of each unit is £12.
3.2 The Buyer shall pay each invoice within thirty (30) days of its date.
3.3 Late sums bear interest at four per cent a year.
4. Exclusivity
4.1 The Supplier shall not sell the goods to any competitor of the Buyer.
5. Liability
5.1 The liability of each party is limited to £500,000.
6. Termination
6.1 Either party may terminate this Agreement on ninety days' notice.
7. Notices
7.1 A notice must be in writing and sent to the registered office of the other party.

SCHEDULE 1 Specification
The goods are oak panels of grade A.
"""


def _amendment(
    body: str, *, title: str = "FIRST AMENDMENT TO SUPPLY AGREEMENT", day: str = "1 June 2021", of: str = "3 March 2020"
) -> str:
    return f"""{title}

This Amendment is made on {day} between Alder Limited (the “Supplier”) and Birch plc (the “Buyer”) and relates to the
Supply Agreement dated {of} between the parties (the “Agreement”).

The parties agree as follows:

{body}

8. Except as amended by this Amendment, the Agreement remains in full force and effect.
9. This Amendment is governed by the law of England.
"""


_FIRST, _SECOND = "First Amendment.pdf", "Second Amendment.pdf"

_LICENSE = """SOFTWARE LICENSE AGREEMENT

THIS SOFTWARE LICENSE AGREEMENT is made and entered into as of January 15, 2018, by and between Cedar Systems, Inc., a
Delaware corporation ("Licensor"), and Dogwood Retail LLC, a Texas limited liability company ("Licensee").

ARTICLE I
DEFINITIONS
Section 1.1 "Authorized Users" means employees of Licensee.
Section 1.2 "Territory" means the State of Texas.
ARTICLE II
LICENSE
Section 2.1 Grant. Licensor grants Licensee a non-exclusive license to use the Software in the Territory.
Section 2.2 Restrictions. Licensee shall not sublicense the Software.
ARTICLE III
FEES
Section 3.1 License Fee. Licensee shall pay an annual license fee of $100,000.
Section 3.2 Payment. Invoices are payable within thirty (30) days after receipt.
ARTICLE IV
TERM
Section 4.1 Initial Term. This Agreement expires on December 31, 2021.
Section 4.2 Termination for Convenience. Licensee may terminate this Agreement at any time upon sixty (60) days notice.
ARTICLE V
GENERAL
Section 5.1 Governing Law. This Agreement is governed by the laws of the State of Texas.
Section 5.2 Assignment. Neither party may assign this Agreement without consent.
"""

_US_AMENDMENT = """AMENDMENT NO. {number}
TO
SOFTWARE LICENSE AGREEMENT

THIS AMENDMENT NO. {number} (this "Amendment") is entered into as of {day}, by and between Cedar Systems, Inc.
("Licensor") and Dogwood Retail LLC ("Licensee").

WHEREAS, Licensor and Licensee are parties to that certain Software License Agreement dated as of January 15, 2018
(the "Agreement"); and
WHEREAS, the parties desire to amend the Agreement as set forth herein.

NOW, THEREFORE, the parties agree as follows:

{body}

IN WITNESS WHEREOF, the parties have executed this Amendment as of the date first above written.
"""

_LEASE = """LEASE

This Lease is dated 12 May 2015 and made between Elm Estates Limited (the “Landlord”) and Fir Foods Limited (the
“Tenant”).

1. The Landlord lets the Premises to the Tenant for a term of ten years.
2. The Tenant shall pay a yearly rent of £80,000 by equal quarterly payments.
3. The Tenant shall not assign or underlet the Premises.
4. The Tenant shall use the Premises as a restaurant only.
5. The Landlord may break this Lease on 12 May 2020 by six months' notice.
"""

_SERVICES = """MASTER SERVICES AGREEMENT

This Master Services Agreement is made as of April 2, 2019 between Gorse Consulting Inc. ("Consultant") and Hazel
Energy Corporation ("Client").

ARTICLE 1 SERVICES
1. Consultant shall perform the services described in each statement of work.
2. Consultant shall assign qualified personnel.
ARTICLE 2 COMPENSATION
1. Client shall pay Consultant $150 for each hour worked.
2. Expenses are reimbursed at cost.
ARTICLE 3 CONFIDENTIALITY
1. Each party shall keep the other's information confidential for three years.
2. Information that is public is not confidential.
"""

_NDA = """NON-DISCLOSURE AGREEMENT

This Non-Disclosure Agreement is made as of April 2, 2019 between Gorse Consulting Inc. and Hazel Energy Corporation.

1. Each party shall keep the other's information secret.
2. This Agreement ends after two years.
"""

_STRANGERS = _amendment("1. Clause 3.1 is deleted.").replace(
    "between Alder Limited (the “Supplier”) and Birch plc (the “Buyer”) and relates to the\nSupply Agreement "
    "dated 3 March 2020 between the parties",
    "between Tansy AG and Umber SA and amends the Supply\nAgreement dated "
    "3 March 2020 between Alder Limited and Birch plc",
)
_NUMBERED = """AMENDMENT NO. {number} TO SUPPLY AGREEMENT

This Amendment No. {number} is made on {day} between {parties} and amends the Supply Agreement dated 3 March 2020.

{body}
"""


def _numbered(number: int, day: str, body: str, parties: str = "Alder Limited and Birch plc") -> str:
    return _NUMBERED.format(number=number, day=day, body=body, parties=parties)


PAIRS: dict[str, Pair] = {
    "strangers who name the agreement and its parties": Pair(
        {"Supply Agreement.pdf": _supply(), _FIRST: _STRANGERS}, {}, ("is £12",)
    ),
    "strangers who name the parties of the agreement first": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            _FIRST: "FIRST AMENDMENT TO SUPPLY AGREEMENT\n\nThis First Amendment to the Supply Agreement dated 3 March "
            "2020 between Alder Limited and Birch plc is made on 4 May 2021 by and between Tansy AG and Umber SA.\n\n"
            "1. Clause 3.1 of the Supply Agreement is deleted.\n",
        },
        {},
        ("is £12",),
    ),
    "one party with a stranger": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            _FIRST: _numbered(1, "4 May 2021", "1. Clause 3.1 is deleted.", "Birch plc and Umber SA"),
        },
        {},
        ("is £12",),
    ),
    "one party with the successor of the other": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            _FIRST: _numbered(
                1, "4 May 2021", "1. Clause 3.1 is deleted.", "Birch plc and Umber SA, as successor to Alder Limited,"
            ),
        },
        {"is £12": [(_FIRST, "deleted")]},
        ("limited to £500,000",),
    ),
    "an amendment that is older than the agreement": Pair(
        {"Supply Agreement.pdf": _supply(), _FIRST: _numbered(3, "4 May 2018", "1. Clause 3.1 is deleted.")},
        {},
        ("is £12",),
    ),
    "amendments that amend each other": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            _FIRST: _numbered(
                1, "4 May 2021", "1. Clause 3.1 is deleted.\n2. Clause 2 of Amendment No. 2 is hereby deleted."
            ),
            _SECOND: _numbered(
                2, "4 May 2022", "1. Clause 5.1 is deleted.\n2. Clause 2 of the First Amendment is hereby deleted."
            ),
        },
        {"is £12": [(_FIRST, "deleted")], "limited to £500,000": [(_SECOND, "deleted")]},
        ("means the United Kingdom", "orders.", "at least 1,000 units"),
    ),
    "deleted, British": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            _FIRST: _amendment("1. Clause 4 (Exclusivity) shall be deleted in its entirety."),
        },
        {"shall not sell the goods to any competitor": [(_FIRST, "deleted")]},
        ("limited to £500,000", "oak panels"),
    ),
    "replaced by the following": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            _FIRST: _amendment(
                "1. Clause 5.1 of the Agreement is hereby deleted and replaced with the following:\n“5.1 The "
                "liability of "
                "each party is limited to £2,000,000. Nothing limits liability for fraud.”\n2. Clause 6.1 is "
                "amended to "
                "read: “Either party may terminate this Agreement on six months' notice.”"
            ),
        },
        {"limited to £500,000": [(_FIRST, "replaced")], "ninety days' notice": [(_FIRST, "replaced")]},
        ("thirty (30) days", "sent to the registered office"),
    ),
    "words exchanged": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            _FIRST: _amendment(
                "1. In clause 3.2 the words “thirty (30) days” are replaced by “sixty (60) days”.\n"
                "2. The definition of “Territory” in clause 1.1 is amended by inserting the words “and Ireland” "
                "after the "
                "words “United Kingdom”."
            ),
        },
        {"within thirty (30) days": [(_FIRST, "words_exchanged")], "means the United Kingdom": [(_FIRST, "added")]},
        ("four per cent", "The price of each unit"),
    ),
    "two amendments in a row": Pair(
        {
            _SECOND: _amendment(
                "1. Clause 3.2 is amended by replacing “sixty (60) days” with “ninety (90) days”.\n"
                "2. Clause 4 is hereby deleted.",
                title="SECOND AMENDMENT TO SUPPLY AGREEMENT",
                day="1 June 2022",
            ),
            "Supply Agreement.pdf": _supply(),
            _FIRST: _amendment("1. In clause 3.2 “thirty (30) days” is replaced with “sixty (60) days”."),
        },
        {
            "within thirty (30) days": [(_FIRST, "words_exchanged"), (_SECOND, "words_exchanged")],
            "to any competitor": [(_SECOND, "deleted")],
        },
        ("four per cent",),
    ),
    "an agreement of the same parties on another day": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            "Supply Agreement 2023.pdf": _supply(day="9 September 2023").replace("£12", "£19"),
            _FIRST: _amendment("1. Clause 3.1 is deleted.", of="9 September 2023", day="1 June 2024"),
        },
        {"is £19": [(_FIRST, "deleted")]},
        ("is £12",),
    ),
    "an agreement of other parties": Pair(
        {
            "Supply Agreement.pdf": _supply(parties=("Rowan GmbH", "Sorrel AG")),
            _FIRST: _amendment("1. Clause 3.1 is deleted."),
        },
        {},
        ("is £12",),
    ),
    "United States, amended by": Pair(
        {
            "License Agreement.pdf": _LICENSE,
            "Amendment 1.pdf": _US_AMENDMENT.format(
                number=1,
                day="March 1, 2019",
                body='1. Section 3.2 of the Agreement is hereby amended by deleting "thirty (30) days" and inserting '
                '"forty-five (45) days" in lieu thereof.\n2. Section 4.2 of the Agreement is hereby deleted in '
                "its entirety and "
                "shall be of no further force or effect.\n3. A new Section 2.3 is hereby added to the Agreement "
                "as follows:\n"
                '"2.3 Audit. Licensor may audit the use of the Software once a year."',
            ),
        },
        {
            "within thirty (30) days after receipt": [("Amendment 1.pdf", "words_exchanged")],
            "sixty (60) days notice": [("Amendment 1.pdf", "deleted")],
        },
        ("annual license fee", "laws of the State of Texas"),
    ),
    "United States, term extended and restated section": Pair(
        {
            "License Agreement.pdf": _LICENSE,
            "Amendment 2.pdf": _US_AMENDMENT.format(
                number=2,
                day="November 20, 2021",
                body="1. Term. Section 4.1 of the Agreement is hereby amended and restated in its entirety to "
                "read as follows:\n"
                "Section 4.1 Initial Term. This Agreement expires on December 31, 2025.\n"
                '2. Territory. The definition of "Territory" is hereby amended to mean the States of Texas and '
                "Oklahoma.",
            ),
        },
        {
            "expires on December 31, 2021": [("Amendment 2.pdf", "replaced")],
            "means the State of Texas": [("Amendment 2.pdf", "amended")],
        },
        ("annual license fee",),
    ),
    "deed of variation": Pair(
        {
            "Lease.pdf": _LEASE,
            "Deed of Variation.pdf": "DEED OF VARIATION\n\nThis Deed is made on 3 July 2018 between Elm Estates "
            "Limited (the "
            "“Landlord”) and Fir Foods Limited (the “Tenant”) and is supplemental to the Lease dated 12 May "
            "2015 made between "
            "the same parties (the “Lease”).\n\n1. The Lease shall be varied as follows:\n(a) in clause 2, "
            "“£80,000” shall be "
            "replaced by “£95,000”;\n(b) clause 5 shall be deleted; and\n(c) the following shall be added at "
            "the end of clause "
            "4: “or as a café”.\n2. In all other respects the Lease remains in force.\n",
        },
        {
            "yearly rent of £80,000": [("Deed of Variation.pdf", "words_exchanged")],
            "The Landlord may break": [("Deed of Variation.pdf", "deleted")],
            "as a restaurant only": [("Deed of Variation.pdf", "added")],
        },
        ("shall not assign or underlet",),
    ),
    "side letter": Pair(
        {
            "Lease.pdf": _LEASE,
            "Letter.pdf": "Fir Foods Limited\n\n4 February 2019\n\nDear Sirs\n\nLease dated 12 May 2015 between "
            "Elm Estates "
            "Limited and Fir Foods Limited (the “Lease”)\n\nThis side letter varies the Lease. We agree that "
            "clause 3 of the "
            "Lease shall be replaced with the following: “The Tenant may underlet the Premises with the "
            "Landlord's consent.”\n\n"
            "Yours faithfully\nElm Estates Limited\n",
        },
        {"shall not assign or underlet": [("Letter.pdf", "replaced")]},
        ("yearly rent of £80,000",),
    ),
    "a letter that names the day alone": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            "Letter.pdf": "BIRCH PLC\n\n9 May 2022\n\nDear Ms Alder\n\nOur agreement dated 3 March 2020\n\nThis "
            "letter confirms the "
            "changes to our agreement on which we settled. Clause 3.1 will be £14 instead of £12. Clause 4 no longer "
            "applies.\n\nYours sincerely\nR. Birch\n",
        },
        {
            "The price of each unit is £12": [("Letter.pdf", "words_exchanged")],
            "to any competitor": [("Letter.pdf", "deleted")],
        },
        ("limited to £500,000",),
    ),
    "the number counts within an article": Pair(
        {
            "MSA.pdf": _SERVICES,
            "NDA.pdf": _NDA,
            "MSA Amendment.pdf": "FIRST AMENDMENT TO MASTER SERVICES AGREEMENT\n\nThis First Amendment is made "
            "as of May 6, 2020 "
            'between Gorse Consulting Inc. ("Consultant") and Hazel Energy Corporation ("Client") and amends '
            "the Master "
            'Services Agreement dated as of April 2, 2019 (the "Agreement").\n\n1. Section 1 of Article 2 of '
            "the Agreement is "
            'amended by replacing "$150" with "$175".\n2. Article 3, Section 1 is hereby deleted.\n',
        },
        {
            "$150 for each hour": [("MSA Amendment.pdf", "words_exchanged")],
            "confidential for three years": [("MSA Amendment.pdf", "deleted")],
        },
        ("Consultant shall perform", "Expenses are reimbursed", "information secret", "ends after two years"),
    ),
    "the section moved into an article, and is told by its heading": Pair(
        {
            "License Agreement.pdf": _LICENSE,
            "Amendment 3.pdf": _US_AMENDMENT.format(
                number=3,
                day="June 1, 2020",
                body="1. Section 12 (Governing Law) of the Agreement is hereby deleted in its entirety and "
                "replaced with the "
                'following: "This Agreement is governed by the laws of the State of New York."',
            ),
        },
        {"laws of the State of Texas": [("Amendment 3.pdf", "replaced")]},
        ("Neither party may assign",),
    ),
    "amended and restated as a whole": Pair(
        {
            "Supply Agreement.pdf": _supply(),
            _FIRST: _amendment("1. In clause 3.2 “thirty (30) days” is replaced with “sixty (60) days”."),
            "Restated.pdf": "AMENDED AND RESTATED SUPPLY AGREEMENT\n\nThis Amended and Restated Supply "
            "Agreement is made on 7 "
            "July 2023 between Alder Limited (the “Supplier”) and Birch plc (the “Buyer”) and amends and "
            "restates in its entirety "
            "the Supply Agreement dated 3 March 2020 between the parties.\n\n1. Supply\n1.1 The Supplier shall "
            "supply the "
            "goods.\n2. Price\n2.1 The price of each unit is £15.\n2.2 Invoices are due in 75 days.\n",
        },
        {
            "within thirty (30) days": [(_FIRST, "words_exchanged"), ("Restated.pdf", "restated")],
            "limited to £500,000": [("Restated.pdf", "restated")],
        },
        ("Invoices are due in 75 days",),
    ),
    "references are read as others": Pair(
        {
            "Lease.pdf": _LEASE,
            "Deed of Variation.pdf": "DEED OF VARIATION\n\nThis Deed is made on 3 July 2018 between Elm Estates "
            "Limited and Fir "
            "Foods Limited and relates to the Lease dated 12 May 2015 (the “Lease”).\n\n1. References in the "
            "Lease to “the "
            "Premises” shall be read as references to “the Premises and the Yard”.\n",
        },
        {
            "shall not assign or underlet": [("Deed of Variation.pdf", "words_exchanged")],
            "as a restaurant only": [("Deed of Variation.pdf", "words_exchanged")],
        },
        ("The Landlord may break",),
    ),
}
