"""PDFs that are made to do harm: a function each, which writes a small file that asks much of a reader.

Trees that contain themselves, forms and patterns that draw one another, a few kilobytes that say megabytes. The number
beside a function is its weight among all mutators (`hostile_mutators`).
"""

import random
import re
import zlib
from collections.abc import Callable

from bench.hostile_drafts import WORDS, Draft, encrypted, incremental, pages, shown, stream, to_unicode

Made = Callable[[random.Random], bytes]

MADE: dict[str, tuple[Made, int]] = {}

# Where an integer is read into 32 bits, near 0, near what a page, a table or a buffer can hold, and what is no number.
EXTREMES = (
    b"0 -1 1 2 255 65535 65536 100000 8388608 2147483647 2147483648 -2147483648 4294967295 4294967296 "
    b"9223372036854775807 "
    b"1e9 1e38 -1e38 0.0000001 -0 +- 99999999999999999999999999 null [] <<>> (x) /X true"
).split()
MANY = 1_000_000


def _made(weight: int = 2) -> Callable[[Made], Made]:
    def register(make: Made) -> Made:
        MADE[make.__name__] = make, weight
        return make

    return register


# Trees that contain themselves


@_made(4)
def page_tree_loops(rng: random.Random) -> bytes:
    """Nodes that are their own kids or parents, or each other's."""
    draft = pages([shown(WORDS[0])] * 3)
    tree = _holding(draft, b"/Type/Pages")
    node = draft.add(b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R %d 0 R]/Count 2>>" % (tree, tree, tree))
    kids = rng.choice((b"%d 0 R" % tree, b"%d 0 R %d 0 R" % (tree, node), b"%d 0 R " % node * rng.choice((2, 40))))
    count = rng.choice((1, 3, 100, 9000, 2147483647, -1))
    draft.objects[tree] = b"<</Type/Pages/Kids[%s]/Count %d/Parent %d 0 R>>" % (kids, count, rng.choice((tree, node)))
    return draft.written()


@_made()
def page_tree_fans(rng: random.Random) -> bytes:
    """A few nodes, each many times among the kids of the one above: millions of pages in a kilobyte."""
    draft = pages([shown(WORDS[0])])
    tree, fan, node = _holding(draft, b"/Type/Pages"), rng.choice((2, 10, 30)), _holding(draft, b"/Type/Page/")
    count = 1
    for _ in range(rng.choice((3, 8, 20))):
        count *= fan
        node = draft.add(
            b"<</Type/Pages/Parent %d 0 R/Kids[%s]/Count %d>>" % (tree, b"%d 0 R " % node * fan, min(count, 9000))
        )
    draft.objects[tree] = b"<</Type/Pages/MediaBox[0 0 9 9]/Kids[%d 0 R]/Count %d>>" % (node, min(count, 9000))
    return draft.written()


@_made()
def page_tree_deep(rng: random.Random) -> bytes:
    """Nodes within nodes."""
    draft = pages([shown(WORDS[0])])
    tree, node = _holding(draft, b"/Type/Pages"), _holding(draft, b"/Type/Page/")
    for _ in range(rng.choice((100, 1100, 5000))):
        node = draft.add(b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R]/Count 1>>" % (tree, node))
    draft.objects[tree] = b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % node
    return draft.written()


@_made()
def page_counts(rng: random.Random) -> bytes:
    """A number of pages that is not true."""
    draft = pages([shown(WORDS[0])])
    tree = _holding(draft, b"/Type/Pages")
    count = rng.choice(
        (b"0", b"-1", b"5000", b"9999", b"10001", b"2000000", b"2147483647", b"4294967297", b"1e9", b"%d 0 R" % tree)
    )
    draft.objects[tree] = draft.objects[tree].replace(b"/Count 1", b"/Count " + count)
    return draft.written()


@_made(4)
def label_tree_loops(rng: random.Random) -> bytes:
    """A number tree of page labels that contains itself, or whose nodes contain each other."""
    limits = rng.choice((b"", b"/Limits[0 9]", b"/Limits[0 2147483647]"))
    draft = Draft({1: b"<<%s/Kids[2 0 R%s]>>" % (limits, rng.choice((b"", b" 1 0 R", b" 2 0 R" * 9)))})
    draft.add(b"<<%s/Kids[%s]>>" % (limits, rng.choice((b"1 0 R", b"2 0 R", b"1 0 R 2 0 R", b"1 0 R " * 9))))
    return pages([shown(t) for t in WORDS], catalog=b"/PageLabels 1 0 R", start=draft).written()


