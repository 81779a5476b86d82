import sys
from pathlib import Path

import pytest

from webapp.core.errors import SettingsInvalid
from webapp.core.settings import Settings, is_loopback, load_settings, user_data_folder


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"PINCITE_{field.upper()}", raising=False)


def test_defaults_are_one_user_on_this_machine_with_nothing_else_running() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.access) == ("127.0.0.1", 7860, "local")
    assert settings.llm_urls == ()
    assert (settings.database_url, settings.chroma_url, settings.files_url) == (None, None, None)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_data_folder_follows_xdg_data_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_data_folder() == tmp_path / "pincite"
    monkeypatch.setenv("XDG_DATA_HOME", "")
    assert user_data_folder() == Path.home() / ".local" / "share" / "pincite"


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_LLM_URL", "")
    assert load_settings().llm_url is None


def test_several_engine_addresses_stand_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_LLM_URL", "http://one:8080/v1/, https://two")
    assert load_settings().llm_urls == ("http://one:8080/v1", "https://two")


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("PINCITE_PORT", "99999", "“99999” should be less than or equal to 65535"),
        ("PINCITE_PORT", "many", "“many” should be a valid integer"),
        ("PINCITE_ACCESS", "everyone", "“everyone” should be 'local', 'accounts', 'behind-proxy' or 'demo'"),
        ("PINCITE_LLM_URL", "localhost:8080", "it must be a URL that begins with http:// or https://"),
        ("PINCITE_CHROMA_URL", "ftp://chroma", "it must be a URL that begins with http:// or https://"),
        ("PINCITE_MAX_FILE_MIB", "0", "“0” should be greater than 0"),
        ("PINCITE_HOST", "0.0.0.0", "other machines can reach “0.0.0.0”"),
        ("PINCITE_HOST", "::", "other machines can reach “::”"),
        ("PINCITE_HOST", "pincite.example", "other machines can reach “pincite.example”"),
        ("PINCITE_USER_HEADER", "X User", "it must be a header name"),
        ("PINCITE_PROXY_SECRET", "short-secret", "it must have at least 16 characters"),
        ("PINCITE_FRAMED_BY", "https://one.example", "other sites may embed the page"),
        ("PINCITE_FRAMED_BY", "http://one.example", "each site must be written as https://name, without a path"),
        ("PINCITE_FRAMED_BY", "https://one.example/page", "each site must be written as https://name, without a path"),
        ("PINCITE_FRAMED_BY", "https://*", "each site must be written as https://name, without a path"),
        (
            "PINCITE_FRAMED_BY",
            "https://a.example; script-src *",
            "each site must be written as https://name, without a path",
        ),
        (
            "PINCITE_TRUSTED_PROXIES",
            "10.0.0.0/8, proxy.example",
            "“proxy.example” is neither an address (192.0.2.7) nor a network",
        ),
        ("PINCITE_TRUSTED_PROXIES", "10.0.0.1/8", "“10.0.0.1/8” is neither an address (192.0.2.7) nor a network"),
        ("PINCITE_TRUSTED_PROXIES", "10.0.0.0/33", "“10.0.0.0/33” is neither an address"),
        ("PINCITE_TRUSTED_PROXIES", "0.0.0.0/0", "“0.0.0.0/0” covers every address"),
        ("PINCITE_TRUSTED_PROXIES", "::/0", "“::/0” covers every address"),
        ("PINCITE_DOCUMENTS_PER_USER", "0", "“0” should be greater than 0"),
        ("PINCITE_GUESTS_PER_ADDRESS", "-1", "“-1” should be greater than 0"),
        ("PINCITE_LLM_FILE", "/nowhere.gguf", "there is no file “/nowhere.gguf”"),
        ("PINCITE_SECRETS_DIR", "/nowhere", "there is no folder “/nowhere”"),
    ],
)
def test_a_bad_value_is_told_in_a_sentence_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid) as told:
        load_settings()
    assert str(told.value).startswith(f"The setting {variable} cannot be used: {reason}")


