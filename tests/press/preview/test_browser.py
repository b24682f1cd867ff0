"""The preview in a real browser: it follows the author's edits, and never loses what was there."""

from __future__ import annotations

import shutil
import urllib.request
from pathlib import Path

import pypdfium2
import pytest
from preview_small import PATIENCE, make, preview, until
from tests.conftest import require

CHROMIUM = "/usr/bin/chromium"
MILLISECONDS = PATIENCE * 1000

DRAWN = "document.documentElement.dataset.state === 'current'"
WORDS = "document.getElementById('words').textContent"
SOURCES = "[...document.querySelectorAll('.page img')].map(i => i.dataset.digest)"


@pytest.fixture(scope="module")
def chromium():
    require(Path(CHROMIUM).exists(), "Chromium is missing: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def running(chromium, tmp_path_factory):
    root = make(tmp_path_factory.mktemp("preview") / "ein Bericht mit Ümlaut")
    with preview(root) as running:
        yield running


@pytest.fixture
def write(running):
    """Return a function that replaces a text in a file of the report; all files are restored afterwards."""
    originals = {}

    def write(name, old, new):
        path = running.root / name
        text = path.read_text()
        originals.setdefault(path, text)
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return path.read_text()

    yield write
    for path, text in originals.items():
        path.write_text(text)


@pytest.fixture
def page(chromium, running):
    page = chromium.new_page(viewport={"width": 1100, "height": 800})
    page.set_default_timeout(MILLISECONDS)
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(running.url)
    wait_until_current(page)
    yield page
    page.close()


def wait(page, condition):
    """Wait until a condition holds. Playwright's own way needs `eval`, which the page's policy forbids."""
    until(lambda: page.evaluate(condition), condition)


def wait_until_current(page):
    """Wait until everything is up to date and drawn."""
    wait(page, f"{DRAWN} && {WORDS} === 'Up to date'")


def changed(page, before):
    """Wait until the pages differ from those before and all are drawn; return their digests."""
    until(lambda: page.evaluate(SOURCES) != before, "other pages")
    wait_until_current(page)
    return page.evaluate(SOURCES)


def test_the_pages_are_shown_as_they_will_print(page, running):
    assert page.title() == "Three questions"
    assert page.inner_text("#title") == "Three questions"
    pages = page.evaluate("[...document.querySelectorAll('.page img')].map(i => [i.complete, i.naturalWidth, i.alt])")
    assert all(complete and width for complete, width, _ in pages)
    assert [alternative for _, _, alternative in pages] == [f"Page {n + 1} of {len(pages)}" for n in range(len(pages))]
    with page.expect_popup() as popup:
        page.get_by_role("link", name="PDF").click()
    assert popup.value.url == f"{running.url}/report.pdf"
    with urllib.request.urlopen(f"{running.url}/report.pdf", timeout=60) as answer:
        document = pypdfium2.PdfDocument(answer.read())
    assert len(document) == len(pages) > 2
    assert "First begins." in document[0].get_textpage().get_text_bounded()


def test_nothing_is_asked_of_another_host_and_nothing_is_refused(page, running):
    page.get_by_role("link", name="Notebook").click()
    wait_until_current(page)
    assert page.asked
    assert all(url.startswith((running.url + "/", "data:")) for url in page.asked)
    assert page.said == []


def test_an_edit_replaces_only_the_page_that_changed(page, write):
    before = page.evaluate(SOURCES)
    page.evaluate("document.querySelectorAll('.page img').forEach(image => { image.kept = true })")
    write("report/_second.qmd", "Second begins.", "Second begins again.")
    after = changed(page, before)
    different = [index for index, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert len(different) == 1
    kept = page.evaluate("[...document.querySelectorAll('.page img')].map(image => image.kept === true)")
    assert kept == [index not in different for index in range(len(before))]


def test_the_place_on_the_screen_is_kept(page, write):
    before = page.evaluate(SOURCES)
    page.evaluate("scrollTo(0, document.body.scrollHeight * 0.6)")
    place = page.evaluate("scrollY")
    assert place > 500
    write("report/_first.qmd", "First begins.", "First begins anew.")
    after = changed(page, before)
    assert page.evaluate("scrollY") == place
    # An error leaves it too, and so does a page more.
    write("report/_third.qmd", "Third begins.", "Third {{< begins >}}.")
    page.wait_for_selector(".problem")
    assert page.evaluate("scrollY") == place
    write("report/_third.qmd", "Third {{< begins >}}.", "Third begins.\n\n{{< pagebreak >}}\n")
    assert len(changed(page, after)) == len(before) + 1
    assert page.evaluate("scrollY") == place


def test_an_error_shows_with_file_and_line_over_the_last_good_pages_until_it_is_fixed(page, write):
    before = page.evaluate(SOURCES)
    text = write("report/_second.qmd", "Second begins.", "See @fig-nowhere.")
    line = text[: text.index("@fig-nowhere")].count("\n") + 1
    page.wait_for_selector(".problem")
    assert page.inner_text(".problem .where") == f"report/_second.qmd:{line}"
    assert "@fig-nowhere" in page.inner_text(".problem .what")
    assert "See @fig-nowhere." in page.inner_text(".problem .excerpt .wrong")
    wait(page, "document.getElementById('state').dataset.state === 'error'")
    assert page.evaluate(SOURCES) == before
    write("report/_second.qmd", "See @fig-nowhere.", "Second begins.")
    page.wait_for_selector(".problem", state="detached")
    wait_until_current(page)
    assert page.evaluate(SOURCES) == before


def test_a_false_formula_shows_with_file_and_line_until_it_is_fixed(page, write):
    before = page.evaluate(SOURCES)
    text = write("report/_first.qmd", "First begins.", "First begins: $k = 2 + 3$.")
    line = text[: text.index("$k")].count("\n") + 1
    page.wait_for_selector(".problem")
    assert page.inner_text(".problem .where") == f"report/_first.qmd:{line}"
    assert "its sides are 4.0, 5.0 (twice two)" in page.inner_text(".problem .what")
    write("report/_first.qmd", "$k = 2 + 3$", "$k = 2 + 2$")
    page.wait_for_selector(".problem", state="detached")
    assert len(changed(page, before)) == len(before)


def test_an_exception_in_a_cell_shows_where_it_was_raised(page, write):
    before = page.evaluate(SOURCES)
    text = write("report/_second.qmd", "plt.plot([0, 1], [0, 1])", "plt.plot([0, 1], [0, 1 / 0])")
    line = text[: text.index("1 / 0")].count("\n") + 1
    page.wait_for_selector(".problem")
    assert page.inner_text(".problem .where").startswith(f"report/_second.qmd:{line}")
    assert "ZeroDivisionError" in page.inner_text(".problem .what")
    assert page.evaluate(SOURCES) == before
    write("report/_second.qmd", "[0, 1 / 0]", "[0, 1]")
    page.wait_for_selector(".problem", state="detached")


def test_what_is_executed_is_said_while_it_is(page, write, running):
    go = running.root / "go"
    before = page.evaluate(SOURCES)
    waiting = "import time\nfrom pathlib import Path\nwhile not Path('../go').exists():\n    time.sleep(0.02)\n"
    write("report/_second.qmd", "import matplotlib", waiting + "import matplotlib")
    wait(page, f"{WORDS} === 'Executing report/report.qmd: cell 1 of 1 (fig-line)'")
    assert page.get_attribute("#state", "data-state") == "building"
    assert page.evaluate(SOURCES) == before
    # What is written meanwhile is not lost: the newest of it shows at the end.
    write("report/_first.qmd", "First begins.", "First begins once.")
    write("report/_first.qmd", "First begins once.", "First begins twice.")
    go.touch()
    changed(page, before)
    go.unlink()
    with urllib.request.urlopen(f"{running.url}/report.pdf", timeout=60) as answer:
        text = pypdfium2.PdfDocument(answer.read())[0].get_textpage().get_text_bounded()
    assert "First begins twice." in text


def test_prose_and_code_show_while_something_is_prepared(page, write, running):
    hold = running.root / ".hold"
    hold.touch()
    before = page.evaluate(SOURCES)
    write("code/small/helper.py", "ANSWER = 42", "ANSWER = 43")
    wait(page, f"{WORDS}.includes('Training the networks')")
    until(lambda: page.evaluate(SOURCES)[0] != before[0], "the first page, which prints the answer")
    assert page.get_attribute("#state", "data-state") == "building"
    shown = page.evaluate(SOURCES)
    write("report/_first.qmd", "First begins.", "First begins early.")
    until(lambda: page.evaluate(SOURCES)[0] != shown[0], "the edit")
    assert page.get_attribute("#state", "data-state") == "building"
    hold.unlink()
    wait_until_current(page)
    with urllib.request.urlopen(f"{running.url}/report.pdf", timeout=60) as answer:
        text = pypdfium2.PdfDocument(answer.read())[0].get_textpage().get_text_bounded()
    assert "the answer is 43" in text
    assert "First begins early." in text


def test_a_wrong_setting_shows_until_it_is_fixed(page, write):
    before = page.evaluate(SOURCES)
    write("settings.yml", 'student_id: "000000000"', "student_id: 123")
    page.wait_for_selector(".problem")
    assert "student_id" in page.inner_text(".problem")
    assert page.evaluate(SOURCES) == before
    write("settings.yml", "student_id: 123", 'student_id: "000000000"')
    page.wait_for_selector(".problem", state="detached")


def test_the_notebook_follows_too(page, write):
    page.get_by_role("link", name="Notebook").click()
    wait_until_current(page)
    assert "42" in page.inner_text(".cell.code .outputs")
    assert page.locator(".cell math").count() == 1
    page.evaluate("document.querySelectorAll('.cell').forEach(cell => { cell.kept = true })")
    write("report/notes.qmd", "The end of it.", "The very end.")
    wait(page, "document.body.innerText.includes('The very end.')")
    kept = page.evaluate("[...document.querySelectorAll('.cell')].map(cell => cell.kept === true)")
    assert kept.count(False) == 1
    write("report/notes.qmd", "print(6 * 7)", "print(6 * 8)")
    wait(page, "document.querySelector('.cell.code .outputs').innerText.includes('48')")
    write("report/notes.qmd", "print(6 * 8)", "print(6 *)")
    page.wait_for_selector(".problem")
    assert page.inner_text(".problem .where").startswith("report/notes.qmd:")
    assert "48" in page.inner_text(".cell.code .outputs")


def test_files_saved_by_renaming_are_seen(page, write, running):
    before = page.evaluate(SOURCES)
    path = running.root / "report/_third.qmd"
    write("report/_third.qmd", "Third begins.", "Third begins anew.")
    after = changed(page, before)
    beside = path.with_name(".third.tmp")
    beside.write_text(path.read_text().replace("Third begins anew.", "Third begins renamed."))
    shutil.move(beside, path)
    changed(page, after)


def test_it_starts_again_when_its_own_code_changes_and_the_page_finds_it(page, write, running):
    path = "code/press/preview/board.py"
    write(path, "HEARTBEAT = 15.0", "HEARTBEAT = = 15.0")
    page.wait_for_selector(".problem")
    assert page.inner_text(".problem .where").startswith(f"{path}:")
    write(path, "HEARTBEAT = = 15.0", "HEARTBEAT = 14.0")
    wait(page, "document.getElementById('state').dataset.state === 'gone'")
    wait_until_current(page)
    assert running.process.poll() is None


def test_the_keyboard_reaches_everything(page):
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    assert reached[:4] == ["Skip to the document", "Pages", "Notebook", "PDF"]


def test_every_prose_edit_shows(page, write):
    """How soon: `benchmarks/rendering.py`."""
    for turn in range(5):
        before = page.evaluate(SOURCES)
        old, new = ("First begins.", "First starts.") if turn % 2 == 0 else ("First starts.", "First begins.")
        write("report/_first.qmd", old, new)
        until(lambda: page.evaluate(SOURCES)[0] != before[0], "the first page")  # noqa: B023
