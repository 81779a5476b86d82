"""What is done to sound PDFs, one function each, and any file of the lot from a seed and its number (`mutant`).

`BYTES` change the bytes of any file, `OBJECTS` the objects of a draft; `hostile_made` has the files that are made to do
harm from the start. The number beside a function is its weight.
"""

import random
import re
import zlib
from collections.abc import Callable

from bench.hostile_drafts import DRAFTS, REFERENCE, Draft, encrypted, incremental, stream
from bench.hostile_made import EXTREMES, MADE

Bytes = Callable[[random.Random, bytes], bytes]
Objects = Callable[[random.Random, Draft], Draft]

BYTES: dict[str, tuple[Bytes, int]] = {}
OBJECTS: dict[str, tuple[Objects, int]] = {}

KEYS = (
    b"MediaBox CropBox Width Height BitsPerComponent BBox XStep YStep Matrix Count N First Size Columns Colors "
    b"Predictor "
    b"Length FirstChar LastChar Widths W DW Rotate UserUnit Coords Domain Index Prev St Nums Limits FontMatrix Rect"
).split()


def _bytes(weight: int = 10) -> Callable[[Bytes], Bytes]:
    def register(mutate: Bytes) -> Bytes:
        BYTES[mutate.__name__] = mutate, weight
        return mutate

    return register


def _objects(weight: int = 10) -> Callable[[Objects], Objects]:
    def register(mutate: Objects) -> Objects:
        OBJECTS[mutate.__name__] = mutate, weight
        return mutate

    return register


# Bytes


@_bytes(20)
def bit_flips_few(rng: random.Random, data: bytes) -> bytes:
    """One to eight bits."""
    return _flipped(rng, data, rng.randint(1, 8))