@_made(4)
def label_bombs(rng: random.Random) -> bytes:
    """Labels of millions of letters: 2147483647 in letters or in Roman figures; long prefixes; deep or wide trees."""
    style = rng.choice((b"/S/A", b"/S/a", b"/S/R", b"/S/r", b"/S/D"))
    start = rng.choice((3999, 100_000, 50_000_000, 2147483646, 2147483647, -1))
    told = b"/PageLabels<</Nums[0<<%s/St %d/P(%s)>>]>>" % (style, start, b"x" * rng.choice((0, 10, 100_000)))
    draft = Draft()
    if rng.random() < 0.3:
        deep = rng.choice((500, 4000))
        draft = Draft({number: b"<</Kids[%d 0 R]>>" % (number + 1) for number in range(1, deep)})
        draft.add(b"<</Nums[0<<%s/St %d>>]>>" % (style, start))
        told = b"/PageLabels 1 0 R"
    return pages([shown(WORDS[0])] * rng.choice((1, 4, 60)), catalog=told, start=draft).written()


@_made()
def name_tree_loops(rng: random.Random) -> bytes:
    """Name trees, outlines and structure trees that contain themselves."""
    draft = Draft({1: b"<</Kids[1 0 R 2 0 R]/Limits[(a)(z)]>>", 2: b"<</Kids[1 0 R]/Limits[(a)(z)]>>"})
    draft.add(b"<</Type/Outlines/First 3 0 R/Last 3 0 R/Next 3 0 R/Parent 3 0 R/Title(a)/Dest(b)>>")
    draft.add(b"<</Type/StructTreeRoot/K[4 0 R 4 0 R]/P 4 0 R/ParentTree 1 0 R>>")
    told = [
        b"/Names<</Dests 1 0 R/EmbeddedFiles 2 0 R/JavaScript 1 0 R>>",
        b"/Outlines 3 0 R",
        b"/StructTreeRoot 4 0 R",
        b"/Names 1 0 R/OpenAction(b)",
    ]
    return pages([shown(WORDS[0])], catalog=b"".join(rng.sample(told, rng.randint(1, 3))), start=draft).written()


@_made()
def object_streams(rng: random.Random) -> bytes:
    """Object streams that lie in themselves, extend themselves, or count wrongly."""
    data = pages([shown(WORDS[0])]).packed()
    holder = re.search(rb"(\d+) 0 obj\n<</Type/ObjStm/N (\d+)/First (\d+)", data)
    assert holder is not None
    number, n, first = holder.groups()
    wrong = (
        (b"/N " + n, b"/N " + rng.choice(EXTREMES)),
        (b"/First " + first, b"/First " + rng.choice(EXTREMES)),
        (b"/Type/ObjStm", b"/Type/ObjStm/Extends " + number + b" 0 R"),
        (b"/N " + n, b"/N " + number + b" 0 R"),
        (b"/W[1 4 2]", b"/W[" + b" ".join(rng.choice(EXTREMES) for _ in range(3)) + b"]"),
        (b"/W[1 4 2]", b"/W[1 4 2]/Index[0 " + rng.choice(EXTREMES) + b"]"),
        (b"/Type/XRef", b"/Type/XRef/Prev %d" % data.rindex(number + b" 0 obj")),
    )
    for _ in range(rng.randint(1, 2)):
        data = data.replace(*rng.choice(wrong))
    return data


@_made()
def object_stream_in_itself(rng: random.Random) -> bytes:
    """A cross-reference stream says that an object stream, or the cross-reference stream, lies in itself."""
    draft = pages([shown(WORDS[0])])
    data, holder = draft.packed(), max(draft.objects) + 1
    start = data.rindex(b"%d 0 obj" % (holder + 1))
    rows = [(2, holder, n) for n in range(holder + 2)]
    if rng.random() < 0.5:
        rows[rng.randrange(len(rows))] = (1, start, 0)
    table = b"".join(k.to_bytes(1, "big") + a.to_bytes(4, "big") + i.to_bytes(2, "big") for k, a, i in rows)
    told = b"/Type/XRef/W[1 4 2]/Root %d 0 R/Size %d" % (draft.root, len(rows))
    return data[:start] + b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF" % (holder + 1, stream(told, table), start)


