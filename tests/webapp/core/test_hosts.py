"""What leaves this machine, by the settings: other hosts alone, and never a password."""

import pytest

from webapp.core.hosts import host_of, what_leaves
from webapp.core.settings import load_settings


def test_nothing_leaves_where_everything_is_here() -> None:
    assert what_leaves(load_settings()) == []
    here = load_settings(llm_url="http://localhost:11434,http://[::1]:8080/v1", embeddings_url="http://127.0.0.1:80")
    assert what_leaves(here) == []


def test_each_other_host_is_named_once_with_what_goes_there() -> None:
    settings = load_settings(
        llm_url="http://gpu-1.firm.example:8000,http://gpu-1.firm.example:8001/v1,http://127.0.0.1:1",
        embeddings_url="https://embed.firm.example",
        chroma_url="https://chroma.firm.example",
        files_url="s3://contracts/pincite",
        database_url="postgresql://pincite:hunter2@records.firm.example/pincite",
    )
    hosts = [host for host, _ in what_leaves(settings)]
    firm = [f"{name}.firm.example" for name in ("gpu-1", "embed", "chroma", "records")]
    assert hosts == [*firm, "s3://contracts"]
    assert "hunter2" not in str(what_leaves(settings))


@pytest.mark.parametrize(
    ("url", "host"),
    [("sqlite:////data/pincite.db", ""), ("", ""), ("file:///data", ""), ("http://10.0.0.3:1", "10.0.0.3")],
)
def test_a_folder_or_file_of_this_machine_is_no_host(url: str, host: str) -> None:
    assert host_of(url) == host
