"""The tables of docs/hosting/gpu-server.md that docker/compose.yaml has the facts for:
`make docs` writes them, test_versions holds them.

python -m tests.docker.versions
"""

from collections.abc import Callable

from tests.docker.advisories import ADVISORIES
from tests.docker.compose import ENGINES, ROOT, document

GUIDE = ROOT / "docs" / "hosting" / "gpu-server.md"


def engines() -> str:
    """A row for each engine that wants a card: its image, the CUDA and driver that it needs."""
    services = document()["services"]
    lines = ["| profile | image | CUDA | driver, at least | card |", "|---|---|---|---|---|"]
    for profile, name in ENGINES.items():
        if needs := services[name].get("x-needs"):
            image = services[name]["image"].rpartition("/")[2]
            lines.append(f"| {profile} | `{image}` | {needs['cuda']} | {needs['driver']} | {needs['card']} |")
    return "\n".join(lines)


def advisories() -> str:
    """A row for each reason why a version must not come back."""
    lines = ["| image | versions | why not | |", "|---|---|---|---|"]
    for each in ADVISORIES:
        only = f" (only with {each.only_with}, which is not set)" if each.only_with else ""
        lines.append(f"| {each.product} | {each.bad.replace(',', ' ')} | {each.what}{only} | {each.id} |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {"engines": engines, "advisories": advisories}


def with_tables(text: str) -> str:
    """The guide's text with its tables as they follow from the files."""
    for name, make in TABLES.items():
        begins, ends = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
        before, rest = text.split(begins)
        text = f"{before}{begins}\n{make()}\n{ends}{rest.split(ends)[1]}"
    return text


if __name__ == "__main__":
    GUIDE.write_text(with_tables(GUIDE.read_text("utf-8")), "utf-8")
