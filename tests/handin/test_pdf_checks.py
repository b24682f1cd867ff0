"""Every kind of fault in a PDF gives its finding."""

from __future__ import annotations

import io
from functools import partial

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

import submissions as made


def _no_font_files(pdf):
    for item in pdf.objects:
        if isinstance(item, Dictionary) and item.get("/Type") == Name.FontDescriptor:
            for key in ("/FontFile", "/FontFile2", "/FontFile3"):
                if key in item:
                    del item[key]


def _standard_font(pdf, draws=b"BT /F99 12 Tf 72 100 Td (Words) Tj ET"):
    pdf.pages[0].contents_add(b"q " + draws + b" Q")
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    pdf.pages[0].resources["/Font"]["/F99"] = pdf.make_indirect(font)


def _no_alternatives(kind):
    def change(pdf):
        for item in pdf.objects:
            if isinstance(item, Dictionary) and item.get("/S") == Name("/" + kind) and "/Alt" in item:
                del item["/Alt"]

    return change


def _alternative(text):
    def change(pdf):
        for item in pdf.objects:
            if isinstance(item, Dictionary) and item.get("/S") == Name.Figure:
                item["/Alt"] = String(text)

    return change


def _titled(title):
    def change(pdf):
        with pdf.open_metadata() as metadata:
            metadata["dc:title"] = title
        pdf.docinfo["/Title"] = title

    return change


def _no_title(pdf):
    del pdf.docinfo["/Title"]
    with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
        del metadata["dc:title"]


def _author(name):
    def change(pdf):
        pdf.docinfo["/Author"] = name

    return change


def _turned(pdf, by=90):
    pdf.pages[0].obj["/Rotate"] = by


def _drawn_sideways(pdf):
    """The text runs from the lower to the upper edge."""
    page = pdf.pages[0]
    page.contents_add(b"q 0 1 -1 0 595 0 cm", prepend=True)
    page.contents_add(b"Q")
    page.obj["/MediaBox"] = Array([-247, 0, 595, 595])


def _sized(width, height, box="/MediaBox"):
    def change(pdf):
        pdf.pages[0].obj[box] = Array([0, 0, width, height])

    return change


def _structure(children):
    def change(pdf):
        pdf.Root.StructTreeRoot["/K"] = children(pdf)

    return change


def _one_page_less(pdf):
    """The structure of the second page is taken out of the tree."""
    second = pdf.pages[1].obj.objgen
    for item in pdf.objects:
        if isinstance(item, Dictionary) and isinstance(item.get("/Pg"), Dictionary) and item["/Pg"].objgen == second:
            del item["/Pg"]


def _action(**action):
    def change(pdf):
        pdf.Root["/OpenAction"] = Dictionary(**action)

    return change


def _attached(pdf):
    pdf.attachments["notes.txt"] = b"secret"


def _comment(pdf, kind=Name.Text):
    note = Dictionary(Type=Name.Annot, Subtype=kind, Rect=Array([0, 0, 9, 9]), Contents=String("Check this"))
    pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(note)])


def _local_link(pdf):
    action = Dictionary(S=Name.URI, URI=String("file:///home/alice/x.html"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
    pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(link)])


def _link(address):
    def change(pdf):
        action = Dictionary(S=Name.URI, URI=String(address))
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
        pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(link)])

    return change


def _file_annotation(pdf):
    file = Dictionary(Type=Name.Filespec, F=String("x"), EF=Dictionary(F=pdf.make_stream(b"secret")))
    note = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]), FS=file)
    pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(note)])


def _jpeg(pdf):
    stream = pikepdf.Stream(pdf, made.jpeg_with_exif())
    stream.update(Dictionary(Type=Name.XObject, Subtype=Name.Image, Filter=Name.DCTDecode))
    pdf.pages[0].resources["/XObject"] = Dictionary(I=stream)


def _damaged_stream(pdf):
    pdf.pages[0].Contents.write(b"not deflated", filter=Name.FlateDecode)


def _changed(change, **options):
    return lambda: made.changed_pdf(change, **options)


