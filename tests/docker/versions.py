"""The tables of docs/hosting/gpu-server.md that docker/compose.yaml and the advisories have the facts for."""

from tests.docker.advisories import ADVISORIES
from tests.docker.compose import ENGINES, document


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
