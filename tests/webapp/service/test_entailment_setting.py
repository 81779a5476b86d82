"""The setting that names an entailment model which a user trained."""

from pathlib import Path

import numpy as np
import pytest

from retrieval import Bars, Entailment
from retrieval.core.errors import EntailmentUnavailable
from retrieval.search.embedder import PACKAGED_NAME
from retrieval.search.entailment import HEADS, save_weights
from webapp.core.settings import load_settings
from webapp.service.workspace import Workspace

CARD = {
    "model": PACKAGED_NAME,
    "figures": {"right": 80, "wrong": 80, "follows": {"bar": 0.8, "right": 0.6, "wrong": 0.1}},
}


def opened(folder: Path, model: Path | None) -> Entailment | None:
    """The entailment model of a workspace."""
    with Workspace(load_settings(data_dir=folder, entailment_model=model), background=False) as workspace:
        found: Entailment | None = workspace.entailment
        return found


def test_a_workspace_has_the_entailment_model_that_its_settings_name(tmp_path: Path) -> None:
    heads = {f"{HEADS}.weight": np.zeros((4, 1152), np.float32), f"{HEADS}.bias": np.zeros(4, np.float32)}
    save_weights(tmp_path / "own.npz", heads, CARD)
    model = opened(tmp_path / "data", tmp_path / "own.npz")
    assert model is not None
    assert model.bars == Bars(follows=0.8)
    assert opened(tmp_path / "data", None) is None


def test_a_file_that_is_no_entailment_model_stops_it(tmp_path: Path) -> None:
    (tmp_path / "own.npz").write_text("no")
    with pytest.raises(EntailmentUnavailable, match=r"“own\.npz” is none"):
        opened(tmp_path / "data", tmp_path / "own.npz")
