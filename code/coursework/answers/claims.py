"""The author's own sentences, each beside the condition that makes it true."""

from __future__ import annotations


def claim(sentence: str, holds: bool, trial: bool = False) -> None:
    """Stop the build where a sentence of the report is not true.

    Parameters
    ----------
    sentence : str
        What the text says.
    holds : bool
        Whether the results say so.
    trial : bool
        Whether the results are those of a smaller run, for trying things out; there the page says what does not hold.

    Raises
    ------
    AssertionError
        With the sentence, if it does not hold and this is no trial.
    """
    if holds:
        return
    if not trial:
        raise AssertionError(f"the results do not say so: {sentence}")
    from IPython.display import Markdown, display

    display(Markdown(f"*(This does not hold in this smaller run: {sentence}.)*"))
