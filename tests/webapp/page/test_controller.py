"""What one reader sees: the parts of the page that an act changes, and those that it must leave alone."""

import asyncio
from pathlib import Path

import pytest

from webapp.core.errors import QuotaReached
from webapp.core.settings import load_settings
from webapp.page.controller import Controller
from webapp.page.state import PageState
from webapp.page.uploads import Arriving
from webapp.service.running import Askings
from webapp.service.workspace import SAMPLE_MATTER, Workspace
from webapp.store.users import LOCAL_USER, User


def test_a_look_that_comes_late_wipes_nothing_away(tmp_path: Path) -> None:
    """It may have begun before a question was asked, and end after it was answered."""
    with Workspace(load_settings(data_dir=tmp_path)) as workspace:
        seen = Controller(workspace, LOCAL_USER, Askings(), Arriving(workspace.settings)).sidebar(
            PageState(opened=True)
        )
    assert set(seen) == {"documents", "conversations", "scope", "empty", "pace"}


def test_a_conversation_that_is_full_takes_no_more_and_a_turn_once_more_is_no_more(tmp_path: Path) -> None:
    settings = load_settings(
        data_dir=tmp_path, access="behind-proxy", turns_per_conversation=1, conversations_per_user=2
    )
    with Workspace(settings) as workspace:
        ann = User("ann", "Ann")
        workspace.welcome(ann)
        controller = Controller(workspace, ann, Askings(), Arriving(settings))
        matter = workspace.access.matter(ann, SAMPLE_MATTER)
        begun = asyncio.run(controller.find_mentions(PageState(matter_id=matter.id), "rent"))["state"]
        for act in (controller.find_mentions(begun, "fee"), controller.ask(begun, "What is the fee?")):
            with pytest.raises(QuotaReached, match="1 questions in a conversation"):
                asyncio.run(act)
        [turn] = workspace.conversations.turns(ann, begun.conversation_id)
        asyncio.run(controller.ask_again(begun, turn.id))
        asyncio.run(controller.find_mentions(PageState(matter_id=matter.id), "fee"))
        with pytest.raises(QuotaReached, match="2 conversations"):
            asyncio.run(controller.find_mentions(PageState(matter_id=matter.id), "notice"))
        assert len(workspace.conversations.all(ann, matter)) == 2
        assert len(workspace.conversations.turns(ann, begun.conversation_id)) == 1