def _body(text):
    return lambda: made.pdf(end=f'\n#"{text}"')


def _encrypted(user):
    return _changed(lambda pdf: None, encryption=pikepdf.Encryption(user=user, owner="owner"))


PDF_ERRORS = {
    "no PDF": (lambda: b"hello", "It is no PDF"),
    "empty": (lambda: b"", "It is no PDF"),
    "cut short": (lambda: made.pdf()[:-3000], "damaged"),
    "cut in half": (lambda: made.pdf()[: len(made.pdf()) // 2], "damaged"),
    "a damaged stream": (_changed(_damaged_stream), "damaged"),
    "encrypted": (_encrypted("secret"), "encrypted"),
    "restricted": (_encrypted(""), "encrypted"),
    "no pages": (_changed(lambda pdf: pdf.pages.__delitem__(slice(None))), "damaged"),
    "fonts not embedded": (_changed(_no_font_files), "is not embedded"),
    "a standard font": (_changed(_standard_font), "The font Helvetica is not embedded"),
    "a figure without text": (_changed(_no_alternatives("Figure")), "page 1: A figure has no alternative text"),
    "a formula without text": (_changed(_no_alternatives("Formula")), "page 1: A formula has no alternative text"),
    "a blank alternative": (_changed(_alternative("  ")), "A figure has no alternative text"),
    "no tags": (_changed(lambda pdf: pdf.Root.__delitem__("/StructTreeRoot")), "not tagged"),
    "an empty structure": (_changed(_structure(lambda pdf: Array([]))), "page 1: The PDF's tags do not describe"),
    "a structure in a circle": (_changed(_structure(lambda pdf: pdf.Root.StructTreeRoot)), "do not describe this page"),
    "a structure of nothing": (
        _changed(_structure(lambda pdf: pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document)))),
        "do not describe this page",
    ),
    "a page without structure": (
        lambda: made.changed_pdf(_one_page_less, made.pdf(middle="#pagebreak()")),
        "page 2: The PDF's tags do not describe this page",
    ),
    "a turned page": (_changed(_turned), "page 1: Most of the text on the page lies on its side (turned by 90°)"),
    "a page on its head": (_changed(partial(_turned, by=180)), "Most of the text on the page stands on its head"),
    "a giant page": (_changed(_sized(10**7, 10**7)), "page 1: The page is 3527778 × 3527778 mm large"),
    "a page of no size": (_changed(_sized(0, 0)), "page 1: The page is 0 × 0 mm large"),
    "a page of which little is shown": (_changed(_sized(10, 10, "/CropBox")), "page 1: The page is 4 × 4 mm large"),
    "no title": (_changed(_no_title), "no title"),
    "no language": (_changed(lambda pdf: pdf.Root.__delitem__("/Lang")), "which language"),
    "an empty page": (lambda: made.pdf(middle="#pagebreak()\n#pagebreak()"), "page 2: The page is empty"),
    "an unresolved reference": (_body("see ?@fig-loss here"), "could not be resolved: ?@fig-loss"),
    "an unresolved number": (_body("see Figure ?? here"), "could not be resolved: ??"),
    "an unresolved citation of LaTeX's": (_body("as shown [?, p. 3] by"), "could not be resolved: [?, p. 3]"),
    "an unresolved reference of Word's": (
        _body("see Error! Reference source not found."),
        "could not be resolved: Error! Reference source not found",
    ),
    "an unresolved citation of natbib's": (lambda: made.pdf(end="\nas (*?*, p. 3) show"), "resolved: (?, p. 3)"),
    "an unresolved author of natbib's": (
        lambda: made.pdf(end="\nAs shown by *?*, and later by others,"),
        "could not be resolved: ?",
    ),
    "an unresolved variable": (_body("it is ?var:q1.dy"), "could not be resolved: ?var:q1.dy"),
    "a shortcode": (_body("it is {{< var q1.dy >}}"), "could not be resolved: {{<"),
    "an unresolved citation": (_body("as shown (kingma2015?)"), "could not be resolved"),
    "raw TeX": (_body("the value \\\\frac{1}{2}"), "raw TeX, Markdown or HTML: \\frac"),
    "a raw formula": (_body("the value $$x$$ is"), "raw TeX"),
    "an inline formula": (_body("the value $x_1^2$ is"), "raw TeX"),
    "bold Markdown": (_body("this is **very bold** text"), "**very bold**"),
    "a Markdown link": (_body("see [here](https://example.org)"), "Markdown"),
    "a Markdown heading": (_body("## A heading"), "## A heading"),
    "a div": (_body("::: {.callout-tip}"), "Markdown"),
    "a raw reference": (_body("see @fig-loss here"), "@fig-loss"),
    "a raw citation": (_body("see [@kingma2015]"), "[@kingma2015]"),
    "raw HTML": (_body("one<br>two"), "HTML"),
    "an account as author": (_changed(_author("alice")), "metadata name an account: alice"),
    "a script": (_changed(_action(S=Name.JavaScript, JS=String("app.alert(1)"))), "holds a script"),
    "a launched program": (_changed(_action(S=Name.Launch, F=String("calc.exe"))), "starts a program"),
    "an attached file": (_changed(_attached), "holds an attached file (notes.txt)"),
    "a path on a page": (_body("read from /home/alice/data.csv"), "page 1: It holds an absolute path"),
    "a path in a link": (_changed(_local_link), "link to a file on this machine: file:///home"),
    "a path in an alternative text": (_changed(_alternative("drawn from /home/alice/x.svg")), "absolute path"),
    "a path in the metadata": (
        _changed(lambda pdf: pdf.docinfo.update({"/Source": "/home/alice/x.typ"})),
        "absolute path",
    ),
    "a name in an image": (_changed(_jpeg), "a name: Alice Smith"),
    "an e-mail address": (_body("by alice.smith@cs.ox.ac.uk"), "e-mail"),
    "a page taken out": (
        lambda: made.changed_pdf(lambda pdf: pdf.pages.__delitem__(1), made.pdf(middle="#pagebreak()")),
        "1 page is missing",
    ),
    "a link to the own machine": (
        _changed(_link("http://localhost:8888/notebooks/x.ipynb")),
        "page 1: The PDF holds a link that leads nowhere",
    ),
    "a link to a file": (_changed(_link("_generated/x.ipynb")), "leads nowhere"),
    "a file in an annotation": (_changed(_file_annotation), "page 1: The PDF holds an attached file (x)"),
    "a path behind the end": (lambda: made.pdf() + b"<html>/home/alice/x</html>", "outside the pages"),
    "a path in front of the PDF": (lambda: b"/home/alice/x\n" + made.pdf(), "outside the pages"),
    "another student's id on the first page": (_body("by 999888777"), "prints 999888777"),
    "another student as author": (_changed(_author("999888777")), "student id 999888777 as the author"),
    "another build": (lambda: made.pdf(digest="f" * 32), "older than its sources"),
    "a draft": (lambda: made.pdf(digest=f"{made.PDF_DIGEST}-draft"), "is a draft"),
    "no digest": (lambda: made.pdf(digest=""), "does not say which sources"),
}


