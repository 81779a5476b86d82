"""How well words are recognised: pages of contracts, drawn and spoiled, against the text that they are made from.

    python -m bench.recognition LABELS/pdf [--pages 200] [--seed 17]        error rates, seconds, overlap of word boxes
    python -m bench.recognition LABELS/pdf --tesseract                      and of Tesseract, on the same images
    python -m bench.recognition LABELS/pdf --scans FOLDER [--dots 200]      the same contracts as PDFs of images alone

Error rates are edits for each character, and for each word, of the true text in its order; white space counts where it
parts words. Curly quotation marks count as straight ones, rules of dashes, dots and the like do not count, the words of
a stamp count as wrong ones. The overlap is that of a recognised word's box with pdfium's, the share of both that they
have in common, over the words that were read right. Seconds are of the processor, for a page.
Spoiled: turned by up to 2 degrees, noise, blur, a fax (204 x 98 dots, black or white), a stamp over the text.
The folder of `--scans` stands beside LABELS as `pdf` does, for the questions of LABELS to be asked of recognised text.
"""

import argparse
import io
import random
import re
import resource
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from retrieval.reading.recognition import THREADS, Reading, ReadWord, Recogniser

Spoil = Callable[[Image.Image, random.Random], Image.Image]
Line = list[tuple[str, NDArray[np.float64]]]
"""Words with their boxes: left, top, right and bottom as shares of the page."""

Read = Callable[[NDArray[np.uint8]], Reading]
_RULE = re.compile(r"[-_.=*~]{3,}")
_PLAIN_QUOTES = str.maketrans("‘’“”", "''\"\"")


def clean(image: Image.Image, _: random.Random) -> Image.Image:
    """As it is."""
    return image


def skew(image: Image.Image, chance: random.Random) -> Image.Image:
    """Turned by 0.5 to 2 degrees; boxes do not count."""
    angle = chance.choice((-1, 1)) * chance.uniform(0.5, 2)
    return image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)


def noise(image: Image.Image, chance: random.Random) -> Image.Image:
    """The grain of a copy, and specks."""
    numbers = np.random.default_rng(chance.randrange(1 << 30))
    pixels = np.asarray(image, np.float32) + numbers.normal(0, 25, (image.height, image.width))
    pixels[numbers.random(pixels.shape) < 0.002] = 0
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def blur(image: Image.Image, _: random.Random) -> Image.Image:
    """Out of focus by a pixel and a half."""
    return image.filter(ImageFilter.GaussianBlur(1.5))


