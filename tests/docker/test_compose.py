"""The compose file: valid for every profile, and every rule of how we run containers, service by service."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docker.compose import ENGINES, FILE, ROOT, document, environment, secrets, services
from webapp.core.settings import PREFIX, Settings, load_settings

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EVERY = sorted(document()["services"])
ENGINE_PROFILES = [(), *((name,) for name in ENGINES)]
PROFILES = [
    (*engine, *more)
    for engine, more in itertools.product(ENGINE_PROFILES, [(), ("embeddings",), ("merge",), ("embeddings", "merge")])
]
ONE_SHOT = {"merge", "embedding-model"}
# Who may be root in its container, and why.
AS_ROOT = {"tgi": "the image keeps its Python in /root"}
# Whose user is of root's group.
WITH_ROOTS_GROUP = {"vllm": "so is the user that the image has for this, and its folders belong to that group"}
ON_THE_OUTSIDE = {"proxy": "it is the door", "merge": "it fetches the two originals"}


def _has_compose() -> bool:
    docker = shutil.which("docker")
    return docker is not None and not subprocess.run([docker, "compose", "version"], capture_output=True).returncode


def _service(name: str) -> dict[str, object]:
    return document()["services"][name]  # type: ignore[no-any-return]


def test_it_is_valid_by_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.skipif(not _has_compose(), reason="this machine has no docker compose")
def test_compose_itself_reads_it_as_these_tests_do(tmp_path: Path) -> None:
    """It needs no engine of containers to read a file."""
    for secret in document()["secrets"].values():
        (tmp_path / Path(secret["file"]).name).touch()
    for profiles in PROFILES:
        command = ["docker", "compose", "--file", str(FILE), "config", "--services"]
        known = os.environ | {"COMPOSE_PROFILES": ",".join(profiles), "PINCITE_SECRETS": str(tmp_path)}
        done = subprocess.run(command, env=known, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        assert set(done.stdout.split()) == set(services(profiles))


@pytest.mark.parametrize("profiles", PROFILES, ids="+".join)
def test_every_choice_of_profiles_starts_what_it_names_and_what_that_needs(profiles: tuple[str, ...]) -> None:
    started = services(profiles)
    assert {"proxy", "app", "chroma"} <= set(started)
    assert set(started) & set(ENGINES.values()) == {ENGINES[name] for name in profiles if name in ENGINES}
    assert ("embeddings" in started, "merge" in started) == ("embeddings" in profiles, "merge" in profiles)
    for service in started.values():
        needed = service.get("depends_on", {})
        assert {name for name, how in needed.items() if how.get("required", True)} <= set(started)
        assert all(how["condition"] != "service_started" for how in needed.values())


@pytest.mark.parametrize("profile", ENGINES)
def test_every_engine_is_found_under_one_name_and_port_and_waits_for_a_model_that_is_being_made(profile: str) -> None:
    engine = services([profile, "merge"])[ENGINES[profile]]
    assert engine["networks"]["engine"]["aliases"] == ["engine"]
    assert environment(services()["app"])["PINCITE_LLM_URL"] == "http://engine:8080"
    assert "127.0.0.1:8080/health" in str(engine["healthcheck"]["test"])
    assert "8080" in [*environment(engine).values(), *map(str, engine.get("command", []))]
    assert engine["depends_on"]["merge"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", EVERY)
def test_a_service_is_locked_down(name: str) -> None:
    service = _service(name)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert not {"cap_add", "privileged", "devices", "pid", "ipc"} & set(service)
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert (service["user"] == "0:0") == (name in AS_ROOT)
    group = r"0" if name in WITH_ROOTS_GROUP else r"[1-9]\d*"
    assert name in AS_ROOT or re.fullmatch(rf"[1-9]\d*:{group}", str(service["user"]))


@pytest.mark.parametrize("name", EVERY)
def test_a_service_has_limits(name: str) -> None:
    service = _service(name)
    limits = service["deploy"]["resources"]["limits"]  # type: ignore[index]
    assert re.fullmatch(r"\d+[MG]", limits["memory"])
    assert 0 < limits["pids"] <= 4096
    assert service["logging"]["options"]["max-size"] == "10m"  # type: ignore[index]
    for place in service.get("tmpfs", []):  # type: ignore[attr-defined]
        assert "size=" in place, "what is written to memory is limited too"


@pytest.mark.parametrize("name", EVERY)
def test_an_image_is_pinned_to_a_version(name: str) -> None:
    tag = str(_service(name)["image"]).rpartition(":")[2]
    assert re.search(r"\d", tag)
    assert "latest" not in tag
    if "build" in _service(name):
        assert tag == PROJECT["version"]


@pytest.mark.parametrize("name", EVERY)
def test_no_variable_is_empty_and_none_holds_a_key(name: str) -> None:
    told = environment(_service(name))
    assert [key for key, value in told.items() if value == ""] == []
    assert [key for key in told if re.search(r"KEY|SECRET|PASSWORD|TOKEN(?!S)", key)] in (
        [],
        ["PINCITE_SECRETS_DIR"],
        ["HF_TOKEN_PATH"],
    )


@pytest.mark.parametrize("name", EVERY)
def test_nothing_but_the_door_is_published_and_few_reach_the_outside(name: str) -> None:
    service = _service(name)
    assert service.get("ports") == (["127.0.0.1:7860:7860"] if name == "proxy" else None)
    if service.get("network_mode") == "none":
        return
    internal = {network for network, how in document()["networks"].items() if how.get("internal")}
    assert bool(set(service["networks"]) - internal) == (name in ON_THE_OUTSIDE)  # type: ignore[call-overload]


def test_only_the_app_reaches_engines_and_chroma() -> None:
    reach = {name: set(service.get("networks", [])) for name, service in document()["services"].items()}
    assert {name for name, networks in reach.items() if "engine" in networks} == {"app", *ENGINES.values()}
    assert {name for name, networks in reach.items() if "stores" in networks} == {"app", "chroma", "embeddings"}
    assert reach["proxy"] & reach["app"] == {"front"}


@pytest.mark.parametrize("name", EVERY)
def test_what_lasts_lies_in_named_volumes_and_engines_cannot_write_the_model(name: str) -> None:
    service = _service(name)
    for mount in service.get("volumes", []):  # type: ignore[attr-defined]
        volume, _, rest = mount.partition(":")
        assert volume in document()["volumes"]
        assert rest.endswith(":ro") or name not in (*ENGINES.values(), "embeddings")


@pytest.mark.parametrize("name", sorted(set(EVERY) - ONE_SHOT))
def test_what_runs_on_has_a_health_check_and_is_started_again(name: str) -> None:
    service = _service(name)
    file = service["build"]["dockerfile"] if "build" in service else None  # type: ignore[index]
    built_in = file and "\nHEALTHCHECK --" in (FILE.parents[1] / file).read_text()
    assert "healthcheck" in service or built_in
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("profile", ENGINES)
def test_an_engine_takes_the_key_that_the_app_brings(profile: str) -> None:
    started = services([profile])
    assert secrets(started[ENGINES[profile]]) == {"engine_key": "engine_key"}
    assert secrets(started["app"])["engine_key"] == "PINCITE_LLM_API_KEY"
    assert secrets(started["proxy"])["proxy_secret"] == "proxy_secret"
    assert secrets(started["app"])["proxy_secret"] == "PINCITE_PROXY_SECRET"
    assert all(set(how) == {"file"} for how in document()["secrets"].values())


def test_tgi_is_set_as_it_must_be() -> None:
    tgi = _service("tgi")
    told = environment(tgi)
    expected = {
        "MODEL_ID": "/models/fp8",
        "MAX_INPUT_TOKENS": "3584",
        "MAX_TOTAL_TOKENS": "4096",
        "MAX_BATCH_PREFILL_TOKENS": "4096",
        "USAGE_STATS": "off",
        "HF_HUB_OFFLINE": "1",
    }
    assert expected.items() <= told.items()
    assert "QUANTIZE" not in told  # the folder is quantised already and says so itself
    assert (tgi["shm_size"], tgi["stop_grace_period"]) == ("1g", "100s")
    assert tgi["healthcheck"]["start_period"] == "600s"  # type: ignore[index]
    assert tgi["entrypoint"][:3] == ["sh", "/etc/pincite/engine.sh", "API_KEY"]  # type: ignore[index]


def test_the_other_engines_open_the_same_window() -> None:
    assert "--max-model-len 4096" in " ".join(_service("vllm")["command"])  # type: ignore[arg-type]
    for name in ("llama", "llama-cuda"):
        told = environment(_service(name))
        assert int(told["LLAMA_ARG_CTX_SIZE"]) // int(told["LLAMA_ARG_N_PARALLEL"]) == 4096


@pytest.mark.parametrize("profile", ENGINES)
def test_an_engine_asks_for_a_gpu_unless_it_is_the_one_without(profile: str) -> None:
    reserved = _service(ENGINES[profile])["deploy"]["resources"].get("reservations", {}).get("devices", [])  # type: ignore[index]
    wanted = [] if profile == "cpu" else [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
    assert reserved == wanted


def test_the_app_starts_with_what_the_file_gives_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = services(["gpu"])["app"]
    for target in secrets(app).values():
        (tmp_path / target).write_text("0123456789abcdef0123456789abcdef")
    names = {key for key in app["environment"] if key.startswith(PREFIX)}
    assert names == set(app["environment"])
    assert {key.removeprefix(PREFIX).lower() for key in names} <= set(Settings.model_fields)
    for field in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{field.upper()}", raising=False)
    for key, value in environment(app).items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("PINCITE_SECRETS_DIR", str(tmp_path))
    settings = load_settings()
    assert (settings.access, settings.host, settings.llm_urls) == ("behind-proxy", "0.0.0.0", ("http://engine:8080",))
    assert settings.llm_api_key is not None
    assert settings.proxy_secret is not None
    assert settings.embeddings_url is None


def test_the_search_server_is_used_where_it_is_named() -> None:
    named = {"PINCITE_EMBEDDINGS_URL": "http://embeddings:8080"}
    assert named.items() <= environment(services(["embeddings"])["app"], named).items()
