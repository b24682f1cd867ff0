"""Results with a known truth, in the shape of trained ones: what the report says is tested on them."""

import zlib

import numpy as np


class Synthetic(dict):
    """A mapping of runs to results that makes each result when it is asked for.

    Parameters
    ----------
    loss
        Function of a run giving its true validation loss; the error is a third of it.
    noise
        Relative standard deviation over seeds, the same for all runs of a seed, so that pairing works.
    """

    def __init__(self, loss=None, noise=0.02):
        super().__init__()
        self.loss, self.noise = loss or usual_loss, noise

    def __contains__(self, run):
        return True

    def __missing__(self, run):
        own = np.random.default_rng(zlib.crc32(repr(run).encode())).normal(0, 0.001)
        loss = self.loss(run) * float(np.exp(np.random.default_rng(run.seed).normal(0, self.noise) + own))
        train = 0.1 * loss if run.l2 < 1e-3 else 0.5 * loss
        end = run.steps * run.batch / run.n
        history = [
            {"passes": end * part, "train_loss": train, "train_error": train / 3,
             "validation_loss": loss * (1 - 0.25 * np.sin(np.pi * part)), "validation_error": loss / 3}
            for part in (np.arange(run.moments) + 1) / run.moments
        ]  # fmt: skip
        self[run] = {**history[-1], "history": history}
        if run.test:
            logits = np.random.default_rng(run.seed).normal(size=(30, 10)).astype(np.float32)
            self[run] |= {"test_loss": loss, "test_error": loss / 3, "test_logits": logits}
        return self[run]


def usual_loss(run):
    """About what Fashion-MNIST shows: λ = 10⁻³ is right at 2,000 images, and λ ∝ 1/n elsewhere."""
    loss = {"linear": 2.0, "mlp": 4.2, "cnn": 4.0}[run.model] * run.n**-0.27
    wanted = 2 / run.n
    penalty = 0.3 if run.l2 == 0 else min(0.9, 0.05 * np.log(run.l2 / wanted) ** 2)
    return float(loss * (1 + penalty * (0.3 if run.dropout else 1)))
