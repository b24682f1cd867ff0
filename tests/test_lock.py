"""The locks hold what ``pyproject.toml`` asks for, for every supported system, with hashes and without addresses."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from copies import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEV = PROJECT["optional-dependencies"]["dev"]
SYSTEMS = [
    {
        "sys_platform": system,
        "platform_machine": machine,
        "python_version": version,
        "python_full_version": f"{version}.1",
    }
    for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
    for version in ("3.11", "3.12", "3.13")
]


def locked(name: str) -> list[Requirement]:
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.partition(" --hash")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(
    ("name", "wanted"), [("requirements.lock", PROJECT["dependencies"]), ("requirements-dev.lock", DEV)]
)
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: "-".join(list(system.values())[:3]))
def test_every_range_is_locked_to_one_version_on_every_system(name, wanted, system):
    """Change a range in ``pyproject.toml``, and this fails until ``scripts/lock.sh`` has run."""
    here = {}
    for pin in locked(name):
        if pin.marker is None or pin.marker.evaluate(system):
            here.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier).removeprefix("=="))
    for requirement in map(Requirement, wanted):
        if requirement.marker is None or requirement.marker.evaluate(system):
            (version,) = here[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version, prereleases=True), requirement


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_each_pin_has_hashes_and_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    assert text.count("==") <= len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text))
