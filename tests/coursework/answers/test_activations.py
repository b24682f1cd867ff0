"""Question 3 where no check looks."""

import pytest
import scipy.stats

from coursework.answers import activations


def test_the_share_of_active_inputs_is_scipys():
    assert float(activations.active_share(-4)) == pytest.approx(scipy.stats.norm.sf(4), rel=1e-12)
