"""The embedder's own ways to be quick change no order: batches of one length, a thread a core, and bfloat16."""

import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from joblib import cpu_count
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from retrieval.search.embedder import LocalEmbedder

pytestmark = pytest.mark.slow

CLAUSES = [
    line
    for line in (Path(__file__).parents[3] / "docs/sample/contract.txt").read_text("utf-8").splitlines()
    if len(line) > 20
]
QUESTIONS = [
    "Who may terminate, and with what notice?",
    "What happens if the buyer pays late?",
    "Which law governs this agreement?",
    "Is there a cap on liability?",
    "Who owns improvements to the products?",
]


@pytest.fixture(scope="module")
def float32() -> LocalEmbedder:
    return LocalEmbedder(bfloat16=False)


@pytest.fixture(scope="module")
def bfloat16() -> LocalEmbedder:
    return LocalEmbedder(bfloat16=True)


def scores(embedder: LocalEmbedder) -> NDArray[np.float32]:
    """float32[questions, clauses]."""
    asked = np.concatenate([embedder.queries([question]) for question in QUESTIONS])
    return np.asarray(embedder.aim(asked) @ embedder.passages(CLAUSES).T)


def test_a_text_has_the_same_vector_alone_and_among_others(float32: LocalEmbedder) -> None:
    texts = ["Rent.", " ".join(CLAUSES[:30]), *CLAUSES[:40], "Notice period", " ".join(CLAUSES[5:9])]
    alone = np.concatenate([float32.passages([text]) for text in texts])
    assert np.abs(float32.passages(texts) - alone).max() < 1e-5


class Counted(LocalEmbedder):
    """Keeps how many texts were read."""

    read = 0

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        self.read += len(texts)
        return super().tokens(texts)


def test_texts_that_are_equal_are_embedded_once(float32: LocalEmbedder) -> None:
    embedder, texts = Counted(bfloat16=False), [*CLAUSES[:3], CLAUSES[1], CLAUSES[0], *CLAUSES[2:4]]
    assert np.abs(embedder.passages(texts) - np.concatenate([float32.passages([t]) for t in texts])).max() < 1e-5
    assert embedder.read == 4


def test_no_texts_have_no_vectors(float32: LocalEmbedder) -> None:
    assert float32.passages([]).shape == (0, float32.dimension)


def test_the_vectors_are_those_of_sentence_transformers(float32: LocalEmbedder) -> None:
    theirs = SentenceTransformer(float32.source, device="cpu").encode(CLAUSES[:20], normalize_embeddings=True)
    assert np.abs(float32.queries(CLAUSES[:20]) - theirs).max() < 1e-5


def test_documents_and_questions_at_once_do_not_disturb_each_other(float32: LocalEmbedder) -> None:
    texts, asked = [*CLAUSES[:30], "Rent."], [f"{question} {n}" for n in range(4) for question in QUESTIONS]
    alone = float32.passages(texts)
    with ThreadPoolExecutor(4) as pool:
        documents = [pool.submit(float32.passages, texts) for _ in range(3)]
        questions = [pool.submit(float32.queries, [question]) for question in asked]
    assert all(np.abs(done.result() - alone).max() < 1e-5 for done in documents)
    one_by_one = np.concatenate([done.result() for done in questions])
    assert np.abs(one_by_one - float32.queries(asked)).max() < 1e-5


class Held(LocalEmbedder):
    """Its batches in threads of a lower priority than the tests' wait until they are let go."""

    def __init__(self) -> None:
        super().__init__(bfloat16=False)
        self.began, self.let_go = threading.Event(), threading.Event()
        self.usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def _embed(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        if os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) > self.usual:
            self.began.set()
            assert self.let_go.wait(60)
        return np.zeros((len(tokens), self.dimension), np.float32)  # what they are makes no difference


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
def test_the_sentences_of_a_question_do_not_wait_for_the_passages_of_an_ingest() -> None:
    embedder = Held()

    def ingest() -> int:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), embedder.usual + 5)
        return len(embedder.passages(CLAUSES * 4))

    with ThreadPoolExecutor(2) as threads:
        done = threads.submit(ingest)
        assert embedder.began.wait(60)
        try:
            sentences = threads.submit(embedder.passages, CLAUSES * 2).result(60)
            assert not done.done()
        finally:
            embedder.let_go.set()
        assert done.result(60) == len(CLAUSES * 4)
    assert len(sentences) == len(CLAUSES * 2)


def test_a_thread_that_keeps_torch_to_itself_takes_no_core_from_those_that_come_later() -> None:
    def threads_of_an_embedder() -> int:
        before = set(threading.enumerate())
        LocalEmbedder(bfloat16=False).passages(CLAUSES * 4)
        return len(set(threading.enumerate()) - before)

    for _ in range(2):  # the first leaves torch at one thread for whoever begins after it
        with ThreadPoolExecutor(1) as thread:
            # The thread that asks is alive before its embedder's are.
            assert thread.submit(threads_of_an_embedder).result() == cpu_count(only_physical_cores=True)


def test_bfloat16_finds_what_float32_finds(float32: LocalEmbedder, bfloat16: LocalEmbedder) -> None:
    """Nothing that float32 tells apart changes places, and the best five are the same but for ties."""
    exact, quick = scores(float32), scores(bfloat16)
    assert 0 < np.abs(exact - quick).max() < 0.01
    for a, b in zip(exact, quick, strict=True):
        assert a.argmax() == b.argmax()
        fifth = np.sort(a)[-5]
        assert all(a[i] > fifth - 0.01 for i in np.argsort(-b)[:5])
        assert not [(i, j) for i, j in combinations(range(len(a)), 2) if (a[i] - a[j]) * (b[i] - b[j]) < -(0.01**2)]
