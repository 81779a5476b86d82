"""Thinking of reasoning models: how it is switched off in a request, and how it is kept out of the text of an answer.

Where it cannot be switched off, a server reports it in a field of its own (`reasoning_content`, `reasoning`) or leaves
it in the text between tags. A chat template may put the tag that opens it at the end of the prompt; then the text
begins with thinking, and only the closing tag tells.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Opening and closing tags in the text: of Qwen, DeepSeek, GLM and others, of Seed, of Magistral, of Kimi, of Gemma, and
# the channels of gpt-oss (harmony), with and without its special tokens.
TAGS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|channel>thought", "<channel|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|channel|>commentary<|message|>", "<|channel|>final<|message|>"),
)
# Words that open thinking, where a text begins with them: of Granite 3, and of gpt-oss without its special tokens.
FIRST_WORDS: Final = (("Here is my thought process:", "Here is my response:"), ("analysis", "assistantfinal"))
FRAMES: Final = ("<|start|>assistant", "<|end|>", "<|return|>")  # of harmony around the channels; no part of an answer
CLOSINGS: Final = tuple(dict.fromkeys(closing for _, closing in TAGS))
# What a request says so that a model does not think: variables of chat templates (Qwen, GLM, Gemma; DeepSeek, Granite).
TEMPLATE_SWITCH: Final = {"enable_thinking": False, "thinking": False}
# How a server refuses that.
REFUSES_SWITCH: Final = re.compile(r"chat_template_kwargs|enable_thinking|reasoning_effort|\bkwargs\b", re.IGNORECASE)
FIELDS: Final = ("reasoning_content", "reasoning")  # of a delta: llama.cpp and older vLLM; vLLM and Ollama

_OPENINGS: Final = dict((*TAGS, *FIRST_WORDS))
_TAGS: Final = (*(opening for opening, _ in TAGS), *CLOSINGS, *FRAMES)
_ANY_TAG: Final = re.compile("|".join(re.escape(tag) for tag in sorted(_TAGS, key=len, reverse=True)))
_BEGINS_TAG: Final = re.compile("[{}]".format("".join(re.escape(each) for each in sorted({tag[0] for tag in _TAGS}))))
_FIRST: Final = re.compile(r"\s*(Here is my thought process:|analysis(?=[A-Z\"“'’]))")


# Beginnings of a text that is cut off which no answer has: the thinking of a model that opens it in the prompt.
FIRST_THOUGHTS: Final = re.compile(
    r"\s*(?:okay|ok|alright|hmm|let me|let’s|let's|we need to|we are asked|i need to|the user (?:is|asks|wants|has))\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Habits:
    """What is known of how a model thinks, learned from its server and its answers."""

    thinks: bool = False  # although it was asked not to
    is_opened: bool = False  # the tag that opens its thinking stands in the prompt
    refuses: bool = False  # its server takes no field that switches thinking off


class Anew(str):
    """In a stream of text, an empty piece: all that came before was thinking, and the answer begins here."""

    __slots__ = ()


class ThinkingFilter:
    """Takes thinking out of a streamed text, also where a tag arrives in several pieces.

    `is_opened`: the prompt opened it, so that the text is held back until a closing tag, or the end, tells what it is.
    """

    def __init__(self, *, is_opened: bool = False) -> None:
        self.seen = False  # whether there was any thinking
        self._buffer = ""
        self._closing = ""  # the tag that ends the thinking that is under way
        self._held: str | None = "" if is_opened else None  # text that may be thinking
        self._begun = False  # whether a word was passed on
        self._met = False  # whether a tag was met: the white space after it is no part of the answer

    def report(self) -> str:
        """Note that the server reports thinking in a field of its own; returns the text that was held back."""
        self.seen = True
        held, self._held = self._held or "", None
        return self._passed(held)

    def push(self, piece: str) -> Iterator[str]:
        """Yield the text that is certainly no thinking; Anew where what was yielded before was."""
        is_plain = self._begun and not self._buffer and not self._closing and self._held is None
        if is_plain and not _BEGINS_TAG.search(piece):
            yield from filter(None, [piece])
            return
        self._buffer += piece
        if self._may_be_first_words():
            return
        if not (self._begun or self._closing) and (first := _FIRST.match(self._buffer)):
            yield from self._turn(first.end(), first[1])
        while found := self._find():
            yield from self._turn(found[0] + len(found[1]), found[1])
        tags = (self._closing,) if self._closing else _TAGS
        most = len(self._buffer) - max(_overlap(self._buffer, tag) for tag in tags)
        text, self._buffer = self._buffer[:most], self._buffer[most:]
        yield from filter(None, [self._passed(text)])

    def flush(self, *, is_cut: bool) -> str:
        """Return the text held back, at the end of the stream; where it was cut short, what may be thinking is that."""
        text, self._buffer = self._passed(self._buffer), ""
        held, self._held = self._held, None
        if held is None:
            return text
        self.seen = self.seen or is_cut
        return "" if is_cut else self._passed(held)

    def _may_be_first_words(self) -> bool:
        text = self._buffer.lstrip()
        is_first = not (self._begun or self._closing) and text != ""
        return is_first and any(words.startswith(text) for words, _ in FIRST_WORDS)

    def _find(self) -> tuple[int, str] | None:
        """The first tag in the buffer, and where it stands."""
        if self._closing:
            at = self._buffer.find(self._closing)
            return (at, self._closing) if at >= 0 else None
        found = _ANY_TAG.search(self._buffer)
        return (found.start(), found[0]) if found else None

    def _turn(self, end: int, tag: str) -> Iterator[str]:
        """Pass on the text before the tag that ends at `end`, and act on the tag."""
        text, self._buffer = self._passed(self._buffer[: end - len(tag)]), self._buffer[end:]
        yield from filter(None, [text])
        self._met = True
        if self._closing:
            self._closing = ""
        elif tag in _OPENINGS:
            self._closing, self._held = _OPENINGS[tag], None
        elif tag in CLOSINGS:  # of thinking that the prompt opened
            self.seen = self.seen or self._begun or bool(self._held)
            self._held = None
            if self._begun:
                self._begun = False
                yield Anew()

    def _passed(self, text: str) -> str:
        """Text as it is passed on: none of it while the model thinks, or while it may be thinking."""
        if self._closing:
            self.seen = self.seen or bool(text.strip())
            return ""
        if self._held is not None:
            self._held += text
            return ""
        if self._met and not self._begun:
            text = text.lstrip()
        self._begun = self._begun or bool(text.strip())
        return text


def opens_thinking(prompt: str) -> bool:
    """Whether a rendered prompt ends inside of thinking: the last opening tag has no closing tag after it."""
    return any(prompt.rfind(opening) > prompt.rfind(closing) for opening, closing in TAGS)


def _overlap(text: str, tag: str) -> int:
    """Length of the longest end of `text` that is a proper prefix of `tag`."""
    return next((n for n in range(min(len(text), len(tag) - 1), 0, -1) if text.endswith(tag[:n])), 0)
