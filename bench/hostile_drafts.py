"""Sound PDFs with one feature each, made by hand so that a mutator can reach every object of them.

A `Draft` holds the bodies of its objects by number; it is written with a table of cross-references, or packed into
object streams with a cross-reference stream. What only reportlab writes (JPEG images, tables, AcroForms, encryption) is
taken apart into a draft again where it is not encrypted.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Table

WORDS = (
    "The Supplier shall deliver the Goods within thirty days of each Order.",
    "Either party may terminate this Agreement by notice in writing.",
    "The Customer pays every undisputed invoice within 45 days.",
    "This Agreement is governed by the laws of England and Wales.",
)
OBJECT = re.compile(rb"(\d+) 0 obj\s(.*?)\s?endobj", re.DOTALL)
REFERENCE = re.compile(rb"\b(\d+) 0 R\b")


@dataclass
class Draft:
    """A PDF as its objects: body by number, without `obj` and `endobj`."""

    objects: dict[int, bytes] = field(default_factory=dict)
    root: int = 0
    trailer: bytes = b""  # what the trailer holds besides /Root and /Size

    def add(self, body: bytes) -> int:
        """Add an object; its number."""
        number = max(self.objects, default=0) + 1
        self.objects[number] = body
        return number

    def stream(self, entries: bytes, data: bytes, *, flate: bool = False) -> int:
        """Add a stream; its number."""
        return self.add(stream(entries, data, flate=flate))

    def written(self) -> bytes:
        """The file, with a table of cross-references."""
        out = io.BytesIO()
        out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        at: dict[int, int] = {}
        for number, body in self.objects.items():
            at[number] = out.tell()
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start, size = out.tell(), max(self.objects, default=0) + 1
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        for number in range(1, size):
            out.write(b"%010d 00000 n \n" % at[number] if number in at else b"0000000000 00000 f \n")
        out.write(b"trailer\n<</Root %d 0 R/Size %d%s>>\n" % (self.root, size, self.trailer))
        out.write(b"startxref\n%d\n%%%%EOF\n" % start)
        return out.getvalue()

    def packed(self) -> bytes:
        """The file with object streams and a cross-reference stream, as PDF 1.5 has them."""
        loose = {number: body for number, body in self.objects.items() if b"stream" in body}
        inside = [(number, body) for number, body in self.objects.items() if number not in loose]
        holder = max(self.objects, default=0) + 1
        heads, bodies = b"", b""
        for number, body in inside:
            heads += b"%d %d " % (number, len(bodies))
            bodies += body + b"\n"
        loose[holder] = stream(b"/Type/ObjStm/N %d/First %d" % (len(inside), len(heads)), heads + bodies, flate=True)
        out = io.BytesIO()
        out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        entries = {number: (2, holder, index) for index, (number, _) in enumerate(inside)}
        for number, body in loose.items():
            entries[number] = (1, out.tell(), 0)
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start = out.tell()
        entries[holder + 1] = (1, start, 0)
        rows = [entries.get(number, (0, 0, 0)) for number in range(holder + 2)]
        data = b"".join(
            kind.to_bytes(1, "big") + at.to_bytes(4, "big") + index.to_bytes(2, "big") for kind, at, index in rows
        )
        told = b"/Type/XRef/W[1 4 2]/Root %d 0 R/Size %d%s" % (self.root, len(rows), self.trailer)
        out.write(
            b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (holder + 1, stream(told, data, flate=True), start)
        )
        return out.getvalue()


def stream(entries: bytes, data: bytes, *, flate: bool = False) -> bytes:
    """The body of a stream object; with `flate` its data is compressed."""
    if flate:
        entries, data = entries + b"/Filter/FlateDecode", zlib.compress(data, 9)
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def taken_apart(data: bytes) -> Draft:
    """The draft of a file with plain objects, as reportlab writes them."""
    draft = Draft({int(number): body for number, body in OBJECT.findall(data)})
    root = re.search(rb"/Root (\d+) 0 R", data)
    draft.root = int(root[1]) if root else 0
    return draft


def shown(text: str, *, size: float = 11) -> bytes:
    """Operators that show a line."""
    return b"BT /F1 %g Tf 72 700 Td (%s) Tj ET\n" % (size, text.encode("latin-1", "replace"))


def pages(
    contents: Iterable[bytes],
    *,
    fonts: bytes = b"",
    resources: bytes = b"",
    page: bytes = b"",
    catalog: bytes = b"",
    start: Draft | None = None,
) -> Draft:
    """A draft with a page for each content, under one node. The rest are entries; `start` holds what they refer to."""
    draft = start or Draft()
    font = draft.add(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    tree = draft.add(b"")
    kids = []
    for content in contents:
        content_number = draft.stream(b"", content)
        has = b"/Parent %d 0 R/MediaBox[0 0 595 842]/Contents %d 0 R" % (tree, content_number)
        named = b"/Font<</F1 %d 0 R%s>>%s" % (font, fonts, resources)
        kids.append(draft.add(b"<</Type/Page%s/Resources<<%s>>%s>>" % (has, named, page)))
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    draft.objects[tree] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (listed, len(kids))
    draft.root = draft.add(b"<</Type/Catalog/Pages %d 0 R%s>>" % (tree, catalog))
    return draft


def one_page() -> Draft:
    """A page with a few lines."""
    return pages([b"".join(map(shown, WORDS))])


def many_pages() -> Draft:
    """Thirty pages under nodes of ten, with inherited boxes."""
    draft = pages([shown(f"{number}. {WORDS[number % 4]}") for number in range(30)])
    tree = next(number for number, body in draft.objects.items() if b"/Type/Pages" in body)
    kids = REFERENCE.findall(draft.objects[tree])
    nodes = []
    for begin in range(0, len(kids), 10):
        some = kids[begin : begin + 10]
        node = draft.add(
            b"<</Type/Pages/Parent %d 0 R/Count 10/Kids[%s]>>" % (tree, b" ".join(k + b" 0 R" for k in some))
        )
        for kid in map(int, some):
            draft.objects[kid] = draft.objects[kid].replace(b"/Parent %d 0" % tree, b"/Parent %d 0" % node)
        nodes.append(b"%d 0 R" % node)
    draft.objects[tree] = b"<</Type/Pages/MediaBox[0 0 595 842]/Kids[%s]/Count 30>>" % b" ".join(nodes)
    return draft


def labels() -> Draft:
    """Page labels in a number tree of two levels."""
    draft = Draft()
    first = draft.add(b"<</Limits[0 1]/Nums[0<</S/r>>1<</S/D/St 1/P(A-)>>]>>")
    second = draft.add(b"<</Limits[2 3]/Nums[2<</S/A/St 5>>3<</P(Annex )/S/R>>]>>")
    tree = draft.add(b"<</Kids[%d 0 R %d 0 R]>>" % (first, second))
    return pages([shown(text) for text in WORDS], catalog=b"/PageLabels %d 0 R" % tree, start=draft)


def outlines() -> Draft:
    """Bookmarks of two levels, destinations by name."""
    draft = Draft({1: b"<</Type/Outlines/First 2 0 R/Last 3 0 R/Count 2>>"})
    draft.add(b"<</Title(One)/Parent 1 0 R/Next 3 0 R/First 4 0 R/Last 4 0 R/Count 1/Dest(a)>>")
    draft.add(b"<</Title(Two)/Parent 1 0 R/Prev 2 0 R/Dest(b)>>")
    draft.add(b"<</Title(One.1)/Parent 2 0 R/Dest(a)>>")
    leaf = draft.add(b"<</Limits[(a)(b)]/Names[(a)[0/Fit](b)[1/Fit]]>>")
    names = draft.add(b"<</Kids[%d 0 R]>>" % leaf)
    return pages([shown(t) for t in WORDS], catalog=b"/Outlines 1 0 R/Names<</Dests %d 0 R>>" % names, start=draft)


def attachments() -> Draft:
    """An embedded file, and an annotation that holds it."""
    draft = Draft()
    held = draft.stream(b"/Type/EmbeddedFile/Params<</Size 5>>", b"hello")
    spec = draft.add(b"<</Type/Filespec/F(a.txt)/UF(a.txt)/EF<</F %d 0 R>>>>" % held)
    note = draft.add(b"<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS %d 0 R>>" % spec)
    catalog = b"/Names<</EmbeddedFiles<</Names[(a.txt)%d 0 R]>>>>" % spec
    return pages([shown(WORDS[0])], page=b"/Annots[%d 0 R]" % note, catalog=catalog, start=draft)


def annotations() -> Draft:
    """A link, a note with its pop-up, and a stamp with an appearance."""
    draft = Draft()
    look = draft.stream(b"/Type/XObject/Subtype/Form/BBox[0 0 50 50]", b"0 0 50 50 re f")
    link = draft.add(b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(http://example.invalid/)>>>>")
    note = draft.add(b"<</Type/Annot/Subtype/Text/Rect[9 9 20 20]/Contents(a note)/Popup %d 0 R>>" % (link + 2))
    draft.add(b"<</Type/Annot/Subtype/Popup/Rect[0 0 99 99]/Parent %d 0 R>>" % note)
    stamp = draft.add(b"<</Type/Annot/Subtype/Stamp/Rect[50 50 99 99]/AP<</N %d 0 R>>>>" % look)
    listed = b"/Annots[%s]" % b" ".join(b"%d 0 R" % number for number in (link, note, note + 1, stamp))
    return pages([shown(WORDS[1])], page=listed, start=draft)


def xobjects() -> Draft:
    """A form within a form, each with text."""
    draft = Draft()
    font = b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Courier>>>>%s>>"
    box = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]"
    inner = draft.stream(box + font % b"", shown(WORDS[2]))
    outer = draft.stream(box + font % (b"/XObject<</X %d 0 R>>" % inner), shown(WORDS[3]) + b"/X Do", flate=True)
    return pages([b"/X Do"] * 2, resources=b"/XObject<</X %d 0 R>>" % outer, start=draft)


def patterns() -> Draft:
    """A tiling pattern, a shading with a function, and text painted with them."""
    draft = Draft()
    tile = b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 10 10]/XStep 10/YStep 10/Resources<<>>"
    tiling = draft.stream(tile, b"0 0 5 5 re f")
    function = draft.add(b"<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1>>")
    shading = draft.add(b"<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 99 99]/Function %d 0 R>>" % function)
    axial = draft.add(b"<</Type/Pattern/PatternType 2/Shading %d 0 R>>" % shading)
    painted = b"/Pattern cs /P1 scn 0 0 99 99 re f /P2 scn " + shown(WORDS[0]) + b"/S1 sh"
    has = b"/Pattern<</P1 %d 0 R/P2 %d 0 R>>/Shading<</S1 %d 0 R>>" % (tiling, axial, shading)
    return pages([painted], resources=has, start=draft)


def type3() -> Draft:
    """A font whose letters are drawings."""
    draft = Draft()
    glyph = draft.stream(b"", b"600 0 0 0 500 700 d1 0 0 500 700 re f")
    table = draft.stream(b"", to_unicode(b"1 beginbfchar <61> <0041> endbfchar"), flate=True)
    font = draft.add(
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 600 700]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 97/LastChar 97"
        b"/Widths[600]/Encoding<</Differences[97/a]>>/CharProcs<</a %d 0 R>>/ToUnicode %d 0 R/Resources<<>>>>"
        % (glyph, table)
    )
    content = shown(WORDS[1]) + b"BT /F3 12 Tf 72 600 Td (aaaa) Tj ET"
    return pages([content], fonts=b"/F3 %d 0 R" % font, start=draft)


def cjk() -> Draft:
    """A composite font without its file, with a table to Unicode, and one with a predefined map."""
    draft = Draft()
    table = draft.stream(b"", to_unicode(b"1 beginbfrange <0000> <00FF> <4E00> endbfrange"), flate=True)
    system = b"/CIDSystemInfo<</Registry(Adobe)/Ordering(%s)/Supplement 2>>"
    kind = b"<</Type/Font/Subtype/CIDFontType0/BaseFont/Song%s/DW 1000/W[1[500 600]10 20 700]>>"
    own, known = draft.add(kind % (system % b"Identity")), draft.add(kind % (system % b"Japan1"))
    whole = b"<</Type/Font/Subtype/Type0/BaseFont/Song/Encoding/%s/DescendantFonts[%d 0 R]%s>>"
    first = draft.add(whole % (b"Identity-H", own, b"/ToUnicode %d 0 R" % table))
    second = draft.add(whole % (b"UniJIS-UTF16-H", known, b""))
    content = b"BT /Z1 12 Tf 72 600 Td <000100020003> Tj /Z2 12 Tf <4E004E8C> Tj ET" + shown(WORDS[0])
    return pages([content], fonts=b"/Z1 %d 0 R/Z2 %d 0 R" % (first, second), start=draft)


def layers() -> Draft:
    """Optional content: a layer that is off, and a membership with an expression."""
    draft = Draft()
    layer = draft.add(b"<</Type/OCG/Name(Draft)>>")
    member = draft.add(b"<</Type/OCMD/OCGs[%d 0 R]/VE[/Not %d 0 R]/P/AnyOn>>" % (layer, layer))
    content = b"/OC /L BDC " + shown(WORDS[0]) + b"EMC /OC /M BDC " + shown(WORDS[1]) + b"EMC"
    has = b"/Properties<</L %d 0 R/M %d 0 R>>" % (layer, member)
    off = b"/OCProperties<</OCGs[%d 0 R]/D<</OFF[%d 0 R]/Order[%d 0 R]>>>>" % (layer, layer, layer)
    return pages([content], resources=has, catalog=off, start=draft)


def tagged() -> Draft:
    """A structure tree with marked content and replacement text."""
    draft = Draft({1: b"<</Type/StructTreeRoot/K 2 0 R/ParentTree 4 0 R>>"})
    draft.add(b"<</S/Document/P 1 0 R/K[3 0 R]>>")
    draft.add(b"<</S/P/P 2 0 R/K 0/ActualText(in place of it)>>")
    draft.add(b"<</Nums[0[3 0 R]]>>")
    content = b"/P <</MCID 0/ActualText(other)>> BDC " + shown(WORDS[2]) + b"EMC"
    return pages(
        [content], page=b"/StructParents 0", catalog=b"/StructTreeRoot 1 0 R/MarkInfo<</Marked true>>", start=draft
    )


def image() -> Draft:
    """A picture that fills the page, compressed and with a mask, beside an inline one."""
    draft = Draft()
    mask = draft.stream(
        b"/Type/XObject/Subtype/Image/Width 8/Height 8/BitsPerComponent 8/ColorSpace/DeviceGray", bytes(64), flate=True
    )
    told = b"/Type/XObject/Subtype/Image/Width 8/Height 8/BitsPerComponent 8/ColorSpace/DeviceRGB/SMask %d 0 R" % mask
    told += b"/DecodeParms<</Predictor 15/Colors 3/Columns 8>>"
    picture = draft.stream(told, b"".join(b"\0" + bytes(range(24)) for _ in range(8)), flate=True)
    inline = b"q 9 0 0 9 0 0 cm BI /W 2 /H 2 /BPC 8 /CS /G ID abcd EI Q"
    content = b"q 595 0 0 842 0 0 cm /I Do Q " + inline
    return pages([content], resources=b"/XObject<</I %d 0 R>>" % picture, start=draft)


def jpeg() -> Draft:
    """A JPEG, as reportlab places it."""
    held = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 60)).save(held, "JPEG")

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(held), 0, 0, 595, 842)
        canvas.drawString(72, 72, WORDS[0])

    return taken_apart(drawn(draw))


def table() -> Draft:
    """A table over three pages, as reportlab lays it out."""
    out = io.BytesIO()
    rows = [[f"{number}", WORDS[number % 4], f"GBP {number * 1000:,}"] for number in range(110)]
    SimpleDocTemplate(out, invariant=1).build([Table(rows, repeatRows=1)])
    return taken_apart(out.getvalue())


def acroform() -> Draft:
    """Fields to fill in: text, a box to tick, a choice."""

    def draw(canvas: Canvas) -> None:
        form = canvas.acroForm
        canvas.drawString(72, 760, WORDS[3])
        form.textfield(name="party", value="Supplier", x=72, y=700, width=200, height=20)
        form.checkbox(name="agreed", checked=True, x=72, y=660)
        form.choice(name="law", value="England", options=["England", "Scotland"], x=72, y=620, width=120, height=20)

    return taken_apart(drawn(draw))


def drawn(draw: Callable[[Canvas], None], *, encrypt: StandardEncryption | None = None) -> bytes:
    """A page that reportlab draws."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, pageCompression=1, encrypt=encrypt)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def encrypted(password: str = "") -> bytes:
    """A page under RC4; without a password it opens for everyone."""
    lock = StandardEncryption(password, ownerPassword="owner", strength=128)
    return drawn(lambda canvas: canvas.drawString(72, 700, WORDS[0]), encrypt=lock)


def incremental(draft: Draft) -> bytes:
    """The file, and an update behind it that writes the first object once more."""
    data = draft.written()
    number, body = next(iter(draft.objects.items()))
    start = data.rindex(b"startxref")
    previous = int(data[start:].split()[1])
    added = b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(data))
    told = b"trailer\n<</Root %d 0 R/Size %d/Prev %d>>\n" % (draft.root, max(draft.objects) + 1, previous)
    return data + added + table + told + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(added))


def to_unicode(map_: bytes) -> bytes:
    """A font's table to Unicode with this part of a map."""
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange " + map_ + b" endcmap end end"
    )


DRAFTS: dict[str, Callable[[], Draft]] = {
    make.__name__: make
    for make in (
        one_page,
        many_pages,
        labels,
        outlines,
        attachments,
        annotations,
        xobjects,
        patterns,
        type3,
        cjk,
        layers,
        tagged,
        image,
        jpeg,
        table,
        acroform,
    )
}
