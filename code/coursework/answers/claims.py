"""The author's own sentences, each beside the condition that makes it true."""

from __future__ import annotations

from typing import Any


def claim(sentence: str, holds: bool, *, trial: bool = False, **numbers: Any) -> None:
    """Stop the build where a sentence of the report is not true.

    `trial` says that the results are those of a smaller run, for trying things out; there the page says what does not
    hold. Else an `AssertionError` has the sentence and the results, which `numbers` are by name.
    """
    if holds:
        return
    if not trial:
        shown = ", ".join(f"{name} = {value}" for name, value in numbers.items())
        raise AssertionError(f"the text says “{sentence}”, but the results do not: {shown}")
    from IPython.display import Markdown, display

    display(Markdown(f"*(This does not hold in this smaller run: {sentence}.)*"))