@_made(4)
def cross_reference_loops(rng: random.Random) -> bytes:
    """Tables whose /Prev or /XRefStm leads back to themselves, or far away; very many of them."""
    draft = pages([shown(WORDS[0])])
    data = incremental(draft)
    first, last = (m.start() for m in re.finditer(rb"(?<!start)xref", data))
    to = rng.choice((last, first, last - 1, len(data) - 20, 2147483647, -5))
    if rng.random() < 0.3:
        for _ in range(rng.choice((50, 2000))):
            at = len(data)
            data += b"xref\n0 0\ntrailer\n<</Root %d 0 R/Size 9/Prev %d>>\n" % (draft.root, last)
            last = at
        return data + b"startxref\n%d\n%%%%EOF" % last
    key = rng.choice((b"/Prev", b"/XRefStm"))
    return re.sub(rb"/Prev \d+", b"%s %d" % (key, to), data).replace(b"/Size", b"%s %d/Size" % (key, to), 1)


@_made()
def cross_reference_sizes(rng: random.Random) -> bytes:
    """Tables of more entries than there are bytes."""
    data = pages([shown(WORDS[0])]).written()
    size = rng.choice(EXTREMES)
    data = re.sub(rb"xref\n0 \d+", b"xref\n" + rng.choice((b"0 ", b"4000000 ", b"2147483647 ")) + size, data, count=1)
    return re.sub(rb"/Size \d+", b"/Size " + rng.choice(EXTREMES), data) if rng.random() < 0.5 else data


@_made()
def length_loops(rng: random.Random) -> bytes:
    """A stream whose /Length or /Filter is the stream itself, or another that is it."""
    draft = pages([shown(WORDS[0])] * 2)
    one, other = [n for n, body in draft.objects.items() if b"stream" in body]
    key = rng.choice((b"Length", b"Filter", b"DecodeParms", b"Type"))
    for mine, theirs in ((one, other), (other, rng.choice((one, other)))):
        draft.objects[mine] = re.sub(rb"/Length \d+", b"/%s %d 0 R" % (key, theirs), draft.objects[mine])
    return draft.written()


@_made()
def reference_chains(rng: random.Random) -> bytes:
    """Objects that are nothing but a reference to the next; the last may be the first."""
    draft = pages([shown(WORDS[0])])
    begin, length = max(draft.objects) + 1, rng.choice((1, 2, 1000, 20_000))
    for number in range(begin, begin + length):
        draft.objects[number] = b"%d 0 R" % (number + 1)
    draft.objects[begin + length] = b"%d 0 R" % rng.choice((begin, begin + length, _holding(draft, b"/Type/Pages")))
    place = rng.choice((b"/Contents", b"/Parent", b"/Pages", b"/Resources"))
    told = re.compile(place + rb"(?: \d+ 0 R|<<)")
    draft.objects = {
        n: told.sub(place + b" %d 0 R" % begin + (b"/Was<<" if place == b"/Resources" else b""), b)
        for n, b in draft.objects.items()
    }
    return draft.written()


# Text, forms, patterns, fonts


