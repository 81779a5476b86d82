"""Download of models from the Hugging Face hub: resolves a local path or hub id to a folder.

The hub's cache keeps the files and resumes interrupted downloads. Without a revision the newest commit is looked up
once, so that all files are of one commit, which the manifest records.
"""

import shutil
from pathlib import Path

from merge.errors import (
    GatedModel,
    HubError,
    HubUnreachable,
    MergeError,
    NoCheckpoint,
    NoSpace,
    NoSuchModel,
    NoSuchRevision,
)

FILES = ["*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json", "README.md"]
TOKENIZER_FILES = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
]


def locate(ref: str) -> tuple[Path, str | None]:
    """Return the folder of `ref` and its commit (None for a local folder); downloads it if necessary.

    Raises NoCheckpoint, NoSpace or HubError.
    """
    folder = Path(ref).expanduser()
    if folder.is_dir():
        return folder, None
    repo, _, revision = ref.partition("@")
    if repo.count("/") != 1 or repo.startswith((".", "/", "~")):
        raise NoCheckpoint(ref=ref)
    return _download(repo, revision or None)


def _download(repo: str, revision: str | None) -> tuple[Path, str]:
    import httpx2
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        info = HfApi().model_info(repo, revision=revision, files_metadata=True)
        commit = str(info.sha)
        need = sum(file.size or 0 for file in info.siblings or [] if _wanted(file.rfilename))
        _check_space(repo, Path(constants.HF_HUB_CACHE), need)
        return Path(_snapshot(repo, commit, offline=False)), commit
    except (OfflineModeIsEnabled, LocalEntryNotFoundError, httpx2.RequestError, ConnectionError) as error:
        # A commit in the cache needs no network.
        try:
            folder = Path(_snapshot(repo, revision, offline=True))
        except (LocalEntryNotFoundError, OfflineModeIsEnabled):
            raise HubUnreachable(repo=repo) from error
        return folder, folder.name
    except (HfHubHTTPError, ValueError) as error:
        raise hub_error(error, repo, revision) from error


def hub_error(error: Exception, repo: str, revision: str | None) -> MergeError:
    """Map an error of huggingface_hub to a MergeError."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):  # before its parent, RepositoryNotFoundError
        return GatedModel(repo=repo)
    if isinstance(error, RepositoryNotFoundError):
        return NoSuchModel(repo=repo)
    if isinstance(error, RevisionNotFoundError):
        return NoSuchRevision(repo=repo, revision=revision)
    return HubError(repo=repo, reason=str(error).splitlines()[0] if str(error) else type(error).__name__)


def _snapshot(repo: str, revision: str | None, *, offline: bool) -> str:
    from huggingface_hub import snapshot_download

    return snapshot_download(repo, revision=revision, allow_patterns=FILES + TOKENIZER_FILES, local_files_only=offline)


def _wanted(file: str) -> bool:
    return any(Path(file).match(pattern) and "/" not in file for pattern in FILES + TOKENIZER_FILES)


def _check_space(repo: str, cache: Path, need: int) -> None:
    place = cache
    while not place.exists():
        place = place.parent
    held = sum(f.stat().st_size for f in (cache / f"models--{repo.replace('/', '--')}" / "blobs").glob("*"))
    free = shutil.disk_usage(place).free
    if need - held > free:
        raise NoSpace(where=place, free=free / 1e9, what=f"downloading {repo}", need=(need - held) / 1e9)
