"""What a check finds: where, what is wrong, and how to fix it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from handin.errors import WorkError

Severity = Literal["error", "warning"]

Said = tuple[Severity, str, str, str]  # all of a finding but its file: severity, place, message and fix
MOST_ALIKE = 5  # more findings that say the same than this are counted, not listed


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a submission; what is wrong and what to do are a sentence each."""

    severity: Severity  # an error keeps the submission from being handed in, a warning does not
    file: str  # its name, without folders
    place: str  # page 3, cell 7 (fig-loss), an entry of the zip; empty for the whole file
    message: str
    fix: str

    @property
    def is_error(self) -> bool:
        """Whether the submission must not be handed in like this."""
        return self.severity == "error"

    def __str__(self) -> str:
        where = f"{self.file}, {self.place}" if self.place else self.file
        return f"{self.severity}: {where}: {self.message} → {self.fix}"


def of_file(file: str, said: Iterable[Said]) -> Iterator[Finding]:
    """Turn what is said of one file into findings."""
    for severity, place, message, fix in said:
        yield Finding(severity, file, place, message, fix)


class Refused(WorkError):
    """A submission was made and must not leave; its findings say why."""

    def __init__(self, findings: Iterable[Finding]):
        self.findings = list(findings)
        count = len(errors(self.findings))
        what = "1 finding keeps" if count == 1 else f"{count} findings keep"
        super().__init__(f"{what} the submission from being packed; fix what is said above, and build it again.")


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Select the findings that keep a submission from being handed in."""
    return [finding for finding in findings if finding.is_error]


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Put errors first and drop repetitions; otherwise the order stays that of reading."""
    return sorted(dict.fromkeys(findings), key=lambda finding: not finding.is_error)


def counted(findings: Iterable[Finding]) -> list[Finding]:
    """Keep of many findings that say the same of one file the first, and a few of those that differ in a quotation."""
    findings = list(dict.fromkeys(findings))
    alike = Counter((finding.file, finding.message) for finding in findings)
    kept = []
    for finding in findings:
        number = alike[finding.file, finding.message]
        if number > MOST_ALIKE:
            alike[finding.file, finding.message] = 0  # the others are not said
            finding = replace(finding, message=f"{number:,} times, of which this is the first: {finding.message}")
        if number:
            kept.append(finding)
    numbers, said = Counter(map(_kind, kept)), Counter[tuple[str, str, str]]()
    few = []
    for finding in kept:
        kind = _kind(finding)
        said[kind] = number = said[kind] + 1
        more = numbers[kind] - MOST_ALIKE
        if number == MOST_ALIKE and more > 0:
            finding = replace(finding, message=f"{finding.message} (and {more:,} more like it)")
        if number <= MOST_ALIKE:
            few.append(finding)
    return few


def _kind(finding: Finding) -> tuple[str, str, str]:
    """What a finding says, without what it quotes and counts."""
    return finding.file, finding.severity, re.sub(r"\d+", "", finding.message.partition(": ")[0])