@_made(6)
def text_bombs(rng: random.Random) -> bytes:
    """A few kilobytes that say megabytes: lines, one letter, or one long string."""
    times = rng.choice((1000, 20_000, 200_000))
    content = rng.choice(
        (
            b"BT /F1 1 Tf 1 TL 9 840 Td " + b"(%s) Tj T* " % WORDS[0].encode() * (times // 8) + b"ET",
            b"BT /F1 .03 Tf 9 840 Td " + b"(a) Tj .05 0 Td " * times + b"ET",
            b"BT /F1 1 Tf 1 TL 9 840 Td " + (b"(" + b"word " * 6000 + b") Tj T* ") * (times // 3000 + 1) + b"ET",
            b"BT /F1 9 Tf 72 700 Td [" + b"(a) 500 " * times + b"] TJ ET",
            b"BT /F1 .001 Tf 72 700 Td " + b"(a b) ' " * times + b"ET",
            b"BT /F1 9 Tf 72 700 Td (" + b"a" * times * 10 + b") Tj ET",  # pdfium reads 32,767 bytes of a string
        )
    )
    return _compressed(content)


@_made(4)
def shared_bombs(rng: random.Random) -> bytes:
    """Many pages, or many contents of one page, that are one stream."""
    times = rng.choice((2, 100, 2000))
    held = b"BT /F1 9 Tf 72 700 Td " + b"(%s) Tj T* " % WORDS[1].encode() * rng.choice((10, 1000, 20_000)) + b"ET "
    draft = pages([b""] * (times if rng.random() < 0.5 else 1))
    bomb = draft.stream(b"", held, flate=True)
    many = b"%d 0 R " % bomb if len(draft.objects) > 9 else b"[" + b"%d 0 R " % bomb * times + b"]"
    draft.objects = {n: re.sub(rb"/Contents \d+ 0 R", b"/Contents " + many, body) for n, body in draft.objects.items()}
    return draft.written()


@_made(4)
def operator_bombs(rng: random.Random) -> bytes:
    """Nothing but operators: saved states, text objects, paths, marked content, clips, arrays and dictionaries."""
    one = rng.choice(
        b"q |Q |q Q |BT |ET |BT ET |/P BMC |/P<</A 1>>BDC |0 0 m 9 9 l |0 0 9 9 re W n |[|<<|"
        b"<</A |(|BI ID EI |BX |1 |/A "
        b"|0 0 1 1 re f |/F1 9 Tf |1 0 0 1 1 1 cm |/X Do |/S sh |BT /F1 9 Tf 7 Tr (a) Tj ET "
        b"|0 0 m 1e9 1e9 -1e9 1e9 0 0 c S ".split(b"|")
    )
    return _compressed(one * (rng.choice((10_000, MANY, 8 * MANY)) // len(one)))


@_made(4)
def form_loops(rng: random.Random) -> bytes:
    """Form XObjects that draw themselves or each other, once or many times."""
    draft, times = Draft(), rng.choice((1, 2, 30))
    for mine, theirs in ((1, rng.choice((1, 2))), (2, rng.choice((1, 2)))):
        has = b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</X %d 0 R/Y %d 0 R>>>>" % (theirs, mine)
        draft.objects[mine] = stream(has, shown(WORDS[0]) + b"/X Do /Y Do " * times)
    return pages([b"/X Do /Y Do"], resources=b"/XObject<</X 1 0 R/Y 2 0 R>>", start=draft).written()


@_made(4)
def form_fans(rng: random.Random) -> bytes:
    """Form XObjects that each draw the next a few times: billions of drawings in a kilobyte."""
    draft, deep, fan = Draft(), rng.choice((3, 8, 12, 27)), rng.choice((2, 4, 10))
    box = b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]"
    for number in range(1, deep):
        draft.objects[number] = stream(box + b"/Resources<</XObject<</X %d 0 R>>>>" % (number + 1), b"/X Do " * fan)
    font = b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Courier>>>>>>"
    draft.objects[deep] = stream(box + font, shown("a") if rng.random() < 0.7 else b"0 0 9 9 re f")
    return pages([b"/X Do"], resources=b"/XObject<</X 1 0 R>>", start=draft).written()


@_made()
def form_chains(rng: random.Random) -> bytes:
    """Forms within forms, thousands deep, with and without wide boxes."""
    deep = rng.choice((30, 600, 4000))
    box = b"/Type/XObject/Subtype/Form/BBox[0 0 %s 99]" % rng.choice((b"99", b"1e38", b"-1"))
    objects = {n: stream(box + b"/Resources<</XObject<</X %d 0 R>>>>" % (n + 1), b"/X Do") for n in range(1, deep)}
    objects[deep] = stream(box, b"0 0 9 9 re f")
    return pages([b"/X Do"], resources=b"/XObject<</X 1 0 R>>", start=Draft(objects)).written()


@_made(4)
def pattern_loops(rng: random.Random) -> bytes:
    """Tiling patterns that paint with themselves or each other, with tiny or huge steps."""
    draft, step = Draft(), rng.choice((b"0.001", b"0", b"1", b"1e9", b"-1"))
    tile = b"/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 %s 9]/XStep %s/YStep %s" % (
        rng.choice((b"9", b"1e9")),
        step,
        step,
    )
    for mine, theirs in ((1, 2), (2, rng.choice((1, 2)))):
        has = b"/Resources<</Pattern<</P %d 0 R/O %d 0 R>>>>" % (theirs, mine)
        draft.objects[mine] = stream(
            tile + has, b"/Pattern cs /P scn 0 0 9 9 re f /O scn 0 0 9 9 re f " * rng.choice((1, 8))
        )
    painted = b"/Pattern cs /P scn 0 0 595 842 re f " + rng.choice((b"", shown(WORDS[0])))
    return pages([painted], resources=b"/Pattern<</P 1 0 R>>", start=draft).written()


@_made(4)
def type3_loops(rng: random.Random) -> bytes:
    """Letters that are drawn with letters of the same font, or of one that is drawn with this one."""
    draft = Draft()
    fonts = b"/Font<</F3 1 0 R/F4 2 0 R>>"
    letters = rng.choice((b"a", b"ab", b"a" * 40, b"ab" * 200))
    for number in (1, 2):
        glyph = number + 2
        draft.objects[number] = (
            b"<</Type/Font/Subtype/Type3/FontBBox[0 0 %s 9]/FontMatrix[.1 0 0 .1 0 0]/FirstChar 97/LastChar "
            b"98/Widths[9 9]"
            b"/Encoding<</Differences[97/a/b]>>/CharProcs<</a %d 0 R/b %d 0 R>>/Resources<<%s>>>>"
            % (rng.choice((b"9", b"0", b"1e30")), glyph, 7 - glyph, fonts)
        )
        drawn = b"9 0 0 0 9 9 d1 BT /F%d 9 Tf (%s) Tj ET" % (rng.choice((3, 4)), letters)
        draft.objects[glyph] = stream(b"/Resources<<%s>>" % fonts if rng.random() < 0.5 else b"", drawn)
    content = b"BT /F3 %s Tf 72 600 Td (%s) Tj ET" % (rng.choice((b"12", b"1e9")), letters)
    return pages([content], fonts=b"/F3 1 0 R/F4 2 0 R", start=draft).written()


@_made(4)
def font_bombs(rng: random.Random) -> bytes:
    """Fonts with garbage for a file, huge tables to Unicode, and widths of every kind."""
    draft = Draft()
    wide = b"<" + b"0041" * rng.choice((1, 500, 20_000)) + b">"
    map_ = rng.choice(
        (
            b"1 beginbfrange <0000> <FFFF> " + wide + b" endbfrange",
            b"100 beginbfrange " + b"<0000> <FFFF> <0000> " * 100 + b"endbfrange",
            b"1 beginbfchar <0001> " + wide + b" endbfchar",
            b"1 begincidrange <00000000> <FFFFFFFF> 0 endcidrange",
            b"/Identity-H usecmap " * 1000,
            b"1 beginbfrange <0000> <FFFF> [" + wide * 3 + b"] endbfrange",
        )
    )
    table = draft.stream(rng.choice((b"", b"/UseCMap 1 0 R")), to_unicode(map_), flate=True)
    garbage = rng.choice((b"\0\1\0\0", b"OTTO", b"ttcf", b"%!PS-AdobeFont-1.0\n", b"\1\0\4\1")) + rng.randbytes(
        rng.choice((0, 40, 3000))
    )
    file = draft.stream(
        rng.choice((b"/Length1 2147483647", b"/Subtype/OpenType", b"/Subtype/CIDFontType0C")), garbage, flate=True
    )
    described = draft.add(
        b"<</Type/FontDescriptor/FontName/Z/Flags 4/FontBBox[%s]/%s %d 0 R>>"
        % (b" ".join(rng.choices(EXTREMES, k=4)), rng.choice((b"FontFile", b"FontFile2", b"FontFile3")), file)
    )
    widths = rng.choice((b"0 2147483647 500", b"0[" + b"9 " * 50_000 + b"]", b"-1 4294967295 1e38", b"65535[[[1]]]"))
    below = draft.add(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Z/FontDescriptor %d 0 R/W[%s]/CIDToGIDMap %d 0 R/CIDSystemInfo"
        b"<</Registry(Adobe)/Ordering(%s)/Supplement 0>>>>"
        % (described, widths, table, rng.choice((b"Identity", b"Japan1", b"GB1")))
    )
    encoding = rng.choice((b"/Identity-H", b"/Identity-V", b"/UniGB-UCS2-H", b"%d 0 R" % table, b"/90ms-RKSJ-H"))
    font = draft.add(b"")
    draft.objects[font] = (
        b"<</Type/Font/Subtype/Type0/BaseFont/Z/Encoding %s/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
        % (encoding, rng.choice((below, below, font)), table)
    )
    shows = b"<" + b"00010041FFFF" * rng.choice((3, 3000)) + b">"
    return pages(
        [b"BT /Z 12 Tf 72 600 Td %s Tj ET" % shows + shown(WORDS[0])], fonts=b"/Z %d 0 R" % font, start=draft
    ).written()


@_made()
def extreme_text(rng: random.Random) -> bytes:
    """Sizes, matrices, spacings and boxes that no page has."""
    size, far = rng.choice(EXTREMES), b" ".join(rng.choices(EXTREMES, k=6))
    content = b"%s cm BT /F1 %s Tf %s Tm %s Tc %s Tw %s Tz %s TL 3 Tr (%s) Tj T* (b) Tj ET" % (
        far,
        size,
        b" ".join(rng.choices(EXTREMES, k=6)),
        size,
        size,
        rng.choice(EXTREMES),
        size,
        WORDS[0].encode(),
    )
    box = b" ".join(rng.choices(EXTREMES, k=4))
    return pages(
        [content] * 2, page=b"/MediaBox[%s]/CropBox[%s]/Rotate %s/UserUnit %s" % (box, box, size, size)
    ).written()


# Pictures, shadings, filters


@_made(4)
def image_bombs(rng: random.Random) -> bytes:
    """Pictures of 60,000 × 60,000 and other sizes, of data that is not there or is garbage of its format."""
    garbage = rng.randbytes(rng.choice((0, 50, 3000)))
    held, name = rng.choice(
        (
            (garbage, b"/JBIG2Decode"),
            (b"\xff\x4f\xff\x51" + garbage, b"/JPXDecode"),
            (b"\0\0\0\x0cjP  \r\n\x87\n" + garbage, b"/JPXDecode"),
            (garbage, b"/CCITTFaxDecode/DecodeParms<</K -1/Columns 60000/Rows 60000>>"),
            (b"\xff\xd8\xff\xe0" + garbage, b"/DCTDecode"),
            (zlib.compress(bytes(MANY), 9), b"/FlateDecode"),
            (zlib.compress(bytes(MANY), 9), b"/FlateDecode/DecodeParms<</Predictor 15/Columns 60000/Colors 4>>"),
            (b"\x80\x0b\x60\x50" * 300, b"/LZWDecode"),
            (b"\x81\0" * 3000, b"/RunLengthDecode"),
        )
    )
    width, height = rng.choice((b"60000", b"1", b"2147483647", b"-5")), rng.choice((b"60000", b"1", b"4294967295"))
    space = rng.choice(
        (
            b"/DeviceRGB",
            b"/DeviceCMYK",
            b"[/Indexed/DeviceRGB 255 1 0 R]",
            b"[/Indexed[/Indexed/DeviceRGB 9 1 0 R]2147483647(a)]",
            b"[/ICCBased 1 0 R]",
            b"[/Separation/X 1 0 R 1 0 R]",
            b"[/DeviceN[/A/B]/DeviceRGB 1 0 R]",
            b"/Pattern",
        )
    )
    has = (
        b"/Type/XObject/Subtype/Image/Width %s/Height %s/BitsPerComponent %s/ColorSpace%s/SMask 1 0 R/Filter%s/N 3"
        % (width, height, rng.choice((b"1", b"8", b"16", b"0", b"99")), b" " + space, name)
    )
    draft = Draft({1: stream(has, held)})
    drawn = b"q 595 0 0 842 0 0 cm /I Do Q " * rng.choice((1, 200))
    inline = b"q 9 0 0 9 0 0 cm BI /W %s /H %s /BPC 8 /CS /RGB ID %s EI Q " % (width, height, garbage[:99])
    return pages([drawn + rng.choice((b"", inline))], resources=b"/XObject<</I 1 0 R>>", start=draft).written()


@_made()
def shading_bombs(rng: random.Random) -> bytes:
    """Shadings with functions that contain themselves, compute long, or say more than they hold."""
    function = rng.choice(
        (
            b"<</FunctionType 3/Domain[0 1]/Functions[1 0 R 1 0 R]/Bounds[.5]/Encode[0 1 0 1]>>",
            stream(b"/FunctionType 4/Domain[0 1]/Range[0 1 0 1 0 1]", b"{" * 3000 + b"dup mul" + b"}" * 3000),
            stream(b"/FunctionType 4/Domain[0 1]/Range[0 1 0 1 0 1]", b"{" + b"dup " * 30_000 + b"}"),
            stream(b"/FunctionType 0/Domain[0 1 0 1]/Range[0 1 0 1 0 1]/Size[60000 60000]/BitsPerSample 32", bytes(50)),
        )
    )
    kind = rng.choice(
        (
            b"2/Coords[0 0 9 9]",
            b"3/Coords[0 0 0 9 9 1e9]/Extend[true true]",
            b"1",
            b"4/BitsPerCoordinate 32/BitsPerComponent 16/BitsPerFlag 8/Decode[0 1 0 1 0 1]",
        )
    )
    draft = Draft(
        {1: function, 2: stream(b"/ColorSpace/DeviceRGB/Function 1 0 R/ShadingType " + kind, rng.randbytes(300))}
    )
    return pages(
        [b"/S sh " * rng.choice((1, 2000)) + shown(WORDS[0])], resources=b"/Shading<</S 2 0 R>>", start=draft
    ).written()


@_made(4)
def filter_chains(rng: random.Random) -> bytes:
    """Filters on filters: megabytes that were compressed two or three times, filters by the hundred, and wrong ones."""
    data, names = (
        rng.choice((b" ", b"q ", b"(a) Tj ")) * rng.choice((MANY, 8 * MANY)),
        [b"/FlateDecode"] * rng.choice((1, 2, 3)),
    )
    for _ in names:
        data = zlib.compress(data, 9)
    if rng.random() < 0.5:
        names = [b"/ASCIIHexDecode"] * rng.choice((1, 3)) + names
        for name in names:
            data = data.hex().encode() + b">" if name == b"/ASCIIHexDecode" else data
    if rng.random() < 0.3:
        names += [
            rng.choice(
                (b"/FlateDecode", b"/LZWDecode", b"/ASCII85Decode", b"/RunLengthDecode", b"/Crypt", b"/DCTDecode")
            )
        ] * rng.choice((1, 500))
    parms = b"/DecodeParms[<</Predictor %s/Columns %s/Colors %s/BitsPerComponent %s>>]" % tuple(
        rng.choices(EXTREMES, k=4)
    )
    draft = pages([b""])
    bomb = draft.stream(b"/Filter[%s]" % b"".join(names) + rng.choice((b"", parms)), data)
    draft.objects = {n: re.sub(rb"/Contents \d+", b"/Contents %d" % bomb, body) for n, body in draft.objects.items()}
    return draft.written()


# What surrounds them


@_made()
def annotation_loops(rng: random.Random) -> bytes:
    """Annotations and fields that are their own parents, kids, appearances and pop-ups; very many of them."""
    draft = Draft(
        {
            1: (
                b"<</Type/Annot/Subtype/%s/Rect[%s]/Parent 1 0 R/Kids[1 0 R 1 0 R]/FT/Tx/T(a)/V 1 0 R/AP"
                b"<</N 1 0 R>>/Popup 1 0 R/IRT 1 0 R/A<</S/JavaScript/JS 1 0 R/Next 1 0 R>>>>"
            )
            % (rng.choice((b"Widget", b"Popup", b"Text", b"Link", b"Stamp")), b" ".join(rng.choices(EXTREMES, k=4)))
        }
    )
    fields = b"/AcroForm<</Fields[%s]/CO[1 0 R]/XFA[(template)1 0 R]/DR<</Font 1 0 R>>>>" % (
        b"1 0 R " * rng.choice((1, 5000))
    )
    return pages(
        [shown(WORDS[0])], page=b"/Annots[%s]" % (b"1 0 R " * rng.choice((1, 5000))), catalog=fields, start=draft
    ).written()


@_made()
def layer_loops(rng: random.Random) -> bytes:
    """Optional content whose expression or membership contains itself, or is deep."""
    deep = rng.choice((1, 20, 5000))
    draft = Draft(
        {
            1: b"<</Type/OCMD/OCGs[1 0 R 2 0 R]/VE[/And 2 0 R 3 0 R]>>",
            2: b"<</Type/OCG/Name(a)/Usage 2 0 R>>",
            3: b"[/Or 3 0 R 3 0 R]",
        }
    )
    draft.objects[3] = rng.choice((draft.objects[3], b"[/Not " * deep + b"2 0 R" + b"]" * deep))
    content = (b"/OC /L BDC " + shown(WORDS[0])) * rng.choice((1, 300))
    off = b"/OCProperties<</OCGs[1 0 R]/D<</OFF[1 0 R]/Order 3 0 R>>>>"
    return pages([content], resources=b"/Properties<</L 1 0 R>>", catalog=off, start=draft).written()


@_made(4)
def passwords(rng: random.Random) -> bytes:
    """Files under a password, and entries of encryption that are not true."""
    data = encrypted(rng.choice(("", "secret")))
    wrong = rng.choice(
        (
            b"/R 99",
            b"/R 6 /V 5",
            b"/V 2147483647",
            b"/Length 0",
            b"/Length 99999",
            b"/O 1 0 R",
            b"/U ()",
            b"/Filter /Other",
        )
    )
    key = wrong.split()[0]
    return (
        data if rng.random() < 0.4 else re.sub(key + rb"\s+(?:\d+|<[0-9a-f]+>|/\w+)", wrong.replace(b"\\", b""), data)
    )


@_made(4)
def long_things(rng: random.Random) -> bytes:
    """Names, strings, arrays, dictionaries and comments of a hundred thousand bytes, and nesting as deep."""
    times = rng.choice((1000, 100_000))
    entry = rng.choice(
        (
            b"/%s 1" % (b"N" * times),
            b"/A(%s)" % (b"(" * times),
            b"/A(%s%s)" % (b"(" * times, b")" * times),
            b"/A[%s]" % (b"1 " * times),
            b"/A" + b"[" * times,
            b"/A" + b"<</A" * (times // 4),
            b"%" + b"x" * times,
            b"/A<" + b"0" * times,
            b"/A" + b"[" * times + b"]" * times,
            b"/A" + b"9" * times,
            b"/A -" + b"." * times,
            b"/#" + b"#41" * (times // 3),
        )
    )
    draft = pages([shown(WORDS[0])], **{rng.choice(("page", "catalog", "resources")): entry})  # type: ignore[arg-type]
    return rng.choice((draft.written, draft.packed))()


@_made()
def many_objects(rng: random.Random) -> bytes:
    """Tens of thousands of objects or pages."""
    draft = pages([b""] * rng.choice((1, 900)))
    last = max(draft.objects)
    draft.objects |= dict.fromkeys(range(last + 1, last + rng.choice((3000, 15_000))), b"null")
    return rng.choice((draft.written, draft.packed))()


@_made(4)
def tiny(rng: random.Random) -> bytes:
    """Files of a few bytes, or of nothing."""
    some = (
        b"",
        b"%PDF-",
        b"%PDF-1.4\n%%EOF",
        b" " * 1025,
        b"\0",
        b"%PDF-9.9\nxref\n0 0\ntrailer<<>>startxref\n9\n%%EOF",
        b"%PDF-1.4 1 0 obj",
        b"%PDF-1.4\ntrailer<</Root 1 0 R>>",
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj trailer<</Root 1 0 R>>",
        b"PK\3\4",
        b"<html>%PDF-1.4</html>",
    )
    return rng.choice(some) + rng.choice((b"", rng.randbytes(rng.randint(1, 40))))


# What several of them do


def _holding(draft: Draft, entry: bytes) -> int:
    return next(number for number, body in draft.objects.items() if entry in body)


def _compressed(content: bytes) -> bytes:
    draft = pages([b""])
    bomb = draft.stream(b"", content, flate=True)
    draft.objects = {n: re.sub(rb"/Contents \d+", b"/Contents %d" % bomb, body) for n, body in draft.objects.items()}
    return draft.written()
