"""Word files as a reader sees them: text, automatic numbers, changes, notes, tables, cites."""

from dataclasses import dataclass
from io import BytesIO

import docx as python_docx
import pytest
from docx.enum.text import WD_BREAK
from PIL import Image

from retrieval.core.documents import Document
from retrieval.core.errors import DamagedFile, EncryptedFile, TooManyPages, TooMuchMemory, TooMuchText
from retrieval.core.limits import Limits
from retrieval.reading.docx import read_docx
from retrieval.reading.docx_numbering import formatted
from retrieval.reading.recognition import Grey, Reading, ReadWord
from retrieval.structure.clauses import outline, pin_cite
from tests import scans
from tests.docx_files import (
    NAMESPACES,
    cell,
    deleted,
    docx,
    field,
    in_list,
    inserted,
    level,
    numbering,
    packed,
    paragraph,
    row,
    run,
    style,
    table,
)


def read(data: bytes, limits: Limits = Limits()) -> Document:  # noqa: B008 (frozen)
    return read_docx(data, name="a.docx", document_id="a", limits=limits)


def remarked(document: Document) -> list[tuple[str, str, str]]:
    """Kind, words in the text and words beside it, of each remark but those that only part blocks."""
    return [(m.kind, document.text[m.start : m.end], m.words) for m in document.remarks if m.kind != "column"]


LEGAL = numbering(
    level(0, "%1.") + level(1, "%1.%2") + level(2, "(%3)", "lowerLetter") + level(3, "(%4)", "lowerRoman")
)
ARTICLES = numbering(
    level(0, "Article %1", "upperRoman", more='<w:pStyle w:val="Heading1"/>')
    + level(1, "%1.%2", more='<w:pStyle w:val="Heading2"/><w:isLgl/>')
)
DELETED_MARK = '<w:del w:id="9" w:author="A. Lawyer" w:date="2024-03-01T10:00:00Z"/>'
MOVED = 'w:id="5" w:author="A. Lawyer" w:date="2024-03-01T10:00:00Z"'


BOXED = f"<w:txbxContent>{paragraph('Boxed.')}</w:txbxContent>"


def of(n: int, *runs: str, **more: str) -> str:
    """A paragraph of a level of the legal list."""
    return paragraph(*runs, number=(1, n), **more)


