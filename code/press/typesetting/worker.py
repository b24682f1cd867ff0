"""Keeps one pandoc alive for a preview, which converts a section in a third of the time that a new one takes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("filters") / "worker.lua"
PATIENCE = 60.0
"""Seconds after which a conversion is given up here."""


class PandocWorker:
    """A pandoc process that converts Markdown to Typst through Lua filters, as pandoc's command line does.

    Parameters
    ----------
    program
        The pandoc binary.
    folder
        Its working directory.
    """

    def __init__(self, program: Path, folder: Path):
        self._command = [str(program), "lua", str(SCRIPT)]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def convert(self, text: str, reader: str, filters: Sequence[Path]) -> str | None:
        """Convert a text.

        Parameters
        ----------
        text
            Markdown.
        reader
            pandoc's name of its dialect.
        filters
            The Lua filters, in order; they are read anew each time.

        Returns
        -------
        str or None
            Typst; None where pandoc itself must be asked: it refuses the text, or it would read it otherwise.
        """
        if "\t" in text:  # the command line replaces tabs before it reads
            return None
        names = [str(path) for path in filters]
        asked = {"text": text, "from": reader, "filters": names, "abbreviations": self._abbreviations()}
        request = json.dumps(asked).encode()
        with self._lock:
            try:
                answer = self._ask(request)
            except (OSError, ValueError):
                self.stop()
                return None
        made = answer.get("text")
        return None if made is None else made.rstrip("\n") + "\n"

    @cache  # noqa: B019 - one worker is kept as long as the process
    def _abbreviations(self) -> list[str]:
        """Return the words whose full stop ends no sentence, which pandoc's command line knows."""
        command = [self._command[0], "--print-default-data-file=abbreviations"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    def _ask(self, request: bytes) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        process = self._process
        limit = threading.Timer(PATIENCE, process.kill)
        limit.start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(b"%d\n%b" % (len(request), request))
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.read(int(process.stdout.readline())))
            return answer
        finally:
            limit.cancel()

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in filter(None, (process.stdin, process.stdout)):
                with contextlib.suppress(OSError):
                    pipe.close()
            process.wait()
