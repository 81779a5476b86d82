"""PDFs that the tests make for themselves."""

import io
from collections.abc import Callable, Sequence

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.hostile import written


def make_pdf(pages: Sequence[str], *, title: str = "Test agreement") -> bytes:
    """One PDF page for each string; each line of it is drawn as it stands, 11 point on 14."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    for page in pages:
        text = canvas.beginText(72, A4[1] - 72)
        text.setFont("Times-Roman", 11, leading=14)
        text.textLines(page, trim=0)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def drawn(*pages: Callable[[Canvas], object]) -> bytes:
    """One PDF page for each function, which draws it in 11 point."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for draw in pages:
        canvas.setFont("Times-Roman", 11)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


SHOWS_PICTURE = "/AP << /N 7 0 R >>"  # of an annotation


def annotated(
    lines: Sequence[tuple[int, int, str]],
    annotations: Sequence[str],
    *,
    catalog: str = "",
    picture: str = "",
    image: bytes = b"",
) -> bytes:
    """A page of lines, each from a place on in 11 point, with annotations; those that are form fields are in a form.

    `catalog`: further entries of the form's dictionary. `picture`: what an annotation with `SHOWS_PICTURE` shows, in a
    box of 200 x 50 points, with the font F1 and an `image` of 8-bit grey pixels, 600 x 150, as Im.
    """
    content = "".join(f"BT /F1 11 Tf {x} {y} Td ({words}) Tj ET\n" for x, y, words in lines)
    numbers = [f"{10 + k} 0 R" for k in range(len(annotations))]
    fields = [number for number, each in zip(numbers, annotations, strict=True) if "/Widget" in each]
    font = "/Font << /F1 6 0 R /Helv 6 0 R >>"
    form = f"/AcroForm << /Fields [{' '.join(fields)}] /DR << {font} >> /DA (/Helv 0 Tf 0 g) {catalog} >>"
    page = f"/MediaBox [0 0 612 792] /Contents 4 0 R /Resources << {font} >> /Annots [{' '.join(numbers)}]"
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {form} >>",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: f"<< /Type /Page /Parent 2 0 R {page} >>",
        4: f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        6: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }
    objects |= {10 + k: f"<< /Type /Annot /F 4 {each} >>" for k, each in enumerate(annotations)}
    shown = f"/Type /XObject /Subtype /Form /BBox [0 0 200 50] /Resources << {font} /XObject << /Im 8 0 R >> >>"
    objects[7] = f"<< {shown} /Length {len(picture)} >>\nstream\n{picture}\nendstream"
    pixels = "/Type /XObject /Subtype /Image /Width 600 /Height 150 /ColorSpace /DeviceGray /BitsPerComponent 8"
    objects[8] = f"<< {pixels} /Length {len(image)} >>\nstream\n{image.decode('latin-1')}\nendstream"
    return written({number: each.encode("latin-1") for number, each in objects.items()})


def tiles(pages: int = 1) -> bytes:
    """Pages that nobody lives to see drawn, in a kilobyte:
    each is filled with tiles that are filled with themselves.
    """
    fill = "/Pattern cs /P scn 0 0 600 800 re f"
    tile = "/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 600 800] /XStep 2 /YStep 2"
    resources = "/Resources << /Pattern << /P 3 0 R >> >>"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{'5 0 R ' * pages}] /Count {pages} >>",
        f"<< {tile} {resources} /Length {len(fill)} >>\nstream\n{fill}\nendstream",
        f"<< /Length {len(fill)} >>\nstream\n{fill}\nendstream",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R {resources} >>",
    )
    return raw_pdf(*objects)


def raw_pdf(*objects: str) -> bytes:
    """A PDF of these objects, the first of which is its catalogue."""
    out, starts = "%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        starts.append(len(out))
        out += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return f"{out}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()
