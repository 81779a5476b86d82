"""Testimony: a question and its answer are one, quoted and cited together."""

from retrieval import Sentence, own_words, pin_cite, sentences
from retrieval.reading.pdf import read_pdf
from retrieval.structure.chunks import cut
from retrieval.structure.clauses import outline
from retrieval.structure.testimony import exchanges
from tests.court_pdfs import TESTIMONY, transcript
from tests.documents import document
from webapp.answers.key_language import KeySentence, key_language

DOCUMENT = read_pdf(transcript(), name="Marchant Dep.pdf", document_id="x")


def test_each_question_is_one_with_its_answer() -> None:
    asked = [own_words(DOCUMENT, exchange.span) for exchange in exchanges(DOCUMENT)]
    assert asked == [
        "Q. Did you review the maintenance log? A. Yes, I did.",
        "Q. What did the log show for brake number four? A. It showed that the pads had been reported worn on June 3.",
        "Q. Who told the night foreman of it? A. Nobody told him.",
        "Q. Did anybody replace the pads before the accident? MR. VANCE: Objection. Q. You can answer."
        " A. No. The order was put on hold by the purchasing department.",
        "Q. How fast was the truck going when it left the yard? A. Forty.",
        "Q. And the limit is what? A. Fifteen.",
    ]
    assert [own_words(DOCUMENT, span) for span in sentences(DOCUMENT)] == asked
    assert not outline(DOCUMENT)


def test_a_hit_on_a_question_brings_its_answer_and_its_lines() -> None:
    def relevance(_: str, every: list[Sentence]) -> list[float]:
        return [float("how fast" in each.words.casefold()) for each in every]

    passage = pin_cite(DOCUMENT, DOCUMENT.span(0, len(DOCUMENT.text)))
    (key,) = key_language("How fast?", [passage], {"x": DOCUMENT}, relevance=relevance).clauses  # type: ignore[arg-type]
    assert key.text == "Q. How fast was the truck going when it left the yard? A. Forty."
    assert (key.lines, key.page, key.page_label) == ("43:1-3", 3, "43")


def test_no_chunk_parts_a_question_from_its_answer() -> None:
    long = read_pdf(transcript([page * 3 for page in TESTIMONY]), name="x.pdf", document_id="x")
    chunks = list(cut(long))
    assert len(chunks) > 1
    starts = {exchange.span.start for exchange in exchanges(long)}
    assert {chunk.span.start for chunk, _ in chunks[1:]} <= starts


def test_a_lettered_list_is_no_testimony() -> None:
    assert not exchanges(document("A. Rent is due.\nB. Fees are due.\nQ. Notices.\nA. Rent again.\n"))


def test_a_long_answer_is_quoted_in_part_with_its_question() -> None:
    told = [f"The pump number {n} was stopped by the foreman and nobody told us of it." for n in range(40)]
    text = "Q. What happened?\nA. I will tell you.\nQ. Go on and say it all?\nA. Well.\n" + "\n".join(told)
    long = document(text)
    whole = KeySentence.of_clause(long, next(s for s in sentences(long) if "number 30 " in long.slice(s)))
    assert whole.text.startswith("Q. Go on and say it all? … The pump number 30 was stopped")
    assert len(whole.text) < 1_000
