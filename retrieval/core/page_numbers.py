"""Words for pages by their numbers: "pages 2-4, 7 and 12 more", and which of a document could not be read."""

from collections.abc import Iterator, Sequence
from itertools import groupby

_MOST_STRETCHES = 5


def numbered_pages(numbers: Sequence[int]) -> str:
    """The pages of these numbers, in words: stretches from first to last; of many stretches the rest is counted."""
    stretches = list(_stretches(numbers))
    shown, rest = stretches[:_MOST_STRETCHES], stretches[_MOST_STRETCHES:]
    named = [str(first) if first == last else f"{first}-{last}" for first, last in shown]
    if rest:
        named.append(f"{sum(last - first + 1 for first, last in rest):,} more")
    return f"{'page' if len(numbers) == 1 else 'pages'} {listed(named)}"


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: "a", "a and b", "a, b and c"."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def not_read(unreadable: Sequence[int], in_part: Sequence[int]) -> str:
    """Sentences that name the pages of a document which could not be read, or only in part; "" where all was read."""
    told = ((unreadable, "could not be read"), (in_part, "could be read only in part"))
    return " ".join(f"{numbered_pages(pages).capitalize()} {how}." for pages, how in told if pages)


def _stretches(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    for _, stretch in groupby(enumerate(sorted(numbers)), key=lambda each: each[1] - each[0]):
        own = [number for _, number in stretch]
        yield own[0], own[-1]
