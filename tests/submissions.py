"""Small submissions for the tests of the checks: a sound one, and the pieces to make bad ones from."""

from __future__ import annotations

import base64
import copy
import functools
import io
import textwrap
from pathlib import Path

import nbformat
import pikepdf
import typst
from PIL import Image

from handin.examine import Digests, Examination, examine
from handin.identity import Owner
from handin.names import Names, zip_bytes

STUDENT_ID = "101234567"
PDF_NAME = f"{STUDENT_ID}-CS3950-answers.pdf"
NOTEBOOK_NAME = f"{STUDENT_ID}-CS3950-q6.ipynb"
ZIP_NAME = f"{STUDENT_ID}-CS3950.zip"
PDF_DIGEST, NOTEBOOK_DIGEST = "0123456789abcdef" * 2, "fedcba9876543210" * 2

EXPECTED = Digests(PDF_DIGEST, NOTEBOOK_DIGEST)


def names(student_id: str) -> Names:
    """Name the files of a submission as these ones are named."""
    return Names(f"{student_id}-CS3950-answers.pdf", f"{student_id}-CS3950-q6.ipynb", f"{student_id}-CS3950.zip")


MARKS = """
total: 100
questions:
  - question: 1
    title: A neuron
    marks: 40
    pdf: sec-q1
    parts:
      - {part: a, marks: 30, asks: the gradients, pdf: sec-q1a}
      - {part: b, marks: 10, asks: a diagram, pdf: sec-q1b, diagram: true}
  - question: 2
    title: A classifier
    marks: 60
    parts:
      - {part: "", asks: how it was fitted, pdf: sec-q2, notebook: [fig-loss, "Fitting a model"]}
"""

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><path d="M5 5L85 55" stroke="red"/></svg>'

FIGURE = '#figure(image("drawing.svg", width: 3cm, alt: "A red line falls from left to right."), caption: [A line.])'

_TYPST = """
#set document(title: [Answers], author: "%(id)s", keywords: ("made-from:%(digest)s",))
#set text(lang: "en", region: "GB")
#set heading(numbering: (..n) => if n.pos().len() == 1 {"Q" + str(n.pos().first())} else {numbering("1.1", ..n.pos())})
#set page(header: [Deep Learning #h(1fr) %(id)s], numbering: "1")
#title()
Student %(id)s

= A neuron [40 marks] <sec-q1>
== The gradients [30 marks] <sec-q1a>
The gradient is #math.equation(alt: "dy by dw equals x", $(dif y) / (dif w) = x$), so that it grows with the input
and/or half of it (1/2); see @sec-q1b, #link("https://doi.org/10.1038/323533a0")[doi 10.1038/323533a0], arXiv:1412.6980.

== A diagram [10 marks] <sec-q1b>
%(figure)s
The figure shows that the line falls from left to right without any exception.
```python
print(f"{x:.2f}", **options)  # \\frac{1}{2} and [a](#b), {{< var x >}} is no code
## a comment
y = x[0](3) ** 2 ** 3
```
%(middle)s
= A classifier [60 marks] <sec-q2>
The classifier was fitted until it overfitted. Then a penalty on their squares kept its weights small.
%(end)s
"""


@functools.cache
def pdf(
    middle: str = "",
    end: str = "",
    *,
    student_id: str = STUDENT_ID,
    digest: str = PDF_DIGEST,
    without: str = "",
    tagged: bool = True,
) -> bytes:
    """Set a report that is sound but for what `middle` and `end` add and `without` takes out."""
    source = _TYPST % {"id": student_id, "digest": digest, "middle": middle, "end": end, "figure": FIGURE}
    if without:
        assert without in source
        source = source.replace(without, "")
    files = {"main.typ": source.encode(), "drawing.svg": _SVG.encode()}
    standards = ["a-2a", "ua-1"] if tagged else []
    return typst.compile(files, ignore_system_fonts=True, pdf_standards=standards)


def changed_pdf(change, content: bytes | None = None, **options) -> bytes:
    """Open a PDF with pikepdf, let `change` do something to it, and save it."""
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(content or pdf())) as opened:
        change(opened)
        opened.save(saved, **options)
    return saved.getvalue()


@functools.cache
def png() -> bytes:
    """A figure as matplotlib writes it."""
    return _figure("png")


@functools.cache
def svg() -> str:
    """The same figure as SVG."""
    return _figure("svg").decode()


def _figure(kind: str) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1.5))
    axes = figure.subplots()
    axes.plot([1, 0.5, 0.3])
    axes.set_xlabel("epoch")
    saved = io.BytesIO()
    figure.savefig(saved, format=kind)
    return saved.getvalue()


def encoded(content: bytes) -> str:
    """Encode an image as notebooks hold it."""
    return base64.encodebytes(content).decode()


@functools.cache
def _notebook() -> nbformat.NotebookNode:
    v4 = nbformat.v4
    figure = v4.new_output(
        "display_data", {"image/png": encoded(png()), "image/svg+xml": svg(), "text/plain": "<Figure size 200x150>"}
    )
    table = v4.new_output("display_data", {"text/markdown": "| model | loss |\n|---|---:|\n| MLP | 0.31 |\n"})
    frame = v4.new_output(
        "execute_result",
        {"text/html": "<style scoped></style><table border='1'><tr><td>0.5</td></tr></table>", "text/plain": "0.5"},
        execution_count=4,
    )
    cells = [
        v4.new_markdown_cell("# Question 6\n\nThe classifier of `10.1000/xyz`, with f: $\\mathbb{R}^n \\to [0,1]$."),
        v4.new_code_cell("import numpy as np\nfrom pathlib import Path", execution_count=1),
        v4.new_markdown_cell("## Fitting a model\n\nLoss against epochs, and so on."),
        v4.new_code_cell("#| label: fig-loss\n#| fig-cap: Loss\nplot(history)", execution_count=2, outputs=[figure]),
        v4.new_code_cell("#| label: tbl-loss\nshow(table)", execution_count=3, outputs=[table]),
        v4.new_code_cell("frame", execution_count=4, outputs=[frame]),
        v4.new_code_cell(
            "model.summary()\nmodel.fit(x, y)",
            execution_count=5,
            outputs=[v4.new_output("stream", name="stdout", text=KERAS)],
        ),
    ]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
        "language_info": {"name": "python", "version": "3.11.7", "file_extension": ".py"},
        "press": {"inputs": NOTEBOOK_DIGEST},
    }
    return v4.new_notebook(cells=cells, metadata=metadata)


