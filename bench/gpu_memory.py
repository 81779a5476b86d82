"""GPU memory of the served model: its weights, and what the attention keeps of the readers whose answers are written.

    python -m bench.gpu_memory        the table of docs/hosting/gpu-server.md

Arithmetic, not a measurement: layers x 2 (keys and values) x heads x their size x bytes, for each token of the window.
"""

from dataclasses import dataclass

GIB = 2**30
READERS = (1, 8, 16, 32, 64)
CARDS = (16, 24, 48, 80)  # GB, as they are sold
# Of a card what an engine may use: TGI takes nine tenths of what is free. Of that, for CUDA itself, its graphs and the
# prompts that are being read: an allowance, not measured.
USABLE, ALLOWANCE = 0.9, 2.0


@dataclass(frozen=True)
class Model:
    """What of a decoder's config its memory follows from."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    vocabulary: int

    @property
    def head_size(self) -> int:
        """Numbers of one head."""
        return self.hidden // self.heads

    def weights(self) -> int:
        """Bytes in FP8: one for each weight of the linear layers with two for the scale of each of their rows;
        two for all else.
        """
        kv = self.kv_heads * self.head_size
        rows = [(self.hidden, self.hidden), (kv, self.hidden), (kv, self.hidden), (self.hidden, self.hidden)]
        rows += [(self.intermediate, self.hidden)] * 2 + [(self.hidden, self.intermediate)]
        linear = sum(out * into + 2 * out for out, into in rows)
        norms = 2 * 2 * self.hidden
        return self.layers * (linear + norms) + 2 * (2 * self.vocabulary * self.hidden + self.hidden)

    def kept(self, tokens: int, *, bytes_each: int) -> int:
        """Bytes that the attention keeps of so many tokens, each number in so many bytes."""
        return self.layers * 2 * self.kv_heads * self.head_size * bytes_each * tokens


MISTRAL = Model(layers=32, hidden=4096, intermediate=14336, heads=32, kv_heads=8, vocabulary=32_000)
WINDOW = 4096


def needed(readers: int, *, bytes_each: int, model: Model = MISTRAL) -> float:
    """GiB for so many answers at once, each with a full window."""
    return (model.weights() + readers * model.kept(WINDOW, bytes_each=bytes_each)) / GIB + ALLOWANCE


def card(gib: float) -> str:
    """The smallest card that has as much to use."""
    return next((f"{size} GB" for size in CARDS if size * 1e9 * USABLE / GIB >= gib), "more than one")


def table() -> str:
    """Rows of readers, in Markdown."""
    lines = [
        "| answers at once | kept, 16 bits | in all | card | kept, 8 bits | in all | card |",
        "|---|---|---|---|---|---|---|",
    ]
    for readers in READERS:
        row = [str(readers)]
        for bytes_each in (2, 1):
            kept, whole = (
                readers * MISTRAL.kept(WINDOW, bytes_each=bytes_each) / GIB,
                needed(readers, bytes_each=bytes_each),
            )
            row += [f"{kept:.2f} GiB", f"{whole:.1f} GiB", card(whole)]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