def fax(image: Image.Image, _: random.Random) -> Image.Image:
    """Standard resolution, black or white."""
    low = image.resize((1728, 1728 * 98 * image.height // (204 * image.width)))
    return low.point(lambda shade: 255 * (shade > 150)).resize(image.size)


def stamp(image: Image.Image, chance: random.Random) -> Image.Image:
    """A stamp of an office across the text."""
    drawn = image.copy()
    word = chance.choice(("RECEIVED", "CONFIDENTIAL", "COPY", "FILED 14 MAR 2024"))
    label = Image.new("L", (image.width // 2, image.width // 12), 0)
    ImageDraw.Draw(label).text((10, 5), word, fill=140, font_size=image.width // 16)
    turned = label.rotate(chance.uniform(5, 25), expand=True)
    at = chance.randrange(image.width // 3), chance.randrange(image.height // 8, image.height // 2)
    drawn.paste(0, (*at, at[0] + turned.width, at[1] + turned.height), turned)
    return drawn


TRACKS: dict[str, tuple[int, Spoil]] = {
    "150 dots": (150, clean),
    "200 dots": (200, clean),
    "300 dots": (300, clean),
    "skew": (200, skew),
    "noise": (200, noise),
    "blur": (200, blur),
    "fax": (200, fax),
    "stamp": (200, stamp),
}


def main() -> None:
    """Print the rates of each track, or write the scans."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--tesseract", action="store_true")
    parser.add_argument("--scans", type=Path)
    parser.add_argument("--dots", type=int, default=200)
    args = parser.parse_args()
    if args.scans:
        args.scans.mkdir(parents=True, exist_ok=True)
        for path in sorted(args.pdfs.glob("*.pdf")):
            (args.scans / path.name).write_bytes(as_scan(path, args.dots))
        return
    chance = random.Random(args.seed)
    engines: dict[str, Read] = {"PP-OCRv6": Recogniser().read}
    if args.tesseract:
        engines["Tesseract"] = tesseract
    rows: dict[tuple[str, str], list[tuple[float, ...]]] = defaultdict(list)
    for number, (path, index) in enumerate(pages(args.pdfs, args.pages, chance)):
        track = list(TRACKS)[number % len(TRACKS)]
        image, truth = spoiled(path, index, track, chance)
        for engine, read in engines.items():
            rows[engine, track].append(measured(read, image, truth, has_boxes=track != "skew"))
    for engine in engines:
        print(f"{engine}, {THREADS} threads")
        print(f"{'track':10} {'pages':>5} {'characters':>10} {'words':>7} {'seconds':>8} {'boxes':>6}")
        for track in TRACKS:
            if of_track := rows[engine, track]:
                edits, characters, wrong, words, seconds, overlap, boxes = np.sum(of_track, axis=0)
                shares = f"{edits / characters:10.4f} {wrong / words:7.4f} {seconds / len(of_track):8.1f}"
                print(f"{track:10} {len(of_track):5} {shares} {overlap / max(1, boxes):6.2f}")


def pages(folder: Path, count: int, chance: random.Random) -> Iterator[tuple[Path, int]]:
    """Pages of contracts with some hundred words, each of another contract as long as there are enough."""
    paths = sorted(folder.glob("*.pdf"))
    found = 0
    while found < count:
        chance.shuffle(paths)
        for path in paths:
            pdf = pdfium.PdfDocument(path)
            index = chance.randrange(len(pdf))
            length = len(pdf[index].get_textpage().get_text_range())
            pdf.close()
            if length > 600 and found < count:
                found += 1
                yield path, index


def spoiled(path: Path, index: int, track: str, chance: random.Random) -> tuple[NDArray[np.uint8], list[Line]]:
    """The image of a page as a track has it, and what it says."""
    dots, spoil = TRACKS[track]
    pdf = pdfium.PdfDocument(path)
    page = pdf[index]
    image = spoil(page.render(scale=dots / 72, grayscale=True, draw_annots=False).to_pil(), chance)
    if dots != 200:  # as the reader draws every scan
        image = image.resize((image.width * 200 // dots, image.height * 200 // dots), Image.Resampling.BICUBIC)
    truth = true_lines(page)
    pdf.close()
    return np.asarray(image), truth


def measured(read: Read, image: NDArray[np.uint8], truth: Sequence[Line], *, has_boxes: bool) -> tuple[float, ...]:
    """Edits, characters, wrong words, words, seconds, the sum of the overlaps of boxes, and their number."""
    started_at = processor_seconds()
    reading = read(image)
    seconds = processor_seconds() - started_at
    overlap, boxes = overlaps(truth, reading, (image.shape[1], image.shape[0])) if has_boxes else (0.0, 0)
    return *errors(truth, read_words(reading)), seconds, overlap, boxes


def processor_seconds() -> float:
    """Of this process and of those that it ran and waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def tesseract(image: NDArray[np.uint8]) -> Reading:
    """What Debian's tesseract-ocr reads with its defaults, on one thread."""
    coded = io.BytesIO()
    Image.fromarray(image).save(coded, "PNG", dpi=(200, 200), compress_level=0)
    command = ["tesseract", "-", "-", "-l", "eng", "tsv"]
    out = subprocess.run(
        command, input=coded.getvalue(), env={"OMP_THREAD_LIMIT": "1"}, capture_output=True, check=True
    )
    rows: dict[tuple[str, ...], list[ReadWord]] = defaultdict(list)
    for line in out.stdout.decode().splitlines()[1:]:
        level, *place, _, left, top, width, height, confidence, word = line.split("\t")
        if level == "5" and word.strip():
            x, y = float(left), float(top)
            box = x, y, x + float(width), y + float(height)
            rows[tuple(place)].append(ReadWord(word, box, float(confidence) / 100))
    return Reading(tuple(map(tuple, rows.values())), 0.0)


def true_lines(page: pdfium.PdfPage) -> list[Line]:
    """The lines of a page of text, each of its words with its box."""
    textpage = page.get_textpage()
    width, height = page.get_size()
    lines: list[Line] = [[]]
    word, box = "", np.array([np.inf, np.inf, -np.inf, -np.inf])
    for i in range(textpage.count_chars()):
        character = textpage.get_text_range(i, 1)
        if character.strip() and character not in "\x02\ufffe":
            left, bottom, right, top = textpage.get_charbox(i, loose=True)
            at = np.array([left / width, 1 - top / height, right / width, 1 - bottom / height])
            box = np.concatenate([np.minimum(box[:2], at[:2]), np.maximum(box[2:], at[2:])])
            word += character
            continue
        word += "-" * (character in ("\x02", "\ufffe"))
        if word:
            lines[-1].append((word, box))
            word, box = "", np.array([np.inf, np.inf, -np.inf, -np.inf])
        if character in ("\n", "\r", "\x02", "\ufffe") and lines[-1]:
            lines.append([])
    if word:
        lines[-1].append((word, box))
    textpage.close()
    return _from_top_to_bottom([line for line in lines if line])


def _from_top_to_bottom(lines: list[Line]) -> list[Line]:
    """Lines as they stand, where none stands beside another: files often have the foot of a page first."""
    tops = np.array([min(box[1] for _, box in line) for line in lines])
    bottoms = np.array([max(box[3] for _, box in line) for line in lines])
    order = np.argsort(tops)
    tops, bottoms = tops[order], bottoms[order]
    is_one_column = (tops[1:] > (tops[:-1] + bottoms[:-1]) / 2).all()
    return [lines[i] for i in order] if is_one_column else lines


def read_words(reading: Reading) -> list[str]:
    """The words as they were read, in reading order."""
    return plain(word.text for row in reading.rows for word in row)


def plain(words: Iterable[str]) -> list[str]:
    """Words with straight quotation marks, and without rules that are written as characters, which nobody asks for."""
    return [rest for word in words if (rest := _RULE.sub("", word).translate(_PLAIN_QUOTES))]


def errors(truth: Sequence[Line], read: Sequence[str]) -> tuple[int, int, int, int]:
    """Edits and characters, wrong words and words. White space does not count among the characters."""
    words = plain(word for line in truth for word, _ in line)
    wrong = edits = 0
    for tag, first, last, other_first, other_last in SequenceMatcher(None, words, read, autojunk=False).get_opcodes():
        if tag != "equal":
            wrong += max(last - first, other_last - other_first)
            edits += distance("".join(words[first:last]), "".join(read[other_first:other_last]))
    return edits, sum(map(len, words)), wrong, len(words)


def distance(one: str, other: str) -> int:
    """Levenshtein's: insertions, deletions and changes of a character."""
    row = np.arange(len(other) + 1)
    codes = np.array([ord(c) for c in other])
    for i, character in enumerate(one, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(character)))
        # What stands left may be cheaper: the least of all before it, one more for each step.
        steps = np.arange(len(other) + 1)
        row = np.minimum.accumulate(np.concatenate([[i], best]) - steps) + steps
    return int(row[-1])


def overlaps(truth: Sequence[Line], reading: Reading, size: tuple[int, int]) -> tuple[float, int]:
    """The sum of the overlaps of words that were read right, and their number."""
    words = [(word, box) for line in truth for word, box in line]
    read = [(word.text, np.array(word.box) / (*size, *size)) for row in reading.rows for word in row]
    matcher = SequenceMatcher(None, [word for word, _ in words], [word for word, _ in read], autojunk=False)
    total, count = 0.0, 0
    for first, other, length in matcher.get_matching_blocks():
        for (_, one), (_, two) in zip(words[first : first + length], read[other : other + length], strict=True):
            shared = np.prod(np.clip(np.minimum(one[2:], two[2:]) - np.maximum(one[:2], two[:2]), 0, None))
            total += float(shared / (np.prod(one[2:] - one[:2]) + np.prod(two[2:] - two[:2]) - shared))
            count += 1
    return total, count


def as_scan(path: Path, dots: int) -> bytes:
    """A PDF of the same pages as images alone."""
    pdf = pdfium.PdfDocument(path)
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for page in pdf:
        size = page.get_size()
        image = page.render(scale=dots / 72, grayscale=True).to_pil()
        coded = io.BytesIO()
        image.save(coded, "JPEG", quality=80)
        canvas.setPageSize(size)
        canvas.drawImage(ImageReader(coded), 0, 0, *size)
        canvas.showPage()
    canvas.save()
    pdf.close()
    return out.getvalue()


if __name__ == "__main__":
    main()
