"""Small PDFs that ask for endless time, memory, text or stack; written by hand, byte by byte."""

import zlib

_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << %s >> >>"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792]"
_HELLO = b"BT /F1 11 Tf 72 700 Td (1. Rent. The tenant pays the rent of this lease each month.) Tj ET"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def written(objects: dict[int, bytes]) -> bytes:
    """A PDF of numbered objects; number 1 is the catalog."""
    out, places = bytearray(b"%PDF-1.7\n"), {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size, xref = max(objects) + 1, len(out)
    rows = [b"%010d 00000 n \n" % places[n] if n in places else b"0000000000 65535 f \n" for n in range(size)]
    out += b"xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        b"".join(rows),
        size,
        xref,
    )
    return bytes(out)


def one_page(
    content: bytes, resources: bytes, more: dict[int, bytes], *, catalog: bytes = b"", entries: bytes = b""
) -> bytes:
    """A PDF with one page; `more` are objects from number 5 on."""
    return written(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: _PAGE % resources,
            4: stream(content, entries),
            **more,
        }
    )


def form_that_draws_itself(note: bytes = b"") -> bytes:
    """Twice, so that each level of it is twice as long as the one above: 2^n forms."""
    form = stream(b"/X Do /X Do " + note, _FORM + b" /Resources << /XObject << /X 5 0 R >> >>")
    return one_page(b"/X Do /X Do", b"/XObject << /X 5 0 R >>", {5: form})


def field_tree(levels: int = 30) -> bytes:
    """A form of which each field has the one below it twice."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [10 0 R] >> >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>",
        4: stream(_HELLO),
        10 + levels: b"<< /FT /Tx /T (x) /V (y) /Type /Annot /Subtype /Widget /Rect [0 0 9 9] >>",
    }
    for n in range(10, 10 + levels):
        objects[n] = b"<< /FT /Tx /T (a%d) /Kids [%d 0 R %d 0 R] >>" % (n, n + 1, n + 1)
    return written(objects)


def nested_forms(levels: int = 30, note: bytes = b"") -> bytes:
    """Each draws the next one twice; none draws itself."""
    more = {}
    for n in range(levels):
        inner = b"/Resources << /XObject << /X %d 0 R >> >>" % (6 + n)
        more[5 + n] = stream(b"/X Do /X Do", _FORM + inner)
    more[5 + levels] = stream(b"0 0 10 10 re f " + note, _FORM)
    return one_page(b"/X Do /X Do", b"/XObject << /X 5 0 R >>", more)


def recursive_pattern() -> bytes:
    """A tiling pattern that is painted with itself."""
    pattern = (
        b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 10 10] /XStep 1 /YStep 1"
        b" /Resources << /Pattern << /P 5 0 R >> >>"
    )
    fill = b"/Pattern cs /P scn 0 0 600 700 re f "
    return one_page(
        fill + _HELLO, b"/Pattern << /P 5 0 R >> /Font << /F1 6 0 R >>", {5: stream(fill * 2, pattern), 6: _FONT}
    )


def labels_that_contain_themselves() -> bytes:
    """A page-label tree whose node is its own child; the page itself says something."""
    labels = b"<< /Kids [5 0 R] /Limits [0 9] >>"
    return one_page(_HELLO, b"/Font << /F1 6 0 R >>", {5: labels, 6: _FONT}, catalog=b"/PageLabels 5 0 R")


def pages_that_contain_themselves() -> bytes:
    """A page tree whose node is its own child, beside a page."""
    return written(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Count 3 /Parent 2 0 R >>",
            3: _PAGE % b"/Font << /F1 6 0 R >>",
            4: stream(_HELLO),
            6: _FONT,
        }
    )


def text_bomb(characters: int = 2_000_000, words: bytes = b"1.1.1.1 ", words_a_line: int = 10) -> bytes:
    """A page of kilobytes that says millions of characters."""
    line = words * words_a_line
    lines = characters // len(line)
    content = b"BT /F1 1 Tf 0 792 Td 1 TL\n" + (b"(" + line + b") '\n") * lines + b"ET"
    packed = stream(zlib.compress(content, 9), b"/Filter /FlateDecode")
    return written(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: _PAGE % b"/Font << /F1 6 0 R >>",
            4: packed,
            6: _FONT,
        }
    )
