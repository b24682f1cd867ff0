"""What the notebook takes from the project that it is made in."""

from types import SimpleNamespace

import numpy as np
import pytest
from generated_images import save

from coursework.experiments import data, notebook


@pytest.mark.parametrize("classes", [2, 3])
def test_every_class_of_the_images_has_a_name(tmp_path, monkeypatch, classes):
    labels = save(tmp_path / "set.npz", classes)["y_train"]
    monkeypatch.setattr(notebook, "_look", lambda: None)
    monkeypatch.setattr(notebook, "_here", lambda: (SimpleNamespace(root=tmp_path), SimpleNamespace(dataset="set.npz")))
    images, names = notebook.images()
    assert np.array_equal(images.x_test, data.load("set.npz", tmp_path).x_test)
    assert names == tuple(str(label) for label in np.unique(labels))
