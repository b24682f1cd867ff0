"""What a text shows from elsewhere is found, and what is code or a comment is not shown."""

from __future__ import annotations

import pytest

import submissions as made
from handin.notebook.markup import seen_markdown, taken

PICTURE = {"image/png": made.encoded(made.png())}

ATTACHED = {
    "![image(1).png](attachment:image(1).png)": "image(1).png",
    "![a](<attachment:my pic.png>)": "my pic.png",
    "![a](attachment:my%20pic.png 'title')": "my pic.png",
    "![a](attachment:x%20y.png)": "x%20y.png",
    '<img src="attachment:my pic.png" width="50%">': "my pic.png",
    "<img alt='a' src='attachment:ü.png'>": "ü.png",
    "![a][p]\n\n[p]: <attachment:my pic.png>": "my pic.png",
}


@pytest.mark.parametrize("source", ATTACHED)
def test_an_attached_image_is_found_by_its_name(tmp_path, source):
    notebook = made.notebook()
    made.change_cell(0, source=source, attachments={ATTACHED[source]: PICTURE})(notebook)
    assert made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings == []
    notebook.cells[0].attachments = {"other.png": PICTURE}
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert "is not attached" in made.only(found)


@pytest.mark.parametrize(
    "markdown",
    [
        "<!-- ![old](old.png) -->\nText <!-- <img src='x.png'> -->",
        "<!-- ![old](old.png)",
        "Use `![a](b.png)` and ``![a](b.png)``",
        "Text:\n\n    ![indented](code.png)\n\n    ![more](code.png)\n",
        "```\n![x](y.png)\n```",
        "~~~~ markdown\n![x](y.png)\n~~~\n![x](y.png)\n~~~~",
        "1. item\n   ```python\n   ![x](z.png)\n   ```\n",
        "- ```\n  ![x](z.png)\n  ```",
        "> ```\n> ![x](z.png)\n> ```",
        "```\n![x](y.png)",
        "<script>'<img src=\"a.png\">'</script>",
    ],
)
def test_what_is_code_or_a_comment_shows_nothing(markdown):
    assert list(taken(seen_markdown(markdown))) == []


@pytest.mark.parametrize(
    "markdown",
    [
        "<!-- a --> ![x](y.png) <!-- b -->",
        "```\ncode\n```\n![x](y.png)",
        "``` not `` a fence ![x](y.png)",
        "A paragraph\n    ![x](y.png)",
        "1. item\n\n    ![x](y.png)",
        "- item\n\n    more\n\n    ![x](y.png)",
    ],
)
def test_what_follows_code_or_a_comment_is_shown(markdown):
    assert list(taken(seen_markdown(markdown))) == [("image", "y.png")]


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ('<video src="movie.mp4" controls>', "video movie.mp4"),
        ("<audio controls><source src='a b.wav'></audio>", "video a b.wav"),
        ("<audio src=a.wav>", "sound a.wav"),
        ('<iframe\n  width="9"\n  src="map.html"\n></iframe>', "page map.html"),
    ],
)
def test_what_an_output_plays_is_not_handed_in(tmp_path, html, what):
    notebook = made.notebook()
    made.display({"text/html": html})(notebook)
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert f"cell 2: The {what} is a file that is not handed in." in made.only(found)


@pytest.mark.parametrize(
    "text",
    [
        "```python\n",
        "~~~ {",
        "{{<",
        "{#a",
        "<!--",
        "<script",
        "<img src",
        "![",
        "![a](",
        "\n",
        "|a",
        "* ",
        "- ",
        " #",
        "`",
    ],
)
def test_what_begins_many_times_and_never_ends_is_read(tmp_path, text):
    notebook = made.notebook()
    notebook.cells[0].source = text * 50_000
    made.display({"text/html": text * 50_000, "text/markdown": text * 50_000})(notebook)
    made.change_cell(1, source="x" + text * 50_000)(notebook)
    assert not any("template" in each.message for each in _examined(tmp_path, notebook))


def _examined(folder, notebook):
    return made.examined_file(folder, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
