"""What a source says stands in the list of sources, or its author is told."""

from __future__ import annotations

import re

import pytest

from handin.errors import InputError
from press.typesetting import bibliography

BIB = (
    "@article{ada, author={Lovelace, Ada}, title={Notes}, journal={Memoirs}, year={1843}}\n"
    "@article{bob, author={Boole, George}, title={Laws}, journal={Thought}, year={1854}}\n"
)
HEAD = "---\nbibliography: refs.bib\n---\n\nSee [@x].\n"


@pytest.mark.parametrize(
    ("kind", "fields", "printed"),
    [
        ("phdthesis", "school={Clown {\\&} College}", "Clown & College, 2001"),
        ("techreport", "institution={Acme}, number=7", "Acme, technical"),
        ("inproceedings", 'booktitle={P}, organization="Acme"', "Acme, 2001"),
        ("misc", "howpublished={\\url{https://a.b/c_d}}", "https://a.b/c_d, 2001"),
        ("misc", "howpublished={Mimeo}", "Mimeo, 2001"),
        ("article", "journal={J}, eid={e77}", "J, p. e77, 2001"),
        ("misc", "eprint={1412.6980}, archivePrefix={arXiv}", "arXiv:1412.6980"),
        ("article", "eprint={1412.6980}", "arXiv:1412.6980, 2001"),
        ("online", "eprint={1412.6980}", "https://arxiv.org/abs/1412.6980"),
        ("techreport", "number={CUCS-005-96}", "report CUCS-005-96"),
        ("article", "journal={J}, volume={007}, pages={014001}", "vol. 007, p. 014001"),
        ("book", "volume={XII}, publisher={P}", "vol. XII"),
        ("phdthesis", "author={B, C and others}, publisher={Acme}", "et al."),
    ],
)
def test_what_a_source_says_is_in_the_list(papers, kind, fields, printed):
    author = "" if "author=" in fields else "author={B, C}, "
    made = papers.set(HEAD, refs_bib=f"@{kind}{{x, title={{X}}, {author}{fields}, year={{2001}}}}")
    assert re.sub(r"\W", "", printed) in re.sub(r"\W", "", made.text), made.text
    assert "others" not in made.text


@pytest.mark.parametrize(
    ("kind", "fields", "wanted"),
    [
        ("article", "author={B}, journal={J}, howpublished={Acme}", "the howpublished of x"),
        ("misc", "author={B}, publisher={P}, howpublished={Acme}", "the howpublished of x"),
        ("article", "author={B}, journal={J}, pages={1}, eid={e7}", "the eid of x"),
        ("article", "author={B}, journal={J}, note={In press}", "the style ieee prints no note"),
        ("misc", "author={B}, url={https://a.b}", "the style ieee prints no year for x"),
        ("inproceedings", "booktitle={P}, volume={77}", "the style ieee prints no volume for x"),
    ],
)
def test_what_the_list_leaves_out_is_told(papers, kind, fields, wanted):
    (told,) = papers.set(HEAD, refs_bib=f"@{kind}{{x, title={{X}}, {fields}, year={{2001}}}}").told
    assert told.startswith(f"refs.bib:1: {wanted}")


def test_what_another_style_leaves_out_is_its_own_affair(papers):
    entry = "@misc{x, title={X}, author={B}, url={https://a.b}, year={2001}}"
    made = papers.set(HEAD.replace("---\n\n", "bibliographystyle: apa\n---\n\n"), refs_bib=entry)
    assert made.told == ()
    assert "2001" in made.text


@pytest.mark.parametrize("field", ["institution={Acme}", "eprint={1412.6980}", "eid={e7}", "volume={007}"])
def test_a_format_that_promises_something_refuses_what_would_be_lost_or_changed(tmp_path, field):
    (tmp_path / "refs.bib").write_text(f"\n@book{{x, title={{X}}, author={{B}}, {field}, year={{2001}}}}")

    def cited(strict):
        options = {"bibliography": "refs.bib"}
        return bibliography.cited(tmp_path, tmp_path, options, {"x"}, style="apa", everything=True, strict=strict)

    cited(False)
    with pytest.raises(InputError, match=rf"^refs\.bib:2: the {field.partition('=')[0]}\b.* of x would be"):
        cited(True)


def test_a_style_in_another_folder_is_among_what_the_pages_are_made_from(papers):
    style = papers.folder / "styles" / "own.csl"
    style.parent.mkdir()
    style.write_text(
        '<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0"><info><title>t</title><id>t</id>'
        "<updated>2020-01-01T00:00:00+00:00</updated></info><citation><layout><text variable='title'/></layout>"
        "</citation><bibliography><layout><text variable='title'/></layout></bibliography></style>"
    )
    entry = "@book{x, title={Engines}, author={B, C}, publisher={P}, year={2001}}"
    made = papers.set(HEAD.replace("---\n\n", "csl: styles/own.csl\n---\n\n"), refs_bib=entry)
    assert "See Engines." in made.text
    assert style in papers.builder.used.files
    (papers.folder / "own.txt").write_text("Words of a file.")
    made = papers.set('```{=typst}\n#read("/own.txt")\n```\n')
    assert "Words of a file." in made.text
    assert papers.folder / "own.txt" in papers.builder.used.files


def test_what_the_abstract_cites_is_listed_or_refused(papers):
    head = '---\nabstract: "As @ada says."\nbibliography: refs.bib\n---\n\nText.\n'
    assert "Memoirs" in papers.set(head, refs_bib=BIB).text
    with pytest.raises(InputError, match=r"^paper\.qmd:1: the citation @adda is not in the bibliography"):
        papers.set(head.replace("@ada", "@adda"), refs_bib=BIB)


@pytest.mark.parametrize(
    "entry",
    [
        "@misc{bad, title={X}, author={B}, year={n.d.}}",
        "@misc{bad, title={X}}\n@misc{bad, title={Y}}",
        "@misc{bad, title={X}}\n}",
        "@misc{bad, title={X}, howpublished={Talk}}",
    ],
)
def test_a_source_that_nobody_cites_is_no_matter(papers, entry):
    head = "---\nbibliography: refs.bib\n---\n\n"
    made = papers.set(f"{head}As [@ada].\n", refs_bib=f"{entry}\n{BIB}")
    assert (made.told, "Memoirs" in made.text) == ((), True)
    with pytest.raises(InputError, match=r"^refs\.bib:7: this is no date"):
        papers.set(
            f"{head}As [@ada; @x].\n",
            refs_bib=f"\n{entry.splitlines()[0]}\n\n\n{BIB.rstrip()}\n@misc{{x, title={{X}}, year={{n.d.}}}}\n",
        )


def test_a_source_that_stands_twice_in_the_same_words_is_one(papers):
    made = papers.set("---\nbibliography: refs.bib\n---\n\nAs [@ada].\n", refs_bib=BIB + "\n" + BIB)
    assert made.text.count("Lovelace") == 1
    with pytest.raises(InputError, match=r"^refs\.bib:4: the key ada is used already"):
        papers.set(
            "---\nbibliography: refs.bib\n---\n\nAs [@ada].\n", refs_bib=BIB + "\n" + BIB.replace("1843", "1844")
        )


def test_what_a_cited_source_inherits_from_is_kept(papers):
    parent = "@proceedings{all, title={The Conference}, year={1850}}\n"
    child = "@inproceedings{one, title={A Talk}, author={B, C}, crossref={all}}\n"
    made = papers.set("---\nbibliography: refs.bib\n---\n\nAs [@one].\n", refs_bib=BIB + child + parent)
    assert "A Talk" in made.text
    assert "1850" in made.text
