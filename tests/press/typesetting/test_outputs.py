"""What cells show becomes Markdown: nothing vanishes, nothing that is only for a terminal is printed."""

from __future__ import annotations

import base64
import re
import warnings
from dataclasses import replace

import pytest

from handin.errors import InputError, WorkError
from press.typesetting.outputs import Context, clean, inline, latex, shown

PLACE = "paper.qmd:3"
SVG = {"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}, "metadata": {}}


def value(**data: str) -> dict:
    """Give a cell's last value; an underscore for the slash in a type's name."""
    return {"output_type": "execute_result", "data": {key.replace("_", "/"): text for key, text in data.items()}}


def stream(text: str, name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


@pytest.fixture
def figures(tmp_path):
    return Context(tmp_path, tmp_path / "figures", {}, strict=False)


def texts(outputs, figures, **options) -> list[str]:
    made = shown(outputs, {key.replace("_", "-"): value for key, value in options.items()}, PLACE, figures, [])
    return [each.text for each in made]


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (value(text_plain="<Foo object at 0x7f3a12345678>"), "```\n<Foo object>\n```"),
        (stream("\x1b[31mred\x1b[0m\n"), "```\nred\n```"),
        (stream("1 %\r50 %\r100 %\n"), "```\n100 %\n```"),
        (value(text_markdown="*Word*", text_plain="x"), "*Word*"),
        (value(text_latex="$\\displaystyle x$", text_plain="x"), "$$\nx\n$$"),
        (value(text_html="<b>x</b>", text_plain="a table in plain text"), "```\na table in plain text\n```"),
        (value(text_html="<table></table>", text_plain="x"), "```{=html-output}\n<table></table>\n```"),
        (
            value(text_html="<b>x</b>", text_plain="<IPython.core.display.HTML object>"),
            "```{=html-output}\n<b>x</b>\n```",
        ),
        (value(text_plain="```"), "````\n```\n````"),
    ],
)
def test_an_output_becomes_markdown(output, wanted, figures):
    assert texts([output], figures) == [wanted]


@pytest.mark.parametrize(
    "returned",
    ["[<matplotlib.lines.Line2D at 0x7f1234567890>]", "Text(0.5, 1.0, 'One run')", "<Axes: xlabel='a'>", "(0.0, 1.0)"],
)
def test_what_a_drawing_call_returns_is_not_printed(returned, figures):
    assert [each.is_image for each in shown([value(text_plain=returned), SVG], {}, PLACE, figures, ["A."])] == [True]


def test_a_value_without_a_figure_is_printed(figures):
    assert texts([value(text_plain="(0.0, 1.0)")], figures) == ["```\n(0.0, 1.0)\n```"]
    assert texts([value(text_plain="[<matplotlib.lines.Line2D at 0x7f1234567890>]")], figures) == []


def test_what_goes_to_stderr_is_told_and_printed_only_where_that_is_asked_for(figures):
    remark = stream("/tmp/ipykernel_1/2.py:3: UserWarning: An old name\n  f()\n", "stderr")
    with pytest.warns(UserWarning, match=r"paper\.qmd:3 \(output 1\): not printed.*: UserWarning: An old name"):
        assert texts([remark], figures) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert texts([remark], figures, warning=False) == []
        assert texts([remark], figures, warning=True) == ["```\nUserWarning: An old name\n  f()\n```"]


def test_what_cannot_be_printed_is_refused_by_name(figures):
    page = value(text_html="<script>draw()</script>", text_plain="<plotly.Figure object at 0x7f1234567890>")
    with pytest.raises(InputError, match=r"paper\.qmd:3 \(output 1\): an output of type text/html cannot be printed"):
        texts([page], figures)
    widget = {"output_type": "display_data", "data": {"application/x-widget": {}}, "metadata": {}}
    with pytest.raises(InputError, match="an output of type application/x-widget cannot be printed"):
        texts([widget], figures)


def test_an_exception_is_printed_only_where_it_is_asked_for(figures):
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
    with pytest.raises(WorkError, match=r"paper\.qmd:3: ValueError: no"):
        texts([error], figures)
    assert texts([error], figures, error=True) == ["```\nValueError: no\n```"]


def test_figures_of_all_kinds_are_written(figures):
    for mime, ending in (("image/png", "png"), ("image/jpeg", "jpg"), ("image/gif", "gif")):
        output = {"output_type": "display_data", "data": {mime: base64.b64encode(b"x").decode()}, "metadata": {}}
        text = texts([output], figures, out_width="50%")[0]
        assert text.endswith(f'.{ending}){{width="50%"}}')
    strict = replace(figures, strict=True)
    with pytest.raises(InputError, match="the figure needs an alternative text"):
        shown([SVG], {}, PLACE, strict, [])


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (value(text_plain="3.5"), "3.5"),
        (value(text_plain="np.float64(3.5)"), "3.5"),
        (value(text_plain="'a *b* _c_'"), r"a \*b\* \_c\_"),
        (value(text_markdown="a *b*", text_plain="x"), "a *b*"),
        (value(text_latex="$\\displaystyle x^2$", text_plain="x"), "$x^2$"),
    ],
)
def test_the_value_of_an_expression_stands_in_the_line(output, wanted):
    assert inline([output], PLACE) == wanted


def test_an_expression_that_draws_is_refused():
    with pytest.raises(InputError, match="must have a value that stands in a line"):
        inline([SVG], PLACE)


def test_the_colours_of_a_styled_table_are_those_of_its_cells(figures):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, -2]})
    red = frame.style.map(lambda value: "color: red; font-weight: bold" if value < 0 else "background-color: #ffee00")
    (text,) = texts([value(text_html=red.to_html(), text_plain="<Styler object at 0x7f1234567890>")], figures)
    positive, negative = re.findall(r"<td id=\S+([^>]*)>", text)
    assert 'typst:fill="rgb(255, 238, 0)"' in positive
    assert 'typst:text:fill="rgb(255, 0, 0)"' in negative
    assert "bold" in negative
    assert "bold" not in positive


def test_so_are_the_colours_that_a_cell_itself_names(figures):
    html = "<table><tr><td class='a' style='Background-Color: #fe0'>1</td><th style=\"color:red\">2</th></tr></table>"
    (text,) = texts([value(text_html=html, text_plain="<IPython.core.display.HTML object>")], figures)
    assert re.search(r"<td class='a'[^>]* typst:fill=\"rgb\(255, 238, 0\)\">1", text)
    assert re.search(r'<th[^>]* typst:text:fill="rgb\(255, 0, 0\)">2', text)


@pytest.mark.parametrize("formula", ["$x$", "$$x$$", r"\[x\]", r"$\displaystyle x$"])
def test_latex_that_is_a_formula_is_one(formula):
    assert latex(formula) == "$$\nx\n$$"


def test_latex_that_is_words_is_read_as_words():
    assert latex("The mean loss is small") == "```{=latex-output}\nThe mean loss is small\n```"
    assert latex("$a$ and $b$").startswith("```{=latex-output}")


def test_only_what_a_terminal_shows_is_taken_out():
    assert clean("a\tb 0x7f and <hex> at 10:00") == "a       b 0x7f and <hex> at 10:00"


def test_a_table_that_no_page_is_wide_enough_for_is_told(papers):
    def told(columns):
        cell = f"import pandas\npandas.DataFrame([[1.23456789] * {columns}])"
        return papers.set(f"```{{python}}\n#| echo: false\n{cell}\n```\n").told

    assert told(7) == ()
    (said,) = told(40)
    assert said.startswith("paper.qmd:1 (output 1): this table is so wide")
