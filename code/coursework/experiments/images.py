"""The images: scaled, and split once and for all into training, validation and test set."""

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split


class Images(NamedTuple):
    """Images in [0, 1], float32 of shape (n, height, width, channels), and labels 0, 1, …, int32 of shape (n,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def split(x_train, y_train, x_test, y_test):
    """Scale the pixels from bytes to [0, 1] and keep a fifth of each class of the training images for validation."""
    x_train, x_test = (np.float32(x.reshape(*x.shape[:3], -1)) / np.float32(255) for x in (x_train, x_test))
    y_train, y_test = np.int32(y_train), np.int32(y_test)
    x, x_validation, y, y_validation = train_test_split(
        x_train, y_train, test_size=1 / 5, stratify=y_train, random_state=0
    )
    return Images(x, y, x_validation, y_validation, x_test, y_test)
