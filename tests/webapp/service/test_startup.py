"""States of the startup: what /readyz and the page say of stores and search model, before and after they open."""

import sqlite3
from contextlib import closing
from pathlib import Path

from webapp.core.settings import load_settings
from webapp.service.startup import Startup

NOBODY = "http://127.0.0.1:9"  # where no server listens


def test_a_database_that_goes_after_it_was_opened_is_away_and_not_loading(tmp_path: Path) -> None:
    startup = Startup(load_settings(data_dir=tmp_path, embeddings_url=NOBODY))
    assert startup.states() == {"stores": "loading", "embedder": "loading"}
    startup.start()
    try:
        startup.opened()
        assert startup.states()["stores"] == "ready"
        [database] = tmp_path.glob("*.db")
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("ALTER TABLE matters RENAME TO gone")
        assert startup.states()["stores"] == "away"
    finally:
        startup.close()