@_bytes()
def bit_flips_many(rng: random.Random, data: bytes) -> bytes:
    """Up to a bit in a hundred bytes."""
    return _flipped(rng, data, max(1, len(data) // rng.randint(100, 1000)))


@_bytes()
def bytes_replaced(rng: random.Random, data: bytes) -> bytes:
    """Bytes that end up as any other."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 4, 32))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


@_bytes()
def cut_end(rng: random.Random, data: bytes) -> bytes:
    """A download that did not finish."""
    return data[: rng.randrange(8, len(data))]


@_bytes()
def cut_middle(rng: random.Random, data: bytes) -> bytes:
    """A piece is missing."""
    at = rng.randrange(9, len(data))
    return data[:at] + data[at + rng.choice((1, 16, 512)) :]


@_bytes()
def repeated(rng: random.Random, data: bytes) -> bytes:
    """A piece is there many times."""
    at = rng.randrange(9, len(data))
    piece = data[at : at + rng.choice((1, 64, 1024))]
    return data[:at] + piece * rng.choice((2, 20, 60)) + data[at:]


@_bytes()
def spliced(rng: random.Random, data: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    other = DRAFTS[rng.choice(sorted(DRAFTS))]().written()
    return data[: rng.randrange(9, len(data))] + other[rng.randrange(len(other)) :]


@_bytes()
def before_the_header(rng: random.Random, data: bytes) -> bytes:
    """Up to more bytes than a reader allows."""
    return rng.randbytes(rng.choice((1, 100, 1000, 1024, 2000))).replace(b"%PDF", b"") + data


@_bytes(5)
def pdf_in_pdf(rng: random.Random, data: bytes) -> bytes:
    """One file within, or behind, another."""
    other = DRAFTS[rng.choice(sorted(DRAFTS))]().packed()
    at = rng.choice((data.find(b"stream\n") + 7, len(data)))
    return data[:at] + other + data[at:]


@_bytes()
def numbers_anywhere(rng: random.Random, data: bytes) -> bytes:
    """Some numbers of the file, offsets among them, are extreme."""
    found = list(re.finditer(rb"(?<![\w.])\d+(?![\w.])", data))
    for match in sorted(rng.sample(found, min(len(found), rng.randint(1, 4))), key=lambda m: -m.start()):
        data = data[: match.start()] + rng.choice(EXTREMES) + data[match.end() :]
    return data


@_bytes()
def words_exchanged(rng: random.Random, data: bytes) -> bytes:
    """Names, and the words that hold a file together, in one another's places."""
    words = list(re.finditer(rb"/[A-Za-z0-9]+|endobj|endstream|stream|obj|xref|trailer|startxref|<<|>>|\[|\]", data))
    for match in sorted(rng.sample(words, min(len(words), rng.randint(1, 6))), key=lambda m: -m.start()):
        data = data[: match.start()] + rng.choice((b"", rng.choice(words)[0])) + data[match.end() :]
    return data


# Objects of a draft


@_objects()
def swapped(rng: random.Random, draft: Draft) -> Draft:
    """Two objects have each other's numbers."""
    one, other = rng.choice(list(draft.objects)), rng.choice(list(draft.objects))
    draft.objects[one], draft.objects[other] = draft.objects[other], draft.objects[one]
    return draft


@_objects(20)
def self_referring(rng: random.Random, draft: Draft) -> Draft:
    """An object refers to itself."""
    number = rng.choice([n for n, body in draft.objects.items() if REFERENCE.search(body)])
    return _referring(rng, draft, number, number)


@_objects(20)
def referring_to_another(rng: random.Random, draft: Draft) -> Draft:
    """A few references lead to any object."""
    for _ in range(rng.randint(1, 4)):
        number = rng.choice([n for n, body in draft.objects.items() if REFERENCE.search(body)])
        draft = _referring(rng, draft, number, rng.choice(list(draft.objects)))
    return draft


@_objects(5)
def all_to_one(rng: random.Random, draft: Draft) -> Draft:
    """Every reference leads to one object, but for the catalog's."""
    target = b"%d 0 R" % rng.choice(list(draft.objects))
    draft.objects = {n: b if n == draft.root else REFERENCE.sub(target, b) for n, b in draft.objects.items()}
    return draft


@_objects()
def lost(rng: random.Random, draft: Draft) -> Draft:
    """An object that others refer to is not there."""
    del draft.objects[rng.choice([n for n in draft.objects if n != draft.root])]
    return draft


@_objects(30)
def extreme_numbers(rng: random.Random, draft: Draft) -> Draft:
    """Numbers behind keys that size something are extreme."""
    places = [
        (n, m)
        for n, body in draft.objects.items()
        for m in re.finditer(rb"/(%s)\s*\[?([-\d. ]+)" % b"|".join(KEYS), body)
    ]
    if places:
        number, match = rng.choice(places)
        body = draft.objects[number]
        value = b" ".join(rng.choice(EXTREMES) if rng.random() < 0.7 else each for each in match[2].split())
        draft.objects[number] = body[: match.start(2)] + value + b" " + body[match.end(2) :]
    return draft


@_objects(20)
def inside_streams(rng: random.Random, draft: Draft) -> Draft:
    """The data of a stream is changed before it is compressed again, so that the change reaches the parser within."""
    number = rng.choice([n for n, body in draft.objects.items() if b"stream\n" in body] or [draft.root])
    head, _, rest = draft.objects[number].partition(b"stream\n")
    data = rest.rpartition(b"\nendstream")[0]
    if b"FlateDecode" in head and b"ASCII85" not in head:
        data = zlib.decompressobj().decompress(data)  # reportlab's ends in a line feed too many
    operators = (
        b" q ",
        b" Q ",
        b" BT ",
        b" ET ",
        b" [ ",
        b" << ",
        b" ( ",
        b" BI ",
        b" ID ",
        b" 1e38 0 0 1e38 0 0 cm ",
        b" /F1 1e30 Tf ",
    )
    for _ in range(rng.randint(1, 20)):
        at = rng.randrange(len(data) + 1)
        data = (
            data[:at]
            + rng.choice((rng.choice(operators), rng.randbytes(2), rng.choice(EXTREMES)))
            + data[at + rng.randrange(3) :]
        )
    kept = re.sub(rb"/Filter\s*(\[.*?\]|/\w+)|/Length \d+", b"", head).strip().removeprefix(b"<<").removesuffix(b">>")
    draft.objects[number] = stream(kept, data, flate=True)
    return draft


@_objects()
def values_exchanged(rng: random.Random, draft: Draft) -> Draft:
    """An entry has another entry's value, of any kind."""
    found = [
        (n, m)
        for n, body in draft.objects.items()
        for m in re.finditer(rb"/\w+\s*(\d+ 0 R|\([^)]*\)|/\w+|[-\d.]+)", body)
    ]
    for _ in range(rng.randint(1, 3)):
        number, match = rng.choice(found)
        draft.objects[number] = draft.objects[number].replace(
            match[0], match[0][: -len(match[1])] + rng.choice(found)[1][1], 1
        )
    return draft


@_objects()
def nested_values(rng: random.Random, draft: Draft) -> Draft:
    """A value lies in many arrays or dictionaries."""
    number, deep = rng.choice(list(draft.objects)), rng.choice((10, 600, 30_000))
    found = list(re.finditer(rb"\d+ 0 R|\[[^\[\]]*\]", draft.objects[number].partition(b"stream\n")[0]))
    if found:
        match, (left, right) = rng.choice(found), rng.choice(((b"[", b"]"), (b"<</A", b">>")))
        body = draft.objects[number]
        draft.objects[number] = body[: match.start()] + left * deep + match[0] + right * deep + body[match.end() :]
    return draft


# What several of them do


def _flipped(rng: random.Random, data: bytes, count: int) -> bytes:
    changed = bytearray(data)
    for _ in range(count):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _referring(rng: random.Random, draft: Draft, number: int, target: int) -> Draft:
    body = draft.objects[number]
    match = rng.choice(list(REFERENCE.finditer(body)))
    draft.objects[number] = body[: match.start()] + b"%d 0 R" % target + body[match.end() :]
    return draft


# One file of the lot

WEIGHTS = {name: weight for table in (BYTES, OBJECTS, MADE) for name, (_, weight) in table.items()}
LARGEST = 400_000  # bytes; a file that would be larger is made again, so that ten thousand take tens of megabytes


def mutator_of(seed: int, number: int) -> str:
    """What is done to the file of that number: the first files have each mutator once,
    all others are drawn by weight.
    """
    names = list(WEIGHTS)
    if number < len(names):
        return names[number]
    return random.Random(f"{seed}/{number}/mutator").choices(names, list(WEIGHTS.values()))[0]


def mutant(seed: int, number: int) -> tuple[str, str, bytes]:
    """Mutator, base and bytes of one file; the same seed and number give the same bytes."""
    rng, name = random.Random(f"{seed}/{number}"), mutator_of(seed, number)
    while True:
        base, data = _mutated(rng, name)
        if len(data) <= LARGEST:
            return name, base, data


def _mutated(rng: random.Random, name: str) -> tuple[str, bytes]:
    if name in MADE:
        return "", MADE[name][0](rng)
    base = rng.choice([*DRAFTS, "encrypted"] if name in BYTES else list(DRAFTS))
    if base == "encrypted":
        return base, BYTES[name][0](rng, encrypted())
    draft = DRAFTS[base]()
    if name in OBJECTS:
        return base, _file(rng, OBJECTS[name][0](rng, draft))
    return base, BYTES[name][0](rng, _file(rng, draft))


def _file(rng: random.Random, draft: Draft) -> bytes:
    """The draft in one of the ways to write a file."""
    return rng.choice((draft.written, draft.packed, lambda: incremental(draft)))()