# Each is a made document and its text, line by line.
TEXTS: dict[str, tuple[bytes, str]] = {
    "legal numbers of four levels": (
        docx(
            of(0, "Fees"), of(1, "Client pays."), of(1, "Client pays for:"), of(2, "work;"), of(3, "by day;"),
            of(3, "by hour;"), of(2, "travel."), of(0, "Term"), of(1, "Two years."),
            parts={"numbering": LEGAL},
        ),
        "1. Fees\n1.1 Client pays.\n1.2 Client pays for:\n(a) work;\n(i) by day;\n(ii) by hour;\n(b) travel.\n2. Term\n"
        "2.1 Two years.",
    ),
    "numbers of heading styles, all arabic below a roman article": (
        docx(
            paragraph("Fees", style="Heading1"), paragraph("Due.", style="Heading2"),
            paragraph("Late.", style="Heading2"), paragraph("Term", style="Heading1"),
            paragraph("Years.", style="Heading2"),
            parts={
                "numbering": ARTICLES,
                "styles": "".join(
                    style(f"Heading{n}", '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>') for n in (1, 2)
                ),
            },
        ),
        "Article I Fees\n1.1 Due.\n1.2 Late.\nArticle II Term\n2.1 Years.",
    ),
    "a number that a style has from the one it is based on": (
        docx(
            paragraph("One", style="Base"), paragraph("Two", style="Own"), paragraph("Three", style="Other"),
            parts={
                "numbering": LEGAL,
                "styles": style("Base", in_list(1))
                + style("Own", '<w:basedOn w:val="Base"/><w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr>')
                + style("Other", f'<w:basedOn w:val="Base"/>{in_list(0)}'),
            },
        ),
        "1. One\n1.1 Two\nThree",
    ),
    "a suppressed number": (
        docx(of(0, "One"), paragraph("No number", number=(0, 0)), of(0, "Two"), parts={"numbering": LEGAL}),
        "1. One\nNo number\n2. Two",
    ),
    "lists that count together and one that begins anew": (
        docx(
            of(0, "One"), paragraph("Two", number=(2, 0)), paragraph("New", number=(3, 0)),
            paragraph("Newer", number=(3, 0)),
            parts={
                "numbering": numbering(
                    level(0, "%1."),
                    instances={
                        2: '<w:abstractNumId w:val="1"/>',
                        3: '<w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/>'
                        "</w:lvlOverride>",
                    },
                )
            },
        ),
        "1. One\n2. Two\n1. New\n2. Newer",
    ),
    "a level of its own in one instance": (
        docx(
            of(0, "One"), paragraph("Other", number=(2, 0)),
            parts={
                "numbering": numbering(
                    level(0, "%1."),
                    instances={
                        2: '<w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0">' + level(0, "[%1]", "upperLetter")
                        + "</w:lvlOverride>"
                    },
                )
            },
        ),
        "1. One\n[B] Other",
    ),
    "a list that begins at 4 and one that never begins anew": (
        docx(
            of(0, "Four"), of(1, "a"), of(0, "Five"), of(1, "b"),
            parts={
                "numbering": numbering(
                    level(0, "%1)", start=4) + level(1, "(%2)", "lowerLetter", more='<w:lvlRestart w:val="0"/>')
                )
            },
        ),
        "4) Four\n(a) a\n5) Five\n(b) b",
    ),
    "one number of several levels": (
        docx(
            of(0, "Fees"), of(1, "Due"), of(2, "now"), of(2, "later"),
            parts={
                "numbering": numbering(
                    level(0, "%1.") + level(1, "%1.%2") + level(2, "%1.%2(%3)", "lowerLetter")
                )
            },
        ),
        "1. Fees\n1.1 Due\n1.1(a) now\n1.1(b) later",
    ),
    "a list that a style links to": (
        docx(
            paragraph("One", number=(2, 0)), paragraph("Two", number=(1, 0)),
            parts={
                "numbering": numbering(
                    '<w:numStyleLink w:val="Legal"/>', '<w:styleLink w:val="Legal"/>' + level(0, "§ %1")
                ),
                "styles": style("Legal", in_list(2), kind="numbering"),
            },
        ),
        "§ 1 One\n§ 2 Two",
    ),
    "a subsection before its first section, which then counts as begun": (
        docx(of(1, "Due."), of(0, "Fees"), of(1, "Late."), parts={"numbering": LEGAL}),
        "1.1 Due.\n2. Fees\n2.1 Late.",
    ),
    "bullets, and words that stand glued to their number": (
        docx(
            of(0, "ten"), of(1, "twenty"),
            parts={
                "numbering": numbering(
                    level(0, "\uf0b7", "bullet") + level(1, "No. %2:", more='<w:suff w:val="nothing"/>')
                )
            },
        ),
        "• ten\nNo. 1:twenty",
    ),
    "insertions and deletions": (
        docx(
            paragraph(run("Client shall pay within "), deleted("sixty (60)"), inserted("thirty (30)"), run(" days.")),
        ),
        "Client shall pay within thirty (30) days.",
    ),
    "a paragraph whose mark is deleted runs on with the number of the next": (
        docx(
            of(0, "One"), of(0, run("Two "), mark=DELETED_MARK), of(1, "and three"), of(0, "Four"),
            parts={"numbering": LEGAL},
        ),
        "1. One\n1.1 Two and three\n2. Four",
    ),
    "a deleted paragraph does not count": (
        docx(of(0, "One"), of(0, deleted("Gone"), mark=DELETED_MARK), of(0, "Two"), parts={"numbering": LEGAL}),
        "1. One\n2. Two",
    ),
    "a moved paragraph stands where it was moved to": (
        docx(
            of(0, f"<w:moveFrom {MOVED}>{run('Moved')}</w:moveFrom>", mark=f"<w:moveFrom {MOVED}/>"),
            of(0, "Stays"), of(0, f"<w:moveTo {MOVED}>{run('Moved')}</w:moveTo>", mark=f"<w:moveTo {MOVED}/>"),
            parts={"numbering": LEGAL},
        ),
        "1. Stays\n2. Moved",
    ),
    "words that one inserts and another deletes": (
        docx(paragraph(run("Rent is "), inserted(deleted("high", by="B"), run("due")), run("."))),
        "Rent is due.",
    ),
    "rows put in and taken out, and a deleted cell": (
        docx(
            table(
                row("Item", "Price"), row("Old", "1", properties=f"<w:del {MOVED}/>"),
                row("New", cell("3", properties=f"<w:cellDel {MOVED}/>"), "2", properties=f"<w:ins {MOVED}/>"),
            )
        ),
        "Item\tPrice\n\nNew\t\t2",
    ),
    "formatting that was changed": (
        docx(paragraph(run("Bold now.", f"<w:b/><w:rPrChange {MOVED}><w:rPr><w:strike/></w:rPr></w:rPrChange>"))),
        "Bold now.",
    ),
    "words struck through by hand, and by a style": (
        docx(
            paragraph(
                run("Rent is "), run("5", "<w:strike/>"), run("6", '<w:strike w:val="0"/>'),
                run("7", '<w:rStyle w:val="Gone"/>'), run(" dollars."),
            ),
            parts={"styles": style("Gone", "<w:rPr><w:dstrike/></w:rPr>", kind="character")},
        ),
        "Rent is 6 dollars.",
    ),
    "hidden words, white ones and tiny ones": (
        docx(
            paragraph(
                run("Seen"), run("h1dden", "<w:vanish/>"), run("wh1te", '<w:color w:val="FFFFFF"/>'),
                run("t1ny", '<w:sz w:val="2"/>'), run(" and", '<w:vanish w:val="false"/>'),
                run(" white on black", '<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="000000"/>'),
            )
        ),
        "Seen and white on black",
    ),
    "a heading that runs in (style separator)": (
        docx(
            of(0, run("Fees."), mark="<w:vanish/><w:specVanish/>"), paragraph(" Client pays."), of(0, "Term."),
            parts={"numbering": LEGAL},
        ),
        "1. Fees. Client pays.\n2. Term.",
    ),
    "footnotes after their paragraph, endnotes at the end": (
        docx(
            paragraph(run("Pay at once"), '<w:r><w:footnoteReference w:id="2"/></w:r>', run(" in dollars.")),
            paragraph(run("Pay all"), '<w:r><w:endnoteReference w:id="7"/></w:r>',
                      '<w:r><w:footnoteReference w:customMarkFollows="1" w:id="3"/><w:t>*</w:t></w:r>', run(".")),
            parts={
                "footnotes": '<w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>'
                f'<w:footnote w:id="2">{paragraph("<w:r><w:footnoteRef/></w:r>", run("Within a day."))}</w:footnote>'
                f'<w:footnote w:id="3">{paragraph("* Not part.")}</w:footnote>',
                "endnotes": f'<w:endnote w:id="7">{paragraph("Save tax.")}</w:endnote>',
            },
        ),
        "Pay at once in dollars.\n1 Within a day.\nPay all.\n* Not part.\ni Save tax.",
    ),
    "comments": (
        docx(
            paragraph(run("The "), '<w:commentRangeStart w:id="4"/>', run("Tenant"), '<w:commentRangeEnd w:id="4"/>',
                      '<w:r><w:commentReference w:id="4"/></w:r>', run(" pays.")),
            parts={"comments": f'<w:comment w:id="4" w:author="B. Judge">{paragraph("Who is it?")}</w:comment>'},
        ),
        "The Tenant pays.",
    ),
    "fields show their results, and no codes": (
        docx(
            paragraph(run("See "), field("REF _x", "Section 4"), run(", "),
                      f'<w:fldSimple w:instr="PAGEREF _x">{run("page 9")}</w:fldSimple>', run(", "),
                      field("IF a = b", inside=field("DOCPROPERTY Party", "Acme")), run(".")),
        ),
        "See Section 4, page 9, Acme.",
    ),
    "a field that never ends keeps no words out": (
        docx(paragraph('<w:r><w:fldChar w:fldCharType="begin"/></w:r>', run("Rent is due."))),
        "Rent is due.",
    ),
    "contents": (
        docx(
            paragraph(run("1. Fees"), "<w:r><w:tab/></w:r>", run("3"), style="Inhalt1"), "1. Fees",
            parts={"styles": style("Inhalt1", "", name="toc 1")},
        ),
        "1. Fees ........ 3\n1. Fees",
    ),
    "boxes to tick": (
        docx(
            paragraph(
                '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr><w:sdtContent>'
                f'{run("☒")}</w:sdtContent></w:sdt>', run(" Cash "),
                '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="0"/></w14:checkbox></w:sdtPr><w:sdtContent>'
                f'{run("☐")}</w:sdtContent></w:sdt>', run(" Card ☑ Wire "),
                '<w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r>',
                '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="1"/></w:checkBox>'
                '</w:ffData></w:fldChar></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>',
            )
        ),
        "[X] Cash [ ] Card [X] Wire [ ][X]",
    ),
    "an entry chosen from a list, with and without its result": (
        docx(
            paragraph(
                *(
                    '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/>'
                    '<w:listEntry w:val="Antwerp"/><w:listEntry w:val="Ghent"/></w:ddList></w:ffData></w:fldChar></w:r>'
                    f'<w:r><w:instrText> FORMDROPDOWN </w:instrText></w:r>{result}'
                    '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
                    for result in ("", f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run(" or Ostend")}')
                )
            )
        ),
        "Ghent or Ostend",
    ),
    "formulas in one line": (
        docx(
            paragraph(
                "<m:oMath><m:r><m:t>D=</m:t></m:r><m:f><m:num><m:r><m:t>P-R</m:t></m:r></m:num><m:den><m:r><m:t>365</m:t>"
                "</m:r></m:den></m:f><m:d><m:e><m:r><m:t>1+i</m:t></m:r></m:e></m:d><m:sSup><m:e><m:r><m:t>10</m:t></m:r>"
                "</m:e><m:sup><m:r><m:t>6</m:t></m:r></m:sup></m:sSup><m:rad><m:deg/><m:e><m:r><m:t>x</m:t></m:r></m:e>"
                '</m:rad><m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub><m:r><m:t>t</m:t></m:r></m:sub><m:sup/>'
                "<m:e><m:r><m:t>C</m:t></m:r></m:e></m:nary></m:oMath>"
            )
        ),
        "D=(P-R)/365(1+i)10^6√(x)∑t C",
    ),
    "content controls, tags, ruby and formulas": (
        docx(
            f'<w:sdt><w:sdtContent>{paragraph("Held.")}</w:sdtContent></w:sdt>',
            paragraph(
                f"<w:sdt><w:sdtContent>{run('Acme')}</w:sdtContent></w:sdt>",
                f"<w:smartTag>{run(' Inc.')}</w:smartTag>",
                f"<w:r><w:ruby><w:rt>{run('kan')}</w:rt><w:rubyBase>{run('漢')}</w:rubyBase></w:ruby></w:r>",
                "<m:oMath><m:r><m:t>a+b</m:t></m:r></m:oMath>",
            ),
        ),
        "Held.\nAcme Inc.漢a+b",
    ),
    "hyphens, tabs, breaks and symbols": (
        docx(
            paragraph(
                "<w:r><w:t>ARTICLE I</w:t><w:br/><w:t>A third</w:t><w:noBreakHyphen/><w:t>party</w:t><w:tab/>"
                '<w:t>in\u00addem\u00a0x</w:t><w:softHyphen/><w:sym w:font="Symbol" w:char="F0B3"/></w:r>'
            )
        ),
        "ARTICLE I\nA third-party\tindem x≥",
    ),
    "text boxes, once, after their paragraph": (
        docx(
            paragraph(
                run("Body"),
                f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>{BOXED}</wps:txbx>"
                f"</w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{BOXED}</v:textbox></w:pict></mc:Fallback>"
                "</mc:AlternateContent></w:r>",
                run(" runs on."),
            )
        ),
        "Body runs on.\nBoxed.",
    ),
    "two text boxes in one paragraph": (
        docx(paragraph(run("Body."), *[f"<w:r><w:pict>{BOXED}</w:pict></w:r>"] * 2)),
        "Body.\nBoxed.\nBoxed.",
    ),
    "a hidden row does not count": (
        docx(
            table(row(cell(of(0, "gone")), "1", properties="<w:hidden/>"), row(cell(of(0, "seen")), "2")),
            parts={"numbering": LEGAL},
        ),
        "\n1. seen\t2",
    ),
    "a table of figures": (
        docx(
            table(
                row("Vintage", "Price", properties="<w:tblHeader/>"), row("2018", "EUR 84"),
                row(cell("2019", properties='<w:vMerge w:val="restart"/>'), cell("EUR", "66")),
                row(cell("2019", properties="<w:vMerge/>"), "EUR 67"),
            )
        ),
        "Vintage\tPrice\n2018\tEUR 84\n2019\tEUR 66\n\tEUR 67",
    ),
    "a table that lays out signatures": (
        docx(table(row(cell("ACME INC.", "By: ____"), cell("BETA LLC", "By: ____")))),
        "ACME INC.\nBy: ____\nBETA LLC\nBy: ____",
    ),
    "a table in a table": (
        docx(table(row(cell("Outer", table(row("a", "1"), row("b", "2")) + "<w:p/>"), "Beside"))),
        "Outer\na\t1\nb\t2\nBeside",
    ),
    "headers that say more than the body": (
        docx(
            "SERVICES AGREEMENT",
            '<w:sectPr><w:headerReference w:type="default" r:id="header1"/>'
            '<w:headerReference w:type="first" r:id="header2"/><w:footerReference w:type="default" r:id="footer1"/>'
            "</w:sectPr>",
            parts={
                "header1": paragraph("Services Agreement") + paragraph("Draft of 3 March 2024"),
                "header2": paragraph("No first page has a header of its own"),
                "footer1": paragraph(run("Page "), field("PAGE", "3"), run(" of "), field("NUMPAGES", "9")),
            },
        ),
        "Draft of 3 March 2024\nSERVICES AGREEMENT",
    ),
    "a watermark and a drop cap": (
        docx(
            paragraph("T", more='<w:framePr w:dropCap="drop"/>'), "his is it.",
            '<w:sectPr><w:headerReference w:type="default" r:id="header1"/></w:sectPr>',
            parts={"header1": paragraph('<w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>')},
        ),
        "DRAFT\nThis is it.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "text"), TEXTS.values(), ids=TEXTS)
def test_text_is_what_a_reader_sees(data: bytes, text: str) -> None:
    document = read(data)
    assert document.text == text
    assert [page.label for page in document.pages] == [""]
    for m in document.remarks:
        assert 0 <= m.start <= m.end <= len(text)


LAWYER = "A. Lawyer, 2024-03-01"
REMARKS: dict[str, list[tuple[str, str, str]]] = {
    "insertions and deletions": [("struck", "", "sixty (60)"), ("inserted", "thirty (30)", "")],
    "a deleted paragraph does not count": [("struck", "", "Gone")],
    "a moved paragraph stands where it was moved to": [("struck", "", "Moved"), ("inserted", "Moved", "")],
    "words that one inserts and another deletes": [("struck", "", "high"), ("inserted", "due", "")],
    "formatting that was changed": [],
    "words struck through by hand, and by a style": [("struck", "", "5"), ("struck", "", "7")],
    "hidden words, white ones and tiny ones": [("hidden", "", "")],
    "comments": [("comment", "", "Who is it?")],
    "footnotes after their paragraph, endnotes at the end": [
        ("footnote", "1 Within a day.", ""),
        ("footnote", "* Not part.", ""),
        ("footnote", "i Save tax.", ""),
    ],
    "a table of figures": [
        ("row", "Vintage\tPrice", ""),
        ("row", "2018\tEUR 84", "Vintage\tPrice"),
        ("row", "2019\tEUR 66", "Vintage\tPrice"),
        ("row", "\tEUR 67", "Vintage\tPrice"),
    ],
    "a table that lays out signatures": [],
}


@pytest.mark.parametrize(("name", "remarks"), REMARKS.items(), ids=REMARKS)
def test_remarks_say_what_is_no_live_word(name: str, remarks: list[tuple[str, str, str]]) -> None:
    assert remarked(read(TEXTS[name][0])) == remarks


def test_changes_name_their_authors_and_days() -> None:
    document = read(TEXTS["words that one inserts and another deletes"][0])
    assert [m.detail for m in document.remarks] == ["B, 2024-03-01", LAWYER]
    assert read(TEXTS["comments"][0]).remarks[0].detail == "B. Judge"
    assert document.text[document.remarks[1].start :].startswith("due")


def test_a_deleted_row_is_told_with_its_words() -> None:
    document = read(TEXTS["rows put in and taken out, and a deleted cell"][0])
    assert [m.words for m in document.remarks_of("struck")] == ["Old", "1", "3"]
    assert [document.text[m.start : m.end] for m in document.remarks_of("inserted")] == ["New", "2"]


WARNED = {
    "insertions and deletions": "The file is a redline: 1 insertion and 1 deletion by A. Lawyer. It is read",
    "words struck through by hand, and by a style": "The file is a redline: 2 passages struck through. It is read",
    "hidden words, white ones and tiny ones": "The file has hidden words; they are not shown or searched here",
    "comments": "The file has 1 comment by B. Judge; comments are no part of its text.",
}


@pytest.mark.parametrize(("name", "sentence"), WARNED.items(), ids=WARNED)
def test_warnings_say_what_whoever_relies_on_it_has_to_know(name: str, sentence: str) -> None:
    (warning,) = read(TEXTS[name][0]).warnings
    assert warning.page is None
    assert warning.text.startswith(sentence)


def test_nothing_of_hidden_words_is_kept() -> None:
    kept = repr(read(TEXTS["hidden words, white ones and tiny ones"][0]))
    assert "1dden" not in kept
    assert "1te" not in kept
    assert "1ny" not in kept


SECTIONS = [
    ("legal numbers of four levels", "by hour", "Section 1.2(a)(ii) (Fees)", "¶ 6"),
    ("numbers of heading styles, all arabic below a roman article", "Years", "Section 2.1 (Years)", "¶ 5"),
    (
        "a paragraph whose mark is deleted runs on with the number of the next",
        "and three",
        "Section 1.1 (Two and three)",
        "¶ 2",
    ),
    ("a heading that runs in (style separator)", "Client pays", "Section 1 (Fees)", "¶ 1"),
    ("lists that count together and one that begins anew", "Two", "Section 2 (Two)", "¶ 2"),
    ("insertions and deletions", "thirty (30)", "", "¶ 1"),
]


@pytest.mark.parametrize(("name", "words", "section", "place"), SECTIONS, ids=[row[0] for row in SECTIONS])
def test_cites_are_the_automatic_number_and_the_paragraph(name: str, words: str, section: str, place: str) -> None:
    document = read(TEXTS[name][0])
    at = document.text.index(words)
    cite = pin_cite(document, document.span(at, at + len(words)))
    assert (cite.section, cite.lines) == (section, place)
    assert (cite.page, cite.page_label) == (1, "")


def test_a_cite_of_several_paragraphs_names_the_first_and_the_last() -> None:
    document = read(docx("One.", "", "Two.", "Three."))
    assert pin_cite(document, document.span(0, len(document.text))).lines == "¶¶ 1-3"


def test_a_paragraph_without_an_end_mark_is_a_block_unless_it_goes_on() -> None:
    document = read(docx("Payment of fees", "Client pays", "each month.", "Client pays all of", "Rent", "The end."))
    blocks = [document.text[m.start : m.end] for m in document.remarks_of("column")]
    assert blocks == ["Payment of fees", "Rent"]


def test_items_below_a_section_are_clauses_of_it() -> None:
    clauses = outline(read(TEXTS["legal numbers of four levels"][0]))
    assert [c.number for c in clauses] == ["1", "1.1", "1.2", "1.2(a)", "1.2(a)(i)", "1.2(a)(ii)", "1.2(b)", "2", "2.1"]


PAGE = "<w:r><w:lastRenderedPageBreak/></w:r>"
BREAK = '<w:r><w:br w:type="page"/></w:r>'


def test_pages_are_those_of_words_own_last_pagination() -> None:
    numbers = '<w:sectPr><w:pgNumType w:fmt="lowerRoman" w:start="3"/></w:sectPr>'
    document = read(
        docx(
            paragraph("Cover", more=numbers), paragraph(PAGE, run("One runs ")), paragraph(PAGE, run("on.")),
            paragraph(run("Two"), BREAK), paragraph(PAGE, run("Three")),
            table(row("a", "1"), row(cell(paragraph(PAGE, run("b"))), cell(paragraph(PAGE, run("2"))))),
            '<w:sectPr><w:pgNumType w:start="1"/></w:sectPr>', pages=5,
        )
    )  # fmt: skip
    texts = [document.text[p.start : p.end] for p in document.pages]
    assert texts == ["Cover", "One runs ", "on.\nTwo", "Three\na\t1", "b\t2"]
    assert [(p.number, p.label) for p in document.pages] == [(1, "iii"), (2, "1"), (3, "2"), (4, "3"), (5, "4")]
    assert pin_cite(document, document.span(7, 10)).lines == ""


def test_a_page_that_begins_inside_a_paragraph_cuts_its_remarks() -> None:
    document = read(docx(paragraph(inserted(run("before "), PAGE, run("after")), deleted("x"))))
    assert document.text == "before \fafter"
    assert remarked(document) == [("inserted", "before ", ""), ("inserted", "after", ""), ("struck", "", "x")]


def test_pages_of_which_marks_are_missing_are_not_cited() -> None:
    document = read(docx("One.", paragraph(PAGE, run("Two.")), pages=7))
    assert (document.text, [page.label for page in document.pages]) == ("One.\nTwo.", [""])


def test_a_file_without_marks_is_cut_into_sheets_that_nobody_cites() -> None:
    document = read(docx(*["Rent is due. " * 100] * 5))
    assert [(p.number, p.label) for p in document.pages] == [(1, ""), (2, ""), (3, "")]
    assert pin_cite(document, document.span(len(document.text) - 5, len(document.text))).lines == "¶ 5"


def test_progress_is_told_on_the_way() -> None:
    seen: list[tuple[int, int]] = []
    data = docx(*["Rent is due. " * 100] * 20)
    document = read_docx(data, name="a.docx", document_id="a", on_page=lambda *at: seen.append(at))
    assert seen[0] == (0, 9)
    assert seen[-1] == (len(document.pages),) * 2 == (10, 10)
    assert [page for page, _ in seen[1:-1]] == list(range(1, 9))


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(TooManyPages, match="has 3 pages; the limit is 2"):
        read(docx("One.", paragraph(PAGE, run("Two.")), paragraph(PAGE, run("3."))), Limits(pages=2))


def picture(inches: float, relation: str = "x") -> str:
    size = int(inches * 914_400)
    return (
        f'<w:r><w:drawing><wp:inline><wp:extent cx="{size}" cy="{size}"/><a:graphic><a:blip r:embed="{relation}"/>'
        "</a:graphic></wp:inline></w:drawing></w:r>"
    )


@pytest.mark.parametrize(
    ("body", "readable", "partly"),
    [
        ((paragraph("Signed:", picture(0.5)),), True, False),
        ((paragraph("As shown:", picture(4)),), True, True),
        ((paragraph(picture(4)),), False, False),
        (("Attached:", '<w:altChunk r:id="x"/>'), True, True),
        ((paragraph(run("Pay "), field("LISTNUM"), run(" rent.")),), True, True),
    ],
    ids=["a signature", "a picture of words", "a scan", "a file shown in it", "a number that only Word counts"],
)
def test_what_is_shown_and_not_read_is_told(body: tuple[str, ...], readable: bool, partly: bool) -> None:
    (page,) = read(docx(*body)).pages
    assert (page.readable, page.partly) == (readable, partly)


def png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "png")
    return out.getvalue()


def recognised(_: Grey) -> Reading:
    """What is read in every picture."""
    words = [ReadWord(word, (60.0 * n, 0, 50.0 + 60 * n, 25), 0.93) for n, word in enumerate(["Rent", "is", "900."])]
    return Reading((tuple(words),), 0.0)


def test_words_of_a_picture_are_recognised_after_its_paragraph_and_once() -> None:
    scan = png(scans.cropped(scans.picture("Rent is 900.\nIt is due each month.")))
    data = docx(paragraph("As agreed:", picture(4, "a")), paragraph("End", picture(4, "a")), pictures={"a": scan})
    document = read_docx(data, name="a.docx", document_id="a", recognise=recognised)
    assert document.text == "As agreed:\nRent is 900.\nEnd"
    assert [(m.start, m.end, m.detail) for m in document.remarks_of("recognised")] == [(11, 23, "93")]
    assert [(page.readable, page.partly) for page in document.pages] == [(True, False)]
    assert read(data).partly_read_pages == (1,)  # without recognition


@pytest.mark.parametrize(
    ("data", "partly"), [(png(scans.photograph()), False), (b"<svg/>", True)], ids=["a photograph", "a drawing"]
)
def test_a_picture_without_words_is_no_gap(data: bytes, partly: bool) -> None:
    document = read_docx(
        docx(paragraph("The site:", picture(4, "a")), pictures={"a": data}),
        name="a.docx",
        document_id="a",
        recognise=lambda _: Reading((), 0.0),
    )
    assert (document.text, document.pages[0].partly) == ("The site:", partly)


def test_embedded_objects_are_named() -> None:
    document = read(
        docx(paragraph('<w:r><w:object><o:OLEObject ProgID="Excel.Sheet.12"/></w:object></w:r>', run("Fees.")))
    )
    (warning,) = document.warnings
    assert (warning.kind, warning.text) == (
        "attachments", "The file has 1 embedded file (Excel.Sheet.12), no part of its text.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("format_", "count", "text"),
    [
        ("upperRoman", 44, "XLIV"), ("lowerLetter", 28, "bb"), ("upperLetter", 26, "Z"), ("decimalZero", 7, "07"),
        ("ordinal", 112, "112th"), ("ordinal", 23, "23rd"), ("cardinalText", 21, "Twenty-one"),
        ("ordinalText", 22, "Twenty-second"), ("ordinalText", 40, "Fortieth"), ("chicago", 6, "††"), ("none", 3, ""),
        ("unheardOf", 12, "12"), ("lowerLetter", 9_999, "9999"),
    ],
)  # fmt: skip
def test_formats_of_numbers(format_: str, count: int, text: str) -> None:
    assert formatted(count, format_) == text


def test_a_strict_file_is_read_as_any_other() -> None:
    strict = {
        "http://schemas.openxmlformats.org/wordprocessingml/2006/": "http://purl.oclc.org/ooxml/wordprocessingml/"
    }
    body = f"<w:document {NAMESPACES}><w:body>{paragraph('Rent is due.')}</w:body></w:document>"
    for usual, other in strict.items():
        body = body.replace(usual, other)
    assert read(packed({"word/document.xml": body.encode(), "[Content_Types].xml": b"<Types/>"})).text == "Rent is due."


def test_a_file_of_python_docx_reads_as_it_wrote_it() -> None:
    made = python_docx.Document()
    made.add_heading("Lease", 1)
    made.add_paragraph("The Tenant pays.").add_run().add_break(WD_BREAK.PAGE)
    made.add_paragraph("rent;", style="List Number")
    made.add_paragraph("water.", style="List Number")
    made.add_paragraph("light", style="List Bullet")
    grid = made.add_table(2, 2)
    for at, words in enumerate(["Month", "Rent", "May", "$900"]):
        grid.cell(at // 2, at % 2).text = words
    made.sections[0].header.paragraphs[0].text = "Draft 4"
    out = BytesIO()
    made.save(out)
    assert read(out.getvalue()).text == (
        "Draft 4\nLease\nThe Tenant pays.\n1. rent;\n2. water.\n• light\nMonth\tRent\nMay\t$900"
    )


@dataclass
class Nested:
    """Elements inside of each other."""

    opening: str
    closing: str
    inside: str

    def xml(self, depth: int) -> str:
        return self.opening * depth + self.inside + self.closing * depth


NESTED = {
    "tables": Nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", paragraph("Deep.")),
    "text boxes": Nested(
        "<w:p><w:r><w:pict><w:txbxContent>", "</w:txbxContent></w:pict></w:r></w:p>", paragraph("Deep.")
    ),
    "controls": Nested("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>", paragraph("Deep.")),
    "changes": Nested("<w:ins>", "</w:ins>", paragraph("Deep.")),
}


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_deep_nesting_is_read_or_refused(nested: Nested) -> None:
    levels = nested.opening.count("<")
    assert read(docx(nested.xml(200 // levels))).text.strip() == "Deep."
    with pytest.raises(DamagedFile):
        read(docx(nested.xml(5_000)))


LAUGHS = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("head", [LAUGHS, OUTSIDE, '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">'])
def test_document_types_and_entities_are_refused(head: str) -> None:
    body = f"{head}<w:document {NAMESPACES}><w:body><w:p><w:r><w:t>&a;</w:t></w:r></w:p></w:body></w:document>"
    with pytest.raises(DamagedFile):
        read(packed({"word/document.xml": body.encode()}))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = packed({"word/document.xml": b" " * (5 << 20)})
    with pytest.raises(TooMuchMemory, match="the limit of 64 MiB"):
        read(bomb, Limits(memory_mib=64))


def test_text_without_end_is_refused() -> None:
    with pytest.raises(TooMuchText):
        read(docx(*["Rent is due."] * 100), Limits(characters=1_000))


def test_files_that_are_none_are_refused() -> None:
    for data in (b"PK\3\4", packed({"word/other.xml": b"<x/>"}), packed({"word/document.xml": b"<w:document"})):
        with pytest.raises(DamagedFile):
            read(data)


def test_a_password_is_told() -> None:
    data = bytearray(docx("Rent is due."))
    for signature, flags in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + flags] |= 1
    for locked in (bytes(data), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"EncryptedPackage"):
        with pytest.raises(EncryptedFile):
            read(locked)


def test_notes_that_refer_to_notes_and_styles_to_themselves_end() -> None:
    reference = '<w:r><w:footnoteReference w:id="1"/></w:r>'
    document = read(
        docx(
            paragraph(run("Rent."), *[reference] * 3, style="A"),
            parts={
                "footnotes": f'<w:footnote w:id="1">{paragraph(run("See"), reference)}</w:footnote>',
                "styles": style("A", '<w:basedOn w:val="B"/>') + style("B", '<w:basedOn w:val="A"/>'),
            },
        )
    )
    assert document.text == "Rent.\n1 See"
