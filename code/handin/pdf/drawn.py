"""Walks through what the pages of a PDF are drawn with: contents, pictures, forms, patterns and fonts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf

_GROUPS = ("/XObject", "/Pattern")


def items(value: Any) -> list[Any]:
    """List the members of an array; anything else has none."""
    return list(value) if isinstance(value, pikepdf.Array) else []


def contents(page: pikepdf.Page) -> list[Any]:
    """List the streams that draw a page, one behind the other."""
    found = page.obj.get("/Contents")
    return items(found) or ([] if found is None else [found])


def drawn(page: pikepdf.Page, seen: set[tuple[int, int]]) -> Iterator[pikepdf.Dictionary | pikepdf.Stream]:
    """Yield each font (a dictionary), picture, form and pattern (a stream) of a page that is not among `seen`."""
    annotations = [each for each in items(page.obj.get("/Annots")) if isinstance(each, pikepdf.Dictionary)]
    shapes = [each.get("/AP") for each in annotations]
    appearances = [each.get("/N") for each in shapes if isinstance(each, pikepdf.Dictionary)]
    holders = [page.resources, *(each.get("/Resources") for each in appearances if isinstance(each, pikepdf.Stream))]
    while holders:
        resources = holders.pop()
        if not isinstance(resources, pikepdf.Dictionary):
            continue
        if resources.is_indirect:
            if resources.objgen in seen:
                continue
            seen.add(resources.objgen)
        for font in _members(resources, "/Font"):
            if isinstance(font, pikepdf.Dictionary) and (not font.is_indirect or font.objgen not in seen):
                seen.add(font.objgen)
                yield font
                holders.append(font.get("/Resources"))
        for stream in (each for group in _GROUPS for each in _members(resources, group)):
            if isinstance(stream, pikepdf.Stream) and stream.objgen not in seen:
                seen.add(stream.objgen)
                yield stream
                holders.append(stream.get("/Resources"))


def _members(resources: pikepdf.Dictionary, kind: str) -> list[Any]:
    group = resources.get(kind)
    return [group[key] for key in group.keys()] if isinstance(group, pikepdf.Dictionary) else []  # noqa: SIM118