@pytest.mark.parametrize(
    ("host", "here_only"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.168.1.2", False),
        ("::", False),
        ("", False),
        ("localhost.example", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, here_only: bool) -> None:
    assert is_loopback(host) is here_only


def test_a_file_and_a_server_are_not_both_the_language_model(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    assert load_settings(llm_file=file).llm_file == file
    with pytest.raises(SettingsInvalid, match="PINCITE_LLM_FILE cannot be used: PINCITE_LLM_URL is set too"):
        load_settings(llm_file=file, llm_url="http://127.0.0.1:8080")


def test_a_model_file_needs_what_serves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.gguf"
    file.touch()
    monkeypatch.setitem(sys.modules, "xllamacpp", None)  # as where it is not installed
    with pytest.raises(SettingsInvalid, match="needs the package xllamacpp, which is not installed"):
        load_settings(llm_file=file)


def test_a_proxy_elsewhere_needs_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_ACCESS", "behind-proxy")
    assert load_settings().proxy_secret is None  # on this machine it may do without
    monkeypatch.setenv("PINCITE_HOST", "0.0.0.0")
    with pytest.raises(SettingsInvalid, match="PINCITE_PROXY_SECRET cannot be used: it is not set"):
        load_settings()
    monkeypatch.setenv("PINCITE_PROXY_SECRET", "0123456789abcdef")
    assert load_settings().host == "0.0.0.0"
    assert "0123456789abcdef" not in repr(load_settings())


def test_a_demo_may_be_reached_from_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_ACCESS", "demo")
    monkeypatch.setenv("PINCITE_HOST", "0.0.0.0")
    assert load_settings().host == "0.0.0.0"


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_LLM_API_KEY", "sk-very-secret")
    assert "sk-very-secret" not in repr(load_settings())


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PINCITE_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_key_may_lie_in_a_file_named_like_its_variable(secrets: Path) -> None:
    (secrets / "PINCITE_LLM_API_KEY").write_text("from a file\n")
    (secrets / "PINCITE_DATABASE_URL").write_text("postgresql://pincite:pw@db/pincite")
    settings = load_settings()
    assert settings.llm_api_key is not None
    assert settings.llm_api_key.get_secret_value() == "from a file"
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://pincite:pw@db/pincite"
    assert settings.secrets_dir == secrets


def test_a_variable_wins_over_a_file_unless_it_is_empty(monkeypatch: pytest.MonkeyPatch, secrets: Path) -> None:
    (secrets / "PINCITE_LLM_MODEL").write_text("file")
    monkeypatch.setenv("PINCITE_LLM_MODEL", "")
    assert load_settings().llm_model == "file"
    monkeypatch.setenv("PINCITE_LLM_MODEL", "variable")
    assert load_settings().llm_model == "variable"


@pytest.mark.parametrize("name", ["PINCITE_LLM_API_KEY", "PINCITE_DATABASE_URL", "PINCITE_PROXY_SECRET"])
def test_an_empty_file_is_no_key(secrets: Path, name: str) -> None:
    (secrets / name).write_text("\n")
    with pytest.raises(SettingsInvalid, match=f"The setting {name} cannot be used: it "):
        load_settings()


def test_what_a_file_holds_is_never_told(secrets: Path) -> None:
    (secrets / "PINCITE_PROXY_SECRET").write_text("too short")
    with pytest.raises(SettingsInvalid) as told:
        load_settings()
    assert "too short" not in str(told.value)


def test_several_sites_may_frame_a_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_ACCESS", "demo")
    monkeypatch.setenv("PINCITE_FRAMED_BY", "https://huggingface.co/, https://firm.example:8443")
    assert load_settings().framed_by == "https://huggingface.co,https://firm.example:8443"


def test_several_proxies_may_be_trusted_and_by_default_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().trusted_networks == ()
    monkeypatch.setenv("PINCITE_TRUSTED_PROXIES", "10.0.0.1, 2001:db8::/32,")
    assert load_settings().trusted_networks == ("10.0.0.1", "2001:db8::/32")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    for name, begins in (("model.gguf", b"PK\x03\x04"), ("empty.gguf", b"")):
        file = tmp_path / name
        file.write_bytes(begins)
        with pytest.raises(SettingsInvalid, match=r"PINCITE_LLM_FILE cannot be used: .* is no language model in GGUF"):
            load_settings(llm_file=file)
