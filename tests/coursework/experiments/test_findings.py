"""Intervals against SciPy's own, tables, and what a claim does when it is true and when it is false."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from synthetic import Synthetic

from coursework.experiments import findings, protocol
from coursework.experiments.findings import Spread, at, claim, table
from coursework.experiments.stages import TINY

SAMPLES = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=12).filter(lambda x: np.std(x) > 1e-3)


@given(SAMPLES)
def test_interval_is_scipys(values):
    spread = Spread(np.array(values))
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (spread.mean - spread.half, spread.mean + spread.half) == pytest.approx((low, high), rel=1e-9, abs=1e-9)


@given(SAMPLES, st.floats(-5, 5))
def test_surely_lower_is_a_paired_test_at_five_percent(values, shift):
    first = np.array(values)
    second = first + shift + 0.1 * np.sin(np.arange(len(first)))
    p = stats.ttest_rel(first, second).pvalue
    if abs(p - 0.05) > 1e-6:
        assert (Spread(first) < Spread(second)) == (p < 0.05 and first.mean() < second.mean())
        assert (Spread(second) > Spread(first)) == (p < 0.05 and first.mean() < second.mean())


def test_against_a_number():
    spread = Spread(np.array([0.09, 0.095, 0.091]))
    assert spread < 0.1
    assert not spread > 0.1
    assert not spread < 0.092


def test_table_has_a_row_a_run_with_what_it_was_and_found():
    results, runs = Synthetic(), protocol.l2_sweep(TINY, "mlp")
    rows = table(results, runs)
    assert len(rows) == len(runs)
    found = at(rows, "validation_loss", l2=1e-3)
    assert found.values.tolist() == [results[run]["validation_loss"] for run in runs if run.l2 == 1e-3]


def test_a_diverged_seed_is_surely_nothing():
    assert not Spread(np.array([0.1, np.nan, 0.1])) < 1
    assert not Spread(np.array([0.1, np.nan, 0.1])) > 0


def test_a_true_claim_is_shown_with_its_numbers(capsys):
    claim("less is less", True, 0.5, Spread(np.array([1.0, 1.0, 1.0])))
    assert capsys.readouterr().out == "✓ less is less (0.5000; 1.0000 ± 0.0000)\n"


def test_a_false_claim_stops_unless_it_is_excused(capsys, monkeypatch):
    claim("more is less", False, 2)
    assert capsys.readouterr().out == "✗ does not hold in this smaller run: more is less (2)\n"
    monkeypatch.setattr(findings.claim, "excuse", "")
    with pytest.raises(AssertionError, match=r"^this sentence is false: more is less \(2\)$"):
        claim("more is less", False, 2)
