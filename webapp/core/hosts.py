"""Names the other hosts to which settings send what is in documents: what leaves this machine."""

from urllib.parse import urlsplit

from webapp.core.settings import Settings, is_loopback


def host_of(url: str) -> str:
    """Host of a URL; "" where it names none, or this machine."""
    host = urlsplit(url).hostname or ""
    return "" if is_loopback(host) else host


def what_leaves(settings: Settings) -> list[tuple[str, str]]:
    """Each host outside this machine to which documents, questions or answers go, with what goes there."""
    database = settings.database_url.get_secret_value() if settings.database_url else ""
    sent = [
        *((url, "Questions and the passages that bear on them, to be answered") for url in settings.llm_urls),
        (settings.embeddings_url or "", "The text of documents and questions, to be indexed for search"),
        (settings.chroma_url or "", "The search index"),
        (settings.files_url or "", "The files that are added"),
        (database, "The record of matters, documents, questions and answers"),
    ]
    return list(dict.fromkeys((host, what) for url, what in sent if (host := host_of(url))))
