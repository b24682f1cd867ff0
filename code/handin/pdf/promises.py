"""Holds a PDF to what it says of itself (PDF/UA, PDF/A), by a validator that is not ours.

The validator, the package ``page-validation``, follows veraPDF's rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from handin.findings import Said
from handin.pdf.reading import Opened
from handin.text import shortened

MISREAD = "STREAM-LENGTH-001"
"""A rule that is not asked: where a stream's last byte happens to be a carriage return, the validator counts it out."""


def broken_promises(opened: Opened) -> Iterator[Said]:
    """Say which rules of the standards that it claims to follow a PDF breaks.

    It is a warning for each standard; the validator is young, so it never keeps a submission back.
    """
    import page

    for name, profile in _claimed(opened.read.metadata):
        try:
            found = page.validate_pdf_bytes(opened.content, profile=profile).failures
        except (page.PageError, ValueError):  # a part of the standard, or a file, that it does not know
            continue
        failures = [failure for failure in found if not failure.rule_id.endswith(MISREAD)]
        rules = list(dict.fromkeys(failure.rule_id for failure in failures))
        if rules:
            more = f", and {len(rules) - 1} more of its rules" if len(rules) > 1 else ""
            reason = shortened(failures[0].message.rstrip("."), 110)
            message = f"It says that it follows {name}, and does not ({rules[0]}: {reason}{more})."
            fix = "Export it again: a program that changed it afterwards, such as Preview, may have broken it."
            yield "warning", "", message, fix


def _claimed(claims: Mapping[str, str]) -> list[tuple[str, str]]:
    """List the standards of the metadata, each with the validator's name for it."""
    accessible, kept = claims.get("pdfuaid:part", ""), claims.get("pdfaid:part", "")
    level = claims.get("pdfaid:conformance", "").lower()
    found = [(f"PDF/UA-{accessible}", f"ua{accessible}")] if re.fullmatch(r"\d", accessible) else []
    return [*found, *([(f"PDF/A-{kept}{level}", f"{kept}{level}")] if re.fullmatch(r"\d[abu]?", kept + level) else [])]