@pytest.mark.parametrize("fault", PDF_ERRORS)
def test_a_fault_of_the_pdf_is_an_error(tmp_path, fault):
    content, message = PDF_ERRORS[fault]
    findings = made.examined_file(tmp_path, made.PDF_NAME, content()).findings
    assert message in made.only([finding for finding in findings if finding.is_error])


def _scanned(pdf):
    page = pdf.pages[0]
    page.obj["/Contents"] = pdf.make_stream(b"0 0 300 400 re f")
    _turned(pdf)


@pytest.mark.parametrize("changes", [(_drawn_sideways, _turned), (_scanned,)])
def test_a_page_that_is_turned_and_shows_no_text_on_its_side_is_sound(tmp_path, changes):
    def change(pdf):
        for each in changes:
            each(pdf)

    findings = made.examined_file(tmp_path, made.PDF_NAME, made.changed_pdf(change)).findings
    assert not any("turned" in finding.message for finding in findings)


def test_a_font_whose_name_is_no_unicode_is_looked_at(tmp_path):
    def change(pdf):
        font = pikepdf.Object.parse(b"<</Type/Font/Subtype/TrueType/BaseFont/#cb#ce#cc#e5>>")
        font["/FontDescriptor"] = Dictionary(FontFile2=pdf.make_stream(b"x"))
        pdf.pages[0].Resources.Font["/F9"] = font

    findings = made.examined_file(tmp_path, made.PDF_NAME, made.changed_pdf(change, made.pdf(tagged=False))).findings
    assert not any("could not be looked at" in finding.message for finding in findings)


