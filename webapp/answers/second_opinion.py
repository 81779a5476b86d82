"""Asks the language model again whether the passages say what it wrote (self-check): one token a sentence.

checked sentence that cites and is no bare quotation → "Do these passages say this?" → no: it is not confirmed

It can lower a mark and never raise one: a yes, a failure and what is neither yes nor no leave it as it is.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

from retrieval import Passage
from webapp.answers.each_document import Windows, in_parallel
from webapp.answers.generate import Delta
from webapp.answers.prompt import question_line, without_chat_markers
from webapp.core.errors import Congested, EngineError
from webapp.grounding.check import CheckedAnswer, CheckedSentence
from webapp.grounding.markers import CITE
from webapp.llm.chat import Message

MOST_SENTENCES = 24  # of one answer; further ones keep their marks
SECONDS = 30.0  # for all of them; those that were not answered by then keep their marks
DENIED = "asked again, the language model says that its passages do not say this"
SYSTEM = "You compare statements with passages of contracts. Answer with one word: yes or no."
_NO = re.compile(r"\W*no(?!\w)\s*(?:[^\w\s].*)?", re.IGNORECASE | re.DOTALL)  # not "No doubt", which denies nothing


async def second_opinion(checked: CheckedAnswer, passages: Sequence[Passage], windows: Windows) -> CheckedAnswer:
    """Lower the mark of each sentence that the language model denies when it is asked again.

    Sentences are asked in parallel, as far as the question queue has places to spare. Cancelling the task closes the
    streams.
    """
    by_number = {passage.n: passage for passage in passages}
    asked = [sentence for sentence in checked.sentences if _may_be_lowered(sentence)][:MOST_SENTENCES]

    async def denies(sentence: CheckedSentence) -> CheckedSentence | None:
        return sentence if await _denies(sentence, by_number, windows) else None

    denied: list[CheckedSentence] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS), aclosing(in_parallel(asked, denies, windows)) as outcomes:
            async for outcome in outcomes:
                denied += [outcome] if outcome else []
    lowered = (replace(s, supported=False, reason=DENIED, how="") if s in denied else s for s in checked.sentences)
    return replace(checked, sentences=tuple(lowered)) if denied else checked


def _may_be_lowered(sentence: CheckedSentence) -> bool:
    """Whether it cites passages that are to say it: a quotation is on the page, and a computed value is not."""
    return bool(sentence.cites) and (sentence.state == "compared" or sentence.how == "read")


async def _denies(sentence: CheckedSentence, by_number: Mapping[int, Passage], windows: Windows) -> bool:
    """Whether the language model says that the passages of a sentence do not say it; not where it fails."""
    text = ""
    try:
        async with windows.lease() as backend:
            if backend.client is not None:
                messages = _messages(sentence, [by_number[n] for n in sentence.cites])
                async with aclosing(backend.stream(messages, max_tokens=1)) as pieces:
                    async for piece in pieces:
                        text = Delta.of(piece).after(text)
    except (EngineError, Congested):  # the mark stays
        return False
    return bool(_NO.fullmatch(text))


def _messages(sentence: CheckedSentence, passages: Sequence[Passage]) -> list[Message]:
    statement = " ".join(CITE.sub("", sentence.text).split())
    sources = "\n".join(passage.as_sent() for passage in passages)
    question = question_line(f"Do these passages say this: “{statement}” Answer yes or no.")
    return [Message("system", SYSTEM), Message("user", without_chat_markers(f"{sources}\n{question}"))]
