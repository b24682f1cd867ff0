"""A document with all that documents use, and what it reads, for the tests that build one."""

from __future__ import annotations

from press.prepare import Prepared

CELLS = """
# First {#sec-q1}

See @fig-x, @tbl-t, @eq-a, @sec-q1, @lst-c, @fig-two-2; the value is {{< var q1.y >}} [@kingma2015].

$$ y = \\frac{1}{2} x $$ {#eq-a}

::: {.callout-tip title="Answer" icon=false}
The answer is $y = 2$.
:::

```{python}
#| label: fig-x
#| fig-cap: "A figure of $x$."
#| fig-alt: "A line that rises."
import matplotlib.pyplot as plt
plt.figure(figsize=(3, 2))
plt.plot([1, 2]);
```

```{python}
#| label: tbl-t
#| tbl-cap: "A table."
from IPython.display import Markdown
Markdown("| name | value |\\n|---|--:|\\n| $x$ | 2 |")
```

```{python}
#| echo: true
#| lst-label: lst-c
#| lst-cap: "Some code."
print("printed", 1 + 1)
```

```{python}
#| label: fig-two
#| fig-cap: "Two."
#| fig-subcap: ["First part", "Second part"]
#| fig-alt: ["One", "Two"]
#| layout-ncol: 2
for i in range(2):
    plt.figure(figsize=(2, 1)); plt.plot([1, 2 + i]); plt.show()
```

```{python}
#| output: asis
print("$$ z = 3 $$ {#eq-printed}\\n\\nPrinted **Markdown**, see")
```

As in @eq-printed, so here.
"""
VARIABLES = {"q1": {"y": "forty-two"}}


def reading(variables=None, inputs=None, printed=None) -> Prepared:
    """What the report reads: variables, what its cells read beside their code, and the values of its formulas."""
    return Prepared(variables or {}, {"report/report.qmd": inputs or {}}, printed or {})