@pytest.mark.parametrize("line", [b"\\(" + b"a" * 100_000, b"? " * 30_000, b"$a" * 30_000])
def test_a_line_without_end_is_read(tmp_path, line):
    draws = b"BT /F99 1 Tf 9 9 Td (%b) Tj ET" % line
    content = made.changed_pdf(partial(_standard_font, draws=draws), made.pdf(tagged=False))
    findings = made.examined_file(tmp_path, made.PDF_NAME, content).findings
    assert any("runs off the right edge" in finding.message for finding in findings)


def test_a_path_in_an_alternative_text_is_taken_out_where_it_stands(tmp_path):
    content = made.changed_pdf(_alternative("drawn from /home/alice/x.svg"))
    (finding,) = made.examined_file(tmp_path, made.PDF_NAME, content).findings
    assert "links or alternative texts" in finding.fix


def test_a_letter_that_no_font_has_is_named(tmp_path):
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure, saved = Figure(), io.BytesIO()
    figure.text(0.1, 0.5, "Words and \u6f22")
    with rc_context({"pdf.fonttype": 42}), pytest.warns(UserWarning, match="missing from font"):
        figure.savefig(saved, format="pdf")
    findings = made.examined_file(tmp_path, made.PDF_NAME, saved.getvalue()).findings
    assert any("which shows as a box" in finding.message for finding in findings)


@pytest.mark.parametrize("draws", [b"", b"BT /F99 9 Tf ET", b"BT /F99 9 Tf 9 9 Td ( ) Tj 3 Tr (Words) Tj ET"])
def test_a_font_that_no_letter_shows_need_not_be_embedded(tmp_path, draws):
    content = made.changed_pdf(partial(_standard_font, draws=draws), made.pdf(tagged=False))
    findings = made.examined_file(tmp_path, made.PDF_NAME, content).findings
    assert not any("embedded" in finding.message for finding in findings)


@pytest.mark.parametrize(
    "text",
    [
        "Error: Reference source not found",
        "Error! Bookmark not defined.",
        "Error! No text of specified style in document.",
        "Error! No table of contents entries found.",
        "Fehler! Verweisquelle konnte nicht gefunden werden.",
        "Fehler! Kein Text mit angegebener Formatvorlage im Dokument.",
        "Erreur ! Source du renvoi introuvable.",
        "¡Error! No se encuentra el origen de la referencia.",
        "¡Error! Marcador no definido.",
        "Fout! Verwijzingsbron niet gevonden.",
        "Fout! Bladwijzer niet gedefinieerd.",
        "Errore. L'origine riferimento non è stata trovata.",
        "Errore. Il segnalibro non è definito.",
        "Erro! Fonte de referência não encontrada.",
        "Erro! Indicador não definido.",
    ],
)
def test_what_an_office_program_could_not_find_is_an_error(tmp_path, text):
    content = made.pdf(end=f'\n#"see {text} here"')
    findings = made.examined_file(tmp_path, made.PDF_NAME, content).findings
    assert f"could not be resolved: {text[:20]}" in made.only(findings)


def test_an_error_or_a_question_mark_of_an_author_is_none(tmp_path):
    end = "\nError: the reference loss. An error! The style differs. *Is it so ?* *Why ? Or* not ?, or?\n\n*?*\n\nSo."
    findings = made.examined_file(tmp_path, made.PDF_NAME, made.pdf(end=end)).findings
    assert not any("resolved" in finding.message for finding in findings)


