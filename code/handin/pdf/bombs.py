"""Measures the compressed streams of a PDF before a reader opens it, so that one that grows to gigabytes is refused."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator

LARGEST_STREAM = 300_000_000
"""The most bytes that one stream may hold when it is inflated: a picture of 100 million pixels in colour."""

LARGEST_TOTAL = 4_000_000_000
"""The most bytes of all streams. A viewer inflates a page at a time, and scans of many white pages shrink very well."""

_CHUNK = 1 << 20
_STREAM = re.compile(rb"stream\r?\n?")
_IN_LETTERS = re.compile(rb"/(?:ASCII85Decode|A85)\b|/(?:ASCIIHexDecode|AHx)\b")


class _TooLarge(Exception):
    pass


def is_bomb(content: bytes) -> bool:
    """Inflate the streams of a PDF piece by piece, also a stream within a stream, and say whether they never end.

    It looks at the bytes alone: a parser would already have inflated what it needs.
    """
    whole = total = 0

    def counted(pieces: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal whole, total
        for piece in pieces:
            whole += len(piece)
            total += len(piece)
            if total > LARGEST_STREAM or whole > LARGEST_TOTAL:
                raise _TooLarge
            yield piece

    try:
        for match in _STREAM.finditer(content):
            start, total = match.end(), 0
            packed = memoryview(content)[start:]  # the end of the stream is where the inflater says so
            if letters := _IN_LETTERS.search(content, max(0, start - 400), start):
                end = content.find(b"endstream", start)
                text = content[start : end if end >= 0 else None]
                packed = memoryview(_from_letters(text, hexadecimal=b"H" in letters.group()))
            stages: list[Iterator[bytes]] = [(bytes(packed[i : i + _CHUNK]) for i in range(0, len(packed), _CHUNK))]
            for _ in range(4):
                stages.append(counted(_inflated(stages[-1])))
            for stage in reversed(stages[1:]):  # the inner ones take from the outer ones as long as there is something
                for _ in stage:
                    pass
    except _TooLarge:
        return True
    return False


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for piece in pieces:
        while piece and not inflater.eof:
            try:
                inflated = inflater.decompress(piece, _CHUNK)
            except zlib.error:
                return
            if inflated:
                yield inflated
            piece = inflater.unconsumed_tail
        if inflater.eof:
            return


def _from_letters(text: bytes, *, hexadecimal: bool) -> bytes:
    try:
        if hexadecimal:
            return bytes.fromhex(text.split(b">")[0].decode("ascii", "ignore"))
        return base64.a85decode(text.split(b"~>")[0].removeprefix(b"<~"))
    except ValueError:
        return b""
