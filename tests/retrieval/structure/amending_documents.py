"""Amending documents of many styles, written for the tests, with what they amend and how."""

# By style: the text; title and day of the agreement; and each instruction (* new, ~ a part of it).
DOCUMENTS: dict[str, tuple[str, str, str, list[str]]] = {
    "supplemental": (
        """SUPPLEMENTAL AGREEMENT

dated 4 October 2021

between

(1) MARROW CATERING LIMITED (the "Caterer"); and
(2) HOLLOWAY SCHOOLS TRUST (the "Client")

BACKGROUND
(A) The parties entered into an agreement for catering services on 6 August 2019 (the "Principal Agreement").
(B) The parties have agreed to vary the Principal Agreement on the terms set out below.

1. Interpretation
1.1 Words defined in the Principal Agreement have the same meaning here.
2. Variation
2.1 With effect from 1 November 2021 the Principal Agreement is varied as follows:
2.1.1 in clause 4.1, for the words "five per cent" there shall be substituted the words "seven per cent";
2.1.2 clause 9 shall cease to have effect;
2.1.3 after clause 12.2 there shall be inserted a new clause 12.3: "12.3 The Client may audit the kitchens."; and
2.1.4 Schedule 3 (Menus) is replaced by the schedule attached to this agreement.
3. Except as varied, the Principal Agreement continues in full force.
""",
        "Principal Agreement",
        "2019-08-06",
        ["words_exchanged Clause 4.1", "deleted Clause 9", "added Clause 12.3*", "replaced Schedule 3"],
    ),
    "letter": (
        """BRACKEN PROPERTIES
14 Mill Lane, Leeds

9 March 2022

Dora Pell
Pell Bakery Ltd

Dear Ms Pell

Lease of Unit 6, Foundry Yard, dated 1 July 2019

We write to record the changes to the lease that we agreed when we met.

1. The rent under clause 3 will be £26,000 a year from 1 April 2022 instead of £24,000.
2. Clause 8 (which restricts opening hours) no longer applies.
3. You may now use the yard, and the words "excluding the yard" are removed from clause 1.

All other terms of the lease stay as they are. Please sign and return a copy.

Yours sincerely
Tom Bracken
""",
        "Lease",
        "2019-07-01",
        ["words_exchanged Clause 3", "deleted Clause 8", "words_exchanged Clause 1"],
    ),
    "hosting1": (
        """FIRST AMENDMENT TO HOSTING SERVICES AGREEMENT

This First Amendment to Hosting Services Agreement (this "First Amendment") is effective as of August 1, 2020
(the "First Amendment Effective Date") by and between Nimbus Rack, Inc. ("Provider") and Juniper Clinics, P.C.
("Customer").

RECITALS
A. Provider and Customer are parties to a Hosting Services Agreement effective February 14, 2019 (the "Agreement").
B. The parties wish to amend the Agreement.

AGREEMENT
1. Service Levels. The first sentence of Section 4.1 of the Agreement is deleted and replaced with: "Provider
shall keep the Services available 99.9% of each month."
2. Fees. Section 5.2 of the Agreement is amended by striking "$4,000" and inserting "$4,750" in its place.
3. Term. The Initial Term set forth in Section 8.1 is extended through February 13, 2024.
4. New Section. The Agreement is amended to add the following as Section 6.4: "6.4 Backup. Provider shall back
up Customer's data each night."
5. No Other Changes. Except as set forth in this First Amendment, the Agreement is unaffected.
""",
        "HOSTING SERVICES AGREEMENT",
        "2019-02-14",
        [
            "amended Section 4.1~",
            "words_exchanged Section 5.2",
            "extended Section 8.1, definition of “Initial Term”",
            "added Section 6.4",
        ],
    ),
    "hosting2": (
        """SECOND AMENDMENT

This Second Amendment ("Second Amendment"), dated March 3, 2022, amends the Hosting Services Agreement between
Nimbus Rack, Inc. and Juniper Clinics, P.C. effective February 14, 2019, as amended by the First Amendment dated
August 1, 2020 (together, the "Agreement").

1. Section 5.2 of the Agreement (as amended by the First Amendment) is hereby further amended to replace
"$4,750" with "$5,100".
2. Section 2 of the First Amendment is hereby deleted.
3. Sections 4.3, 4.4 and 4.5 of the Agreement are hereby deleted in their entirety and the parties shall have no
further obligations thereunder.
4. The definition of "Business Day" in Exhibit A is restated as follows: "Business Day" means any day other than
a Saturday, a Sunday or a federal holiday.
""",
        "Hosting Services Agreement",
        "2019-02-14",
        [
            "words_exchanged Section 5.2",
            "deleted Section 2 of First Amendment",
            "deleted Section 4.3, Section 4.4, Section 4.5",
            "replaced definition of “Business Day”",
        ],
    ),
    "consult": (
        """AMENDMENT TO CONSULTING AGREEMENT

WHEREAS, Petra Voss ("Consultant") and Lindqvist Marine AB ("Company") are parties to the Consulting Agreement
of 12 January 2020; and
WHEREAS, they wish to change the fee and the notice period;
NOW THEREFORE it is agreed:
(1) Paragraph 3 shall read: "The Company shall pay SEK 1,400 an hour."
(2) In paragraph 7 "one month" is changed to "three months".
(3) Paragraph 9 is struck out.
(4) The Company's address in paragraph 11 becomes: Hamngatan 4, Gothenburg.
Signed 20 May 2021
""",
        "CONSULTING AGREEMENT",
        "2020-01-12",
        ["replaced Paragraph 3", "words_exchanged Paragraph 7", "deleted Paragraph 9", "amended Paragraph 11"],
    ),
    "credit": (
        """THIRD AMENDMENT TO CREDIT AGREEMENT AND WAIVER

THIS THIRD AMENDMENT TO CREDIT AGREEMENT AND WAIVER (this "Amendment"), dated as of September 30, 2019, is among
Copperline Mills LLC, as Borrower, the Lenders party hereto, and First Harbor Bank, N.A., as Administrative
Agent.

W I T N E S S E T H:

WHEREAS, the Borrower, the Lenders and the Administrative Agent are party to that certain Credit Agreement dated
as of June 15, 2016 (as amended, restated, supplemented or otherwise modified prior to the date hereof, the
"Credit Agreement");

SECTION 1. Defined Terms. Unless otherwise defined herein, capitalized terms have the meanings in the Credit
Agreement.

SECTION 2. Amendments to Credit Agreement. Effective as of the Amendment Effective Date, the Credit Agreement is
hereby amended as follows:

(a) Section 1.01 of the Credit Agreement is hereby amended by adding the following new definition in the
appropriate alphabetical order:
"Third Amendment" means the Third Amendment to Credit Agreement dated as of September 30, 2019.
(b) The definition of "Maturity Date" set forth in Section 1.01 of the Credit Agreement is hereby amended by
deleting the date "June 15, 2021" therein and substituting the date "June 15, 2023" in lieu thereof.
(c) Section 6.12(a) of the Credit Agreement is hereby amended by deleting the ratio "3.50 to 1.00" and inserting
in lieu thereof the ratio "4.00 to 1.00".
(d) Section 7.05 of the Credit Agreement is hereby amended and restated in its entirety as follows:
SECTION 7.05 Dispositions. The Borrower shall not make any Disposition except of inventory.
(e) Schedule 5.13 to the Credit Agreement is hereby replaced with Schedule 5.13 attached hereto.

SECTION 3. Waiver. The Lenders hereby waive the Event of Default under Section 8.01(b).

SECTION 4. Conditions. This Amendment shall become effective when Section 2 is satisfied.
""",
        "CREDIT AGREEMENT",
        "2016-06-15",
        [
            "added Section 1.01",
            "words_exchanged definition of “Maturity Date”",
            "words_exchanged Section 6.12(a)",
            "replaced Section 7.05",
            "replaced Schedule 5.13",
        ],
    ),
    "storage": (
        """FIRST AMENDMENT TO WAREHOUSE STORAGE AGREEMENT
This First Amendment is made November 2, 2021 by Tallgrass Storage Co. and Meadowlark Foods, Inc. and modifies
their Warehouse Storage Agreement of May 5, 2020.
Item 1. Rate. The storage rate in Section 3 is increased from $0.85 to $0.97 per pallet per day.
Item 2. Section 6, concerning exclusive use of Bay 4, is eliminated.
Item 3. Where Section 9 says "five business days," it shall now say "two business days."
Item 4. Section 10 is amended so that either party may end the Agreement on 45 days' written notice.
""",
        "WAREHOUSE STORAGE AGREEMENT",
        "2020-05-05",
        ["words_exchanged Section 3", "deleted Section 6", "words_exchanged Section 9", "amended Section 10"],
    ),
    "addendum": (
        """ADDENDUM NO. 1
to the Distribution Contract dated 11 April 2018 between Sable Instruments SA and Kestrel Trading FZE

Article 4.2 is amended to read as follows:

The Distributor shall buy at least 300 instruments in each calendar year.

Article 7 is cancelled and replaced by the following text:

Disputes are settled by arbitration in Geneva under the rules of the ICC.

All other articles remain unchanged.
""",
        "Distribution Contract",
        "2018-04-11",
        ["replaced Article 4.2", "replaced Article 7"],
    ),
    "change order": (
        """CHANGE ORDER NO. 3

Project: Riverside Pump House. Contract dated February 2, 2021 between City of Alder ("Owner") and Blunt
Builders Inc. ("Contractor").

The Contract is changed as follows:
1. The Contract Sum is increased by $48,200, from $1,200,000 to $1,248,200.
2. The date of Substantial Completion in Article 3 is changed to November 30, 2021.
""",
        "Riverside Pump House. Contract",
        "2021-02-02",
        ["words_exchanged the agreement", "amended Article 3"],
    ),
    "joint": (
        """OMNIBUS AMENDMENT

This Omnibus Amendment is dated as of July 1, 2020 and amends (i) the Servicing Agreement dated as of March 1,
2017 and (ii) the Custody Agreement dated as of March 1, 2017, each between Ironbridge Funding LLC and Stonegate
Bank.

1. Section 2.3 of the Servicing Agreement is hereby deleted.
2. Section 4.1 of the Custody Agreement is hereby amended by replacing "10 days" with "15 days".
""",
        "Servicing Agreement",
        "2017-03-01",
        ["deleted Section 2.3", "words_exchanged Section 4.1"],
    ),
    "not an amendment": (
        """FRAMEWORK AGREEMENT
This Agreement is made on 1 May 2020 between A Ltd and B Ltd.
1. Variation. No variation of this Agreement is effective unless in writing. Any Work Order may be amended by a
change order in the form of Schedule 2.
2. Schedule 2 contains the form of amendment. If the law changes, clause 5 shall be amended accordingly.
SCHEDULE 2 Form of Variation
""",
        "",
        "",
        [],
    ),
    "loan": (
        """AMENDMENT TO LOAN AGREEMENT
Between: Osprey Finance Ltd ("Lender") and Mr. Piotr Zielinski ("Borrower")
Date: 14 February 2023
Original agreement: Loan Agreement dated 30 November 2021

The Lender and the Borrower agree to change the Loan Agreement as set out below.

1. Clause 2.2 (Repayment): delete and replace with: "The Borrower shall repay the Loan by 36 instalments of
£450."
2. Clause 5: the interest rate of 7.5% is reduced to 6.9%.
3. The following clauses are deleted: 8.1, 8.2 and 9.
4. Notwithstanding clause 11, the Borrower may repay early without a fee until 31 December 2023.
""",
        "LOAN AGREEMENT",
        "2021-11-30",
        ["replaced Clause 2.2", "amended Clause 5", "deleted Clause 8.1, Clause 8.2, Clause 9"],
    ),
    "nda": (
        """Amendment One to Mutual Non-Disclosure Agreement

This Amendment One ("Amendment One") is entered into as of 3/15/2022 between Fernbank Labs Inc. and Tidal
Robotics Inc. and amends that Mutual Non-Disclosure Agreement dated 9/1/2020 ("NDA").

1. The last sentence of Section 6 of the NDA is hereby modified by adding at its end: "provided that the
obligations for trade secrets continue".
2. The term of the NDA, which was to end on September 1, 2022, is hereby extended until September 1, 2024.
3. Section 3(c) is hereby deleted and Sections 3(d) and 3(e) are renumbered accordingly.
4. The parties agree that Section 7 shall not apply to disclosures under the Joint Study.
""",
        "Mutual Non-Disclosure Agreement",
        "2020-09-01",
        ["added Section 6~", "extended definition of “term”", "deleted Section 3(c)", "amended Section 7"],
    ),
    "lease us": (
        """FIRST AMENDMENT TO LEASE

THIS FIRST AMENDMENT TO LEASE ("First Amendment") is made and entered into as of the 10th day of June, 2021, by
and between HARBOR POINT OWNER, LLC, a Delaware limited liability company ("Landlord"), and BRIGHT SMILES
DENTAL, P.A. ("Tenant").

R E C I T A L S
A. Landlord and Tenant entered into that certain Lease dated August 22, 2016 (the "Original Lease"; as amended
hereby, the "Lease"), for premises known as Suite 210.
B. The Term of the Original Lease expires on August 31, 2021.

1. Extension. The Term is extended for sixty (60) months, commencing September 1, 2021 and expiring August 31,
2026 (the "Extended Term").
2. Base Rent. During the Extended Term, Section 4.1 of the Original Lease shall be of no effect and Tenant shall
pay Base Rent as follows: $5,200 a month.
3. Security Deposit. In lieu of the deposit described in Section 5, Tenant shall deliver a letter of credit for
$10,400.
4. Parking. The number "six (6)" in Section 18 is hereby changed to "four (4)".
5. Broker. Article 25 is deemed deleted.
6. Right of First Offer. Exhibit F is null and void.
""",
        "LEASE",
        "2016-08-22",
        [
            "extended definition of “Term”",
            "replaced Section 4.1",
            "words_exchanged Section 18",
            "deleted Article 25",
            "deleted Exhibit F",
        ],
    ),
    "employment": (
        """ADDENDUM TO EMPLOYMENT CONTRACT

Employer: Larch & Sons Ltd. Employee: Imogen Achebe. Contract date: 1 September 2019.

With effect from 1 March 2023 the following changes apply:
(a) Clause 3 (Salary): £41,500 per annum (previously £38,000).
(b) Clause 6 (Hours): 30 hours a week in place of 37.5 hours a week.
(c) Clause 12 (Notice) remains unchanged.
""",
        "EMPLOYMENT CONTRACT",
        "2019-09-01",
        ["words_exchanged Clause 3", "words_exchanged Clause 6"],
    ),
    "joint letter": (
        """Re: Amendment to Distribution Agreement dated October 2, 2018 (the "Agreement")

Dear Mr. Ruiz:

This letter agreement sets forth the amendments to the Agreement on which Vireo Optics Corp. and Cordillera
Imports S.A. have agreed.

First, the Territory in Section 1.4 will include Peru.
Second, the minimum purchases in Section 5.1 for 2020 will be 4,000 units rather than 6,000 units.
Third, Section 9.3 is superseded in its entirety by the following: Either party may terminate on 120 days'
notice.
""",
        "Agreement",
        "2018-10-02",
        ["amended Section 1.4", "words_exchanged Section 5.1", "replaced Section 9.3"],
    ),
    "amended twice": (
        """AMENDMENT NO. 4 TO THE PROFESSIONAL SERVICES AGREEMENT
(the "Fourth Amendment")

The Professional Services Agreement, effective as of January 9, 2017, between the County of Marlow and Denby
Engineers LLP, as heretofore amended, is hereby further amended effective July 1, 2020 in the following
particulars only:

Exhibit B, Paragraph 2, entitled "Maximum Compensation," is amended by increasing the not-to-exceed amount by
$75,000 from $300,000 to a new total of $375,000.

The termination date set forth in Section 3 is hereby extended from June 30, 2020 to June 30, 2021.

Section 14, Insurance, is hereby deleted in its entirety and restated as set forth in Attachment 1.
""",
        "PROFESSIONAL SERVICES AGREEMENT",
        "2017-01-09",
        ["words_exchanged Exhibit B, Paragraph 2", "words_exchanged Section 3", "replaced Section 14"],
    ),
}