def test_a_question_in_prose_is_no_reference(tmp_path):
    findings = made.examined_file(tmp_path, made.PDF_NAME, made.pdf(end='\n#"Why?? And [why?] not (?)"')).findings
    assert not any("resolved" in finding.message for finding in findings)


def test_code_in_a_font_that_does_not_say_its_width_is_no_residue(tmp_path):
    def nameless(pdf):
        for item in pdf.objects:
            if isinstance(item, Dictionary) and "Mono" in str(item.get("/FontName", item.get("/BaseFont", ""))):
                item["/FontName" if "/FontName" in item else "/BaseFont"] = Name("/F1")
                if "/Flags" in item:
                    item["/Flags"] = 4

    findings = made.examined_file(tmp_path, made.PDF_NAME, made.changed_pdf(nameless)).findings
    assert not any("raw TeX" in finding.message for finding in findings)


def test_a_page_with_one_line_of_its_own_is_not_empty(tmp_path):
    set_high = "#pagebreak()\n#place(top, dy: -4em)[The last words of the report.]"
    findings = made.examined_file(tmp_path, made.PDF_NAME, made.pdf(end=set_high)).findings
    assert not any("empty" in finding.message for finding in findings)


@pytest.mark.parametrize("address", ["ftp://ftp.example.org/data.csv", "tel:+44-1784-434455", "mailto:x@example.org"])
def test_a_link_to_what_a_reader_has_is_sound(tmp_path, address):
    findings = made.examined_file(tmp_path, made.PDF_NAME, made.changed_pdf(_link(address))).findings
    assert not any("leads nowhere" in finding.message for finding in findings)


def test_a_long_pdf_is_not_called_damaged(tmp_path):
    def longer(pdf):
        for _ in range(501):
            pdf.pages.append(pdf.pages[0])

    said = made.only(made.examined_file(tmp_path, made.PDF_NAME, made.changed_pdf(longer)).findings)
    assert "pages, and more than 500 are not looked at" in said
    assert "damaged" not in said


def test_nobody_is_no_account(tmp_path):
    for author in ("anonymous", "Anonymous"):
        assert made.examined_file(tmp_path, made.PDF_NAME, _changed(_author(author))()).findings == []


PDF_WARNINGS = {
    "something behind the end": (lambda: made.pdf() + b"<html>", "behind its end that no page shows"),
    "a comment": (_changed(_comment), "page 1: The PDF holds a reviewer's comment"),
    "a comment on a line": (_changed(partial(_comment, kind=Name.Underline)), "reviewer's comment"),
    "a field of its own": (
        _changed(lambda pdf: pdf.docinfo.update({"/Company": "Alice & Co"})),
        "metadata: The metadata have the field Company: Alice & Co",
    ),
    "text that is drawn sideways": (_changed(_drawn_sideways), "lies on its side (turned by 270°)"),
    "a name as author": (_changed(_author("Alice Smith")), "author: Alice Smith"),
    "a program's title": (_changed(_titled("Microsoft Word - report.docx")), "a program gave it: Microsoft Word"),
    "a template's title": (_changed(_titled("Untitled 2")), "a program gave it: Untitled 2"),
    "an alternative that says nothing": (_changed(_alternative("figure 1")), "says nothing"),
}


@pytest.mark.parametrize("fault", PDF_WARNINGS)
def test_a_blemish_of_the_pdf_is_a_warning(tmp_path, fault):
    content, message = PDF_WARNINGS[fault]
    assert message in made.only(made.examined_file(tmp_path, made.PDF_NAME, content()).findings, "warning")


def test_a_pdf_without_claims_is_a_warning(tmp_path):
    findings = made.examined_file(tmp_path, made.PDF_NAME, made.pdf(tagged=False)).findings
    assert "(PDF/UA)" in made.only(findings, "warning")
    assert "(PDF/A)" in made.only(findings, "warning")