KERAS = textwrap.dedent("""\
    Model: "sequential_1"
    ┏━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┓
    ┃ Layer (type)       ┃ Output Shape  ┃    Param # ┃
    ┡━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━━━━━━┩
    │ dense (Dense)      │ (None, 64)    │     50,240 │
    └────────────────────┴───────────────┴────────────┘
     Total params: 50,240 (196.25 KB)
    Epoch 1/10
    1875/1875 ━━━━━━━━━━━━━━━━━━━━ 4s 2ms/step - accuracy: 0.8246 - loss: 0.4984 - val_loss: 0.4242
    2026-01-01 10:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized
    <keras.src.callbacks.history.History at 0x7f3a5c0d1e90>
    UserWarning: Do not pass an `input_shape`/`input_dim` argument to a layer.
    LogicalDevice(name='/device:CPU:0', device_type='CPU') on /job:localhost/replica:0/task:0/device:CPU:0
    Downloading data from https://storage.googleapis.com/tensorflow/tf-keras-datasets/train-labels-idx1-ubyte.gz
    29515/29515 ━━━━━━━━━━━━━━━━━━━━ 0s 0us/step, 3.2e-5 of 1e+5, km/h and 5/7, host: cpu, user 1.2 s, sys: 3 ms
    versions: numpy 2.4.6, build 10.1.0, sk-learn-like API, token_count: 128, secret sharing, x@W.T + b, a @ b.mean()
    CPU times: user 1.02 s, sys: 45.3 ms, total: 1.07 s; saved to figures/loss.png and ~/.keras/datasets
    """)


def notebook() -> nbformat.NotebookNode:
    """A notebook with outputs as matplotlib, pandas and Keras leave them."""
    return copy.deepcopy(_notebook())


def notebook_bytes(raw: dict | None = None) -> bytes:
    """Write a notebook."""
    return (nbformat.writes(nbformat.from_dict(raw or notebook())) + "\n").encode()


def members(**changed: bytes) -> dict[str, bytes]:
    """The two files of a sound submission; `pdf` and `notebook` replace one."""
    return {PDF_NAME: changed.get("pdf", pdf()), NOTEBOOK_NAME: changed.get("notebook", notebook_bytes())}


def write_marks(folder: Path) -> Path:
    """Write the mark scheme of these submissions."""
    path = folder / "marks.yml"
    path.write_text(MARKS, encoding="utf-8")
    return path


def write_zip(path: Path, content: dict[str, bytes]) -> Path:
    """Write a zip as the project does."""
    path.write_bytes(zip_bytes(content))
    return path


def examined(
    tmp_path: Path, members: dict[str, bytes], marks: Path | None = None, name: str = ZIP_NAME, **options
) -> Examination:
    """Zip the members and check the zip."""
    return _examined(write_zip(tmp_path / name, members), marks=marks, **options)


def examined_file(tmp_path: Path, name: str, content: bytes, **options) -> Examination:
    """Check one file alone."""
    (tmp_path / name).write_bytes(content)
    return _examined(tmp_path / name, **options)


def _examined(path: Path, *, student_id=STUDENT_ID, names=names, final=True, **options) -> Examination:
    return examine(path, Owner(student_id, names, final), **{"expected": EXPECTED, **options})


def only(findings, severity: str = "error") -> str:
    """Return the messages of the findings, all of which have this severity."""
    assert findings, "nothing was found"
    assert {finding.severity for finding in findings} == {severity}, [str(finding) for finding in findings]
    for finding in findings:
        assert finding.file
        assert finding.message.strip()
        assert finding.fix.strip().endswith((".", "...`."))
    return " | ".join(f"{finding.file} {finding.place}: {finding.message}" for finding in findings)


def change_cell(cell: int, **values: object):
    """Return a function that sets what a cell of a notebook holds."""

    def change(notebook):
        for key, value in values.items():
            notebook.cells[cell][key] = value

    return change


def stream(text: str, cell: int = 1, name: str = "stdout"):
    """Return a function that makes a cell print a text."""
    return change_cell(cell, outputs=[nbformat.v4.new_output("stream", name=name, text=text)])


def display(data: dict, cell: int = 1, **metadata: object):
    """Return a function that makes a cell show something."""
    return change_cell(cell, outputs=[nbformat.v4.new_output("display_data", data, metadata=metadata)])


def jpeg_with_exif(fields: dict | None = None, inner: dict | None = None) -> bytes:
    """A photograph with a name and a path in its EXIF data."""
    image = Image.open(io.BytesIO(png())).convert("RGB")
    exif = Image.Exif()
    exif.update({0x013B: "Alice Smith", 0x010E: "/home/alice/x.png"} if fields is None else fields)
    exif.get_ifd(0x8769).update(inner or {})
    saved = io.BytesIO()
    image.save(saved, "JPEG", exif=exif)
    return saved.getvalue()
