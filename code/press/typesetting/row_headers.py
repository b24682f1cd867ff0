"""Makes the first cell of every row of a tagged PDF's tables a header of its row.

Typst can do so itself (`pdf.header-cell`) only behind a feature flag that its Python package does not offer.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import pikepdf


def with_row_headers(pdf: bytes) -> bytes:
    """Return the PDF with its row labels as header cells with row scope, to which the other cells of the row refer."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        root = document.Root.get("/StructTreeRoot")
        if root is None:
            return pdf
        tables = list(_elements(root, "/Table"))
        rows = [row for table in tables for body in _kids(table, "/TBody") for row in _kids(body, "/TR")]
        if not rows:
            return pdf
        if "/IDTree" not in root:
            root.IDTree = pikepdf.NameTree.new(document).obj
        names = pikepdf.NameTree(root.IDTree)
        for number, row in enumerate(rows):
            label, *cells = _kids(row)
            if label.S != "/TD" or not _each(label, "/K"):
                continue
            label.S = pikepdf.Name.TH
            label.ID = pikepdf.String(f"row{number:05}")
            names[str(label.ID)] = label
            _attributes(label).Scope = pikepdf.Name.Row
            for cell in cells:
                attributes = _attributes(cell)
                attributes.Headers = pikepdf.Array([*attributes.get("/Headers", []), label.ID])
        out = io.BytesIO()
        document.save(out, deterministic_id=True, fix_metadata_version=False)
        return out.getvalue()


def _elements(element: pikepdf.Object, kind: str) -> Iterator[pikepdf.Object]:
    """Yield the elements of one kind below a structure element, outermost first, not those inside each other."""
    for kid in _kids(element):
        if kind == kid.S:
            yield kid
        else:
            yield from _elements(kid, kind)


def _kids(element: pikepdf.Object, kind: str | None = None) -> list[pikepdf.Object]:
    """Return the structure elements right below one, of one kind or of any."""
    kids = _each(element, "/K")
    return [k for k in kids if isinstance(k, pikepdf.Dictionary) and "/S" in k and kind in (None, str(k.S))]


def _each(element: pikepdf.Object, key: str) -> list[pikepdf.Object]:
    """Return what stands under a key, by itself or in an array."""
    found = element.get(key, pikepdf.Array())
    return list(found) if isinstance(found, pikepdf.Array) else [found]


def _attributes(cell: pikepdf.Object) -> pikepdf.Object:
    """Return the cell's attributes as a part of a table; made if there are none."""
    every = _each(cell, "/A")
    for attributes in every:
        if attributes.get("/O") == "/Table":
            return attributes
    own: pikepdf.Object = pikepdf.Dictionary(O=pikepdf.Name.Table)
    cell.A = pikepdf.Array([*every, own])
    found: pikepdf.Object = cell.A[len(every)]
    return found
