"""Limits of one document: time, memory and text; a document above them fails alone, with a sentence."""

from dataclasses import dataclass

MIB = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one document, unless said; each but `labels` has a setting of its name."""

    pages: int = 10_000
    # 10,000 pages of contracts have 28 million (160 of CUAD: 2,758 a page, 8,210 on the fullest), set solid 39 million.
    characters: int = 40_000_000
    # Of all documents of one matter: 180,000 pages of contracts, 3,700 contracts of the mean length or 1,000 long ones.
    matter_characters: int = 500_000_000
    page_seconds: float = 30  # the slowest of the 2,772 pages of those took 0.12 s
    document_seconds: float = 900  # to read it and cut it into chunks: 10,000 solid pages take half a minute
    # Address space of the process that reads. A file of 200 MiB takes 435, 10,000 solid pages with all chunks 290.
    memory_mib: int = 2048
    labels: bool = True  # whether the labels of pages are read; not where they brought a converter down
    ocr: bool = True  # whether the words of images are recognised; without it their pages are named as unreadable
    ocr_seconds: float = 60  # for one page, beside `page_seconds`; a dense one takes 7 on one old core
    ocr_mib: int = 2048  # address space of the process that recognises: a dense page at 200 dots an inch takes 1,100
    file_mib: int = 200  # of a file, and of each that is taken out of one
