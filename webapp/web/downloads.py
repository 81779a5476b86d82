"""Headers of files that a browser downloads."""

import re
from urllib.parse import quote

from retrieval import UNNAMED


def disposition(name: str, *, inline: bool = False) -> str:
    """Content-Disposition header with the file's name (RFC 6266), escaped so that no character can end the header."""
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name) or UNNAMED
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
