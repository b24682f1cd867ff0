"""Neurons to try: by example, and drawn at random, at the kink of the ReLU too."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from coursework.answers.neuron import Neuron

EIGHTHS = st.integers(-24, 24).map(lambda k: Fraction(k, 8))
"""Numbers with which a computer's arithmetic is exact."""


def make(inputs, weights, bias=None) -> Neuron:
    """Make a neuron of whatever `Fraction` takes."""
    return Neuron(tuple(map(Fraction, inputs)), tuple(map(Fraction, weights)), None if bias is None else Fraction(bias))


@st.composite
def neurons(draw, numbers=EIGHTHS) -> Neuron:
    """Draw a neuron of such numbers: without a bias, with one, or with the one that makes the total input zero."""
    pairs = draw(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=4))
    bias = draw(st.none() | numbers | st.just(-sum(w * x for w, x in pairs)))
    return Neuron(*zip(*pairs, strict=True), bias)
