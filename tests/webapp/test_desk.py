"""What one reader sees: the parts of the page that an act changes, and those that it must leave alone."""

from pathlib import Path

from webapp.arriving import Arriving
from webapp.asking import Askings
from webapp.desk import Desk, Place
from webapp.records import LOCAL_USER
from webapp.settings import load_settings
from webapp.workspace import Workspace


def test_a_look_that_comes_late_wipes_nothing_away(tmp_path: Path) -> None:
    """It may have begun before a question was asked, and end after it was answered."""
    with Workspace(load_settings(data_dir=tmp_path)) as workspace:
        seen = Desk(workspace, LOCAL_USER, Askings(), Arriving(workspace.settings)).sidebar(Place(opened=True))
    assert set(seen) == {"documents", "conversations", "scope", "empty", "pace"}
