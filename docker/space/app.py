"""pincite as a Hugging Face Space: each browser is a guest for an hour, on data that no restart keeps.

See docs/space.md.
"""

import os
import tempfile

from webapp.cli.main import app

if __name__ == "__main__":
    settings = {
        "PINCITE_ACCESS": "demo",
        "PINCITE_HOST": "0.0.0.0",  # noqa: S104 (in the Space's container its proxy is outside)
        "PINCITE_FRAMED_BY": "https://huggingface.co",
        # All guests come by Hugging Face's proxies and share their address: only the limits for all of them can hold.
        "PINCITE_GUESTS_PER_ADDRESS": "100",
        "PINCITE_QUESTIONS_PER_ADDRESS": "400",
        "PINCITE_DATA_DIR": tempfile.mkdtemp(prefix="pincite-"),
    }
    os.environ.update(settings | os.environ)  # the Space's own variables and secrets win
    app(["serve"], prog_name="pincite")
