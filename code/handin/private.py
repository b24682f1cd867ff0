"""Finds what must not leave the author's machine: absolute paths, account and host names, addresses, keys and tokens.

The rules are patterns, so they can neither find everything nor be always right. Each one asks for the shape in which
such a thing really turns up (a GitHub token has its prefix and length), so that the outputs of a normal notebook stay
clean. A key or token that is found is never quoted in full: a report of findings must not publish it a second time.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import getpass
import html
import io
import platform
import re
import socket
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from handin.findings import Severity, shortened

Where = Literal["output", "source", "metadata"]


@dataclass(frozen=True)
class Leak:
    """Something private in a text."""

    severity: Severity
    what: str
    shown: str
    mend: str

    @property
    def message(self) -> str:
        """The sentence for a finding."""
        return f"It holds {self.what}: {self.shown}"


@dataclass(frozen=True)
class _Rule:
    """A pattern, and lower-case words of which a text that matches has at least one; they save most of the work."""

    what: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    mend: str
    secret: bool = False
    severity: Severity = "error"
    where: frozenset[Where] = frozenset({"output", "source", "metadata"})


_REVOKE = "Take it out, and revoke it where it was issued."
_RELATIVE = "Print paths relative to the project, and run again."
_NAMELESS = "Take it out, and run again."

_BEFORE = r"(?<![\w.:/~%&?=#@+-])"
_BEFORE_HOME = r"(?<![\w./~%&?#@+-])"
"""A home is searched for in lists of folders and behind ``=`` as well: nothing else looks like it."""

_NO_ADDRESS = r"(?<!href=['\"])(?<!src=['\"])(?<!GET )(?<!POST )"
"""What stands in front of the path of a page on its own server."""

_OUTPUT = frozenset({"output", "metadata"})

_ROOTS = (
    "tmp var private usr opt mnt media srv work workspace workspaces content kaggle scratch nix build builds app "
    "volumes library applications repo repos project projects code site-packages"
).split()
_DISKS = (
    "data datasets gpfs lustre beegfs nfs afs ceph storage vol ssd hdd disk raid scratch cluster "
    "users staff student students nobackup export u home work"
).split()
"""Roots of big machines; what follows them is a path from three names on."""
_ENDINGS = (
    "py pyc ipynb qmd so dll dylib json yml yaml toml csv npz npy keras h5 pkl pdf png svg log txt md gz zip".split()
)
_FILE_ENDING = rf"\.(?:{'|'.join(_ENDINGS)})\b"

_TEX = (
    r"(?:(?i:alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi"
    r"|varphi|chi|psi|omega)|math[a-z]+|text[a-z]*|frac|sum|prod|int|to|in|mapsto|left|right|big[a-z]*|cdot|times|hat|bar"
    r"|vec|tilde|bf|rm|partial|nabla|infty|ell|sqrt|operatorname|begin|end|quad|subset|leq?|geq?)(?![A-Za-z])"
)
"""Commands that follow a backslash in a formula; ``f:\\\\alpha`` is no drive."""
_NAMES = (
    rf"(?!{_TEX}|x[0-9a-f]{{2}}|u[0-9a-f]{{4}})(?:(?![nrt])|(?=temp|tmp|thesis|repos|notes|notebooks|research|train))"
    r"[\w.+@-]+"
)
"""The first folder on a drive; ``Q:\\\\nA`` is the end of a line in a quoted text."""

_PATHS = (
    _Rule(
        "an absolute path with an account's name",
        ("/home", "/users/", "/root/", "users\\", ":/users", "settings\\", ":/documents"),
        re.compile(
            _BEFORE_HOME
            + r"(?:/(?:homes?|Users|export/homes?|(?:mnt/|cygdrive/)?[a-z]/Users)/[^\s/'\"<>:;,()\[\]{}$*]+|/root(?=/))"
            r"[^\s'\"<>:;,()]*"
            r"|(?<![A-Za-z])[A-Za-z]:(?:\\{1,4}|/)(?:Users|Documents and Settings)(?:\\{1,4}|/)[^\s'\"<>:;,()]+"
        ),
        _RELATIVE,
    ),
    _Rule(
        "an absolute path",
        tuple(f"/{root}/" for root in _ROOTS),
        re.compile(_BEFORE + rf"/(?!usr/bin/env\b)(?i:{'|'.join(_ROOTS)})/[\w.+@-]*[\w+@-][^\s'\"<>:;,()]*"),
        _RELATIVE,
        where=_OUTPUT,
    ),
    _Rule(
        "an absolute path",
        tuple(f"/{disk}" for disk in _DISKS),
        re.compile(
            _NO_ADDRESS + _BEFORE + rf"/(?:{'|'.join(_DISKS)})\d*/[A-Za-z][\w.+@-]+/[\w.+@-]*[\w+@-][^\s'\"<>:;,()]*"
        ),
        _RELATIVE,
        where=_OUTPUT,
    ),
    _Rule(
        "a home folder",
        ("/root", "~"),
        re.compile(
            r"(?:^|(?<=[\s'\"=]))/root(?=[\s'\",;)]|$)|(?:^|(?<=[\s'\"=:(,\[]))~(?!uniform|normal|half)[a-z][a-z0-9_-]{2,31}/[\w.][\w./+@-]*",
            re.MULTILINE,
        ),
        _RELATIVE,
        where=_OUTPUT,
    ),
    # A file that is named by its whole path; a bare /x/y may be a fraction, or a device of TensorFlow.
    _Rule(
        "an absolute path",
        tuple(f".{ending}" for ending in _ENDINGS),
        re.compile(rf"{_BEFORE}(?:/[\w.+@-]+){{2,}}{_FILE_ENDING}"),
        _RELATIVE,
        where=_OUTPUT,
    ),
    _Rule(
        "an absolute path",
        (":\\", "\\\\"),
        re.compile(
            rf"(?<![A-Za-z])[A-Z]:(?:\\{{1,4}}[\w.() +@-]+)+{_FILE_ENDING}"
            rf"|(?<![A-Za-z])[A-Z]:\\{{1,4}}{_NAMES}(?:\\{{1,4}}(?!{_TEX})[\w.+@-]+)+"
            r"|(?<![A-Za-z])[A-Z]:\\{1,4}(?:Windows|Program Files|ProgramData|Temp|Python\d*)\b[^\s'\"<>:;,()]*"
            r"|(?<![\\\w])\\\\[A-Za-z][\w-]+\\[A-Za-z][\w$-]+(?:\\[\w.-]+){0,20}\\[\w.-]+\.\w{2,5}\b"
        ),
        _RELATIVE,
        where=_OUTPUT,
    ),
    _Rule("a link to a file on this machine", ("file:/",), re.compile(r"\bfile:///?[^\s'\"<>()]+"), _RELATIVE),
)

_TOP_LEVEL = (
    "com|org|net|edu|gov|mil|int|info|io|ai|dev|me|co|app|cloud|email|eu|uk|ie|de|fr|nl|be|lu|ch|it|es|pt|gr|se|no|dk|fi|is"
    "|pl|cz|sk|hu|ro|bg|ua|ru|tr|il|ae|sa|ir|in|pk|bd|lk|cn|hk|tw|jp|kr|sg|my|th|vn|id|ph|au|nz|ca|us|mx|br|ar|cl|za|ng|ke|eg"
)

_EMAIL = _Rule(
    "an e-mail address",
    ("@",),
    re.compile(
        rf"(?<![\w.+@/-])(?!(?:git|you|users?|name|no-?reply|support|info|contact|help|hello|team)@)[A-Za-z0-9][\w.+-]*[\w+-]@"
        rf"(?!example\.|test\.|localhost)(?:[a-z0-9][a-z0-9-]+\.)+(?:{_TOP_LEVEL})\b(?![\w(]|\.\w)",
        re.IGNORECASE,
    ),
    _NAMELESS,
)

_COMPUTERS = "macbook|imac|mac-?mini|laptop|desktop|thinkpad|workstation|raspberrypi"
_LOCAL = "local|lan|internal|corp|home|intranet|localdomain"
_VARIABLES = "(?:USER|(?i:USERNAME|LOGNAME|HOSTNAME|COMPUTERNAME|SUDO_USER|JUPYTERHUB_USER))"
_NO_NAME = r"(?!['\"]|(?i:none|null)\b|\$|\{|<|(?:os|socket|platform)\.|str\b|getpass)[A-Za-z0-9]"

_ADDRESSES = tuple(f"ip-{digit}" for digit in range(10))

_ACCOUNTS = (
    _EMAIL,
    _Rule(
        "an account's and a host's name",
        ("@",),
        re.compile(
            r"(?<![\w@])[a-z_][a-z0-9_-]{0,31}@[A-Za-z0-9][\w-]*(?:\.[\w-]+)*:[~/][^\s]*[#$](?=\s|$)", re.MULTILINE
        ),
        _NAMELESS,
    ),
    _Rule(
        "an account's and a host's name",
        ("@",),
        re.compile(
            r"(?<![\w.@/+-])(?!(?:git|user|you|name)@)[a-z_][a-z0-9_-]{2,31}@(?!localhost)"
            rf"(?:[A-Za-z0-9-]{{0,40}}(?i:{_COMPUTERS})|[A-Za-z0-9-]{{2,40}}(?:host|server|node|gpu|box|pc)"
            r"|(?:gpu|node|login|host|server|lab|pc)(?:-\d|\d\d))[A-Za-z0-9-]{0,40}(?![\w(\[]|\.\w)"
        ),
        _NAMELESS,
        where=_OUTPUT,
    ),
    _Rule(
        "a public key, which names its owner",
        ("ssh-", "ecdsa-"),
        re.compile(r"(?<![\w-])(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\w+)[ \t]+AAAA[A-Za-z0-9+/]{20,}={0,3}"),
        _NAMELESS,
    ),
    _Rule(
        "an account's or a host's name",
        ("user", "logname", "hostname", "computername", "uid=", "linux ", "darwin ", "node", "logged in", "rw", "r-"),
        re.compile(
            rf"\b{_VARIABLES}['\"]?\s*=\s*['\"]?{_NO_NAME}[\w.-]+"
            rf"|['\"]{_VARIABLES}['\"]\s*:\s*['\"]{_NO_NAME}[\w.-]+"
            r"|\b(?i:(?:user|log|host|computer)name)[ \t]*:[ \t]*"
            rf"(?!(?i:str|string|text|required|optional|unknown|anonymous|name)\b){_NO_NAME}[\w.-]+(?=[ \t]*$)"
            r"|\buid=\d+\(\w[\w-]*\)"
            r"|\bLinux (?!kernel\b)\S+ \d+\.\d+\.\d+\S* #\d"
            r"|\b[Ll]ogged in as:? \w[\w.@-]+"
            r"|\bDarwin \S+ \d+\.\d+\.\d+ Darwin"
            r"|\b(?:uname_result\([^()\n]{0,200}\bnode|nodename)=['\"][\w.-]+['\"]"
            r"|^[-dl](?:[r-][w-][xsStT-]){3}[.+@]?\s+\d+\s+(?!root\b)\w[\w.-]*\s+\w[\w.-]*\s+\d+",
            re.MULTILINE,
        ),
        _NAMELESS,
        where=_OUTPUT,
    ),
    _Rule(
        "a host's name",
        (
            *".local .lan .internal .corp .home .intranet .edu .ac.uk desktop- laptop- macbook imac s-mac".split(),
            *"s-laptop s-pc s-thinkpad".split(),
            *_ADDRESSES,
        ),
        re.compile(
            rf"(?<![\w./@-])(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+(?:\.[a-z0-9-]+){{1,3}}\.(?:{_LOCAL})"
            rf"|(?=[A-Za-z0-9-]*(?i:{_COMPUTERS}|server|host|(?:node|gpu|lab)-?\d|-pc[-.]|\bpc-))"
            rf"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+\.(?:{_LOCAL})"
            rf"|[A-Z][a-z]+s-[A-Z][A-Za-z0-9-]*\.(?:{_LOCAL})"
            r"|[A-Z][a-z]+s-(?:MacBook|iMac|Mac|Laptop|PC|ThinkPad)(?:-[A-Za-z0-9]+)*"
            r"|MacBook-(?:Pro|Air)-(?:of|von|de|di|van)-[A-Z]\w+"
            r"|[a-z][a-z-]*\d+\.(?:[a-z0-9-]+\.)+(?:ac\.uk|edu)"
            r"|(?:[A-Za-z0-9-]+\.)+compute\.internal|(?:DESKTOP|LAPTOP)-[A-Z0-9]{5,8}|ip-\d+-\d+-\d+-\d+)(?![\w-])"
        ),
        _NAMELESS,
        where=_OUTPUT,
    ),
    _Rule(
        "the address of a machine in a local network",
        ("10.", "192.168.", "172."),
        re.compile(r"(?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?![\w.]*\d)"),
        _NAMELESS,
        severity="warning",
        where=_OUTPUT,
    ),
)


def _secret(what: str, words: str, pattern: str, where: frozenset[Where] = _OUTPUT | {"source"}) -> _Rule:
    return _Rule(what, tuple(words.split()), re.compile(pattern), _REVOKE, secret=True, where=where)


_PASSWORD = r"(?!\S{0,40}pass|[/~.$<])(?=[^\s'\"]{0,40}\d)(?=[^\s'\"]{0,40}[A-Za-z])[^\s'\"(){}\[\],;<>]{6,40}"
"""Something with a letter and a digit, that is no path and no other name of a password."""


_SECRETS = (
    _secret("a private key", "-----begin", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    _secret(
        "an AWS access key",
        "akia asia abia acca",
        r"(?<![A-Za-z0-9])(?:AKIA|(?:ASIA|ABIA|ACCA)(?=[A-Z]*\d))[A-Z2-7][A-Z0-9]{15}(?![A-Za-z0-9])",
    ),
    _secret(
        "an AWS secret key",
        "aws",
        r"(?i)aws_?secret(?:_?(?:access_?)?key)?['\"]?\s*[=:]\s*['\"]?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    ),
    _secret(
        "a GitHub token",
        "gh github_pat_",
        r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})",
    ),
    _secret("a GitLab token", "glpat- gldt- glrt- glcbt-", r"(?<![A-Za-z0-9])gl(?:pat|dt|rt|cbt)-[A-Za-z0-9_-]{20,}"),
    _secret(
        "an API key",
        "sk-",
        r"(?<![A-Za-z0-9_-])sk-(?:(?:[a-z0-9]+-){0,3}[0-9a-f]{32,}"
        r"|(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\w{12})[A-Za-z0-9_-]{20,})",
    ),
    _secret(
        "an API key",
        "gsk_ r8_ _v1_",
        r"(?<![A-Za-z0-9_])(?:(?:gsk|r8)_[A-Za-z0-9]{30,}|do[opr]_v1_[0-9a-f]{40,})",
    ),
    _secret("a Hugging Face token", "hf_", r"(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{30,}"),
    _secret("a Slack token", "xox", r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _secret(
        "a Google key",
        "aiza gocspx- ya29.",
        r"(?<![A-Za-z0-9_-])(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{20,})",
    ),
    _secret("a payment key", "k_live_ k_test_", r"(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{20,}"),
    _secret(
        "a package registry's token",
        "pypi-age npm_",
        r"(?<![A-Za-z0-9])(?:pypi-AgE[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{36})",
    ),
    _secret(
        "a signed token (JWT)",
        "eyj",
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    ),
    _secret("a bearer token", "bearer", r"(?i)\bbearer\s+(?=[^\s'\"]*\d)[A-Za-z0-9._~+/-]{20,}=*"),
    _secret("a password", "basic", r"(?i)\bauthorization['\"]?\s*[=:]\s*['\"]?basic\s+[A-Za-z0-9+/]{8,}={0,2}"),
    _secret(
        "a password in an address", "://", r"\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@'\"<>{}]+:[^\s/@'\"<>{}]{3,}@[\w.-]+"
    ),
    _secret("a storage account's key", "accountkey=", r"(?i)\bAccountKey=[A-Za-z0-9+/]{60,}={0,2}"),
    _secret("a mail service's key", "sg.", r"(?<![A-Za-z0-9_.-])SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    _secret("the token of a chat program", ":aa", r"(?<![A-Za-z0-9:])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    _secret(
        "the token of a chat program",
        "m n o",
        r"(?<![A-Za-z0-9_.-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{25,40}(?![A-Za-z0-9_.-])",
    ),
    _secret("the token of a notebook server", "token=", r"[?&]token=[0-9a-f]{32,}"),
    _secret(
        "what looks like a key or a password",
        "key token secret passw pwd",
        r"(?i)\b(?:[a-z]+_)*(?:api_?key|access_?token|auth_?token|secret_?key|client_?secret|password|passwd|pwd)['\"]?"
        r"\s*[=:]\s*['\"]?(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w(.\[])",
    ),
    _secret(
        "what looks like a password",
        "passw passphrase",
        rf"(?i)\bpass(?:word|wd|phrase)['\"]?[ \t]*[=:][ \t]*['\"]{_PASSWORD}",
    ),
    _secret(
        "what looks like a password",
        "passw passphrase",
        rf"(?i)\bpass(?:word|wd|phrase)['\"]?(?:[ \t]*:[ \t]*|=){_PASSWORD}(?![\w(.\[])",
        where=_OUTPUT,
    ),
    _secret(
        "what looks like a key",
        "key token",
        r"(?i)\b(?:wandb|kaggle|openai|anthropic|comet|neptune)(?:_\w+)*_?(?:key|token)['\"]?\s*[=:]\s*['\"]?[A-Za-z0-9_-]{20,}"
        r"|['\"]key['\"]\s*:\s*['\"][0-9a-f]{32}['\"]",
    ),
)

_ORDINARY_NAMES = frozenset(
    """
    root user users admin administrator runner runneradmin ubuntu debian fedora centos student students
    jovyan vscode nobody node home test tester guest default docker container codespace coder gitpod build
    builder jenkins python jupyter data model models keras tensor train local localhost host server work
    worker main master author public system daemon pi azureuser ec2-user colab kaggle mark will april june
    august rose grace hope faith dean max may sigma delta adam
    """.split()
)


@cache
def this_machine() -> tuple[str, ...]:
    """Name the account and the host that run the check, where they are rare enough to be searched for."""
    names = {socket.gethostname(), socket.gethostname().split(".")[0], platform.node(), Path.home().name}
    with contextlib.suppress(KeyError, OSError):  # an account without a name, as in some containers
        names.add(getpass.getuser())
    return tuple(sorted(name for name in names if len(name) >= 5 and name.casefold() not in _ORDINARY_NAMES))


def machine_names_in(text: str, *, known: str | None = None) -> list[Leak]:
    """Find the names of this account and host in a text, but for the `known` one: an account may be a student id."""
    names = [name for name in this_machine() if name != known and name in text]
    if not names:
        return []
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    found = dict.fromkeys(match.group() for match in pattern.finditer(text))
    return [Leak("error", "the name of this account or host", shortened(name, 30), _NAMELESS) for name in found]


_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def leaks(text: str, where: Where = "output") -> list[Leak]:
    """Find private things in a text.

    Parameters
    ----------
    text
        What a reader of the file could read.
    where
        ``output`` and ``metadata`` are searched for everything. In a ``source`` a path such as ``/usr/bin/env`` may
        stand, and a variable may be called USER.

    Returns
    -------
    list of Leak
        One for each rule and each different thing that it finds, the first five of each rule.
    """
    found: list[Leak] = []
    text = _ANSI.sub("", text)  # a terminal's colours may stand in the middle of a path
    lower = text.lower()
    covered = bytearray(len(text))
    for rule in (*_PATHS, *_ACCOUNTS, *_SECRETS):
        if where not in rule.where or not any(word in lower for word in rule.words):
            continue
        shown: dict[str, None] = {}
        for match in rule.pattern.finditer(text):
            start, end = match.span()
            if covered[start]:
                continue
            covered[start:end] = b"\1" * (end - start)
            shown[_masked(match.group()) if rule.secret else shortened(match.group(), 50)] = None
        # The address of somebody else's tutorial may stand in code that is taken from it.
        severity = "warning" if where == "source" and rule is _EMAIL else rule.severity
        found += [Leak(severity, rule.what, piece, rule.mend) for piece in list(shown)[:5]]
    return found


def _masked(secret: str) -> str:
    """Show enough of a secret to find it again, and no more."""
    head = shortened(secret, 400)
    visible = min(12, max(4, len(head) // 4))
    return head[:visible] + "…"


_PRIVATE_KEYS = re.compile(
    r"(?:user|username|user_?name|user_?id|displayname|display_?name_of_user|login|owner|hostname|host_?name|host|machine|node"
    r"|nodename|computer|computername|server|server_?root|cwd|home)",
    re.IGNORECASE,
)


LONGEST_KEY = 12
"""Longer keys of metadata may themselves be something private."""


def metadata_texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk through metadata and yield each text, a long key too, with the path of its keys (``kernelspec.name``)."""
    if isinstance(value, dict):
        for key, item in value.items():
            name = str(key)
            if len(name) > LONGEST_KEY:
                yield f"{path}, a key".removeprefix(", "), name
                name = name[:6] + "…"  # the place of a finding must not publish a secret
            yield from metadata_texts(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from metadata_texts(item, f"{path}[{index}]")
    elif isinstance(value, str) and value.strip():
        yield path, value


def metadata_leaks(value: object) -> list[tuple[str, Leak]]:
    """Find private things in metadata: by its texts, and by keys that name an account or a machine."""
    found: list[tuple[str, Leak]] = []
    for path, text in metadata_texts(value):
        found += [(path, leak) for leak in leaks(text, "metadata")]
        last = path.rsplit(".", 1)[-1]
        if _PRIVATE_KEYS.fullmatch(last) and not path.startswith(("kernelspec.", "language_info.")):
            leak = Leak("error", f"the name of an account or a machine ({last})", shortened(text, 30), _NAMELESS)
            found.append((path, leak))
    return found


# Images --------------------------------------------------------------------------------------------------------------

_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_TEXT = 4_000_000
_GPS_TAG = 0x8825
_EXIF_TAG = 0x8769
_WIDE = range(0x9C9B, 0x9CA0)
"""The fields that Windows writes, two bytes a character."""
_EXIF_TEXTS = {
    0x010E: "description",
    0x0131: "software",
    0x013B: "artist",
    0x013C: "host computer",
    0x8298: "copyright",
    0x9286: "comment",
    0x9C9D: "author",
    0xA430: "camera owner",
    0xA431: "camera serial number",
}


def image_texts(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts that an image carries besides its pixels, each with the name of its field.

    PNG text chunks (plain, compressed, international), EXIF and XMP of PNG, JPEG, WebP and TIFF, the comments of JPEG
    and GIF, colour profiles, what can be read in every other chunk or segment that holds no pixels, and all of an SVG.
    The image is not decoded.
    """
    if content.startswith(_PNG):
        yield from _png_texts(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        yield from _webp_texts(content)
    elif content.lstrip()[:1] == b"<" or b"<svg" in content[:1000]:
        yield "SVG", content[:_LARGEST_TEXT].decode("utf-8", "replace")
        return
    yield from _pillow_texts(content)


def _png_texts(content: bytes) -> Iterator[tuple[str, str]]:
    position = len(_PNG)
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">L4s", content, position)
        body = content[position + 8 : position + 8 + length]
        position += 12 + length
        key, _, rest = body.partition(b"\0")
        name = key.decode("latin-1", "replace")[:79]
        if kind == b"IEND":
            break
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            yield "a key", name
        elif kind not in _PNG_PIXELS:
            yield f"chunk {kind.decode('latin-1')}", _readable(body)
        if kind == b"tEXt":
            yield name, rest.decode("latin-1")
        elif kind == b"zTXt":
            yield name, _inflated(rest[1:]).decode("latin-1")
        elif kind == b"iTXt" and len(rest) > 2:
            _, _, text = rest[2:].partition(b"\0")
            _, _, text = text.partition(b"\0")
            yield name, (_inflated(text) if rest[0] else text).decode("utf-8", "replace")
    # Whatever a program appends behind the image travels with it.
    if position < len(content):
        yield "behind the image", content[position : position + _LARGEST_TEXT].decode("latin-1")


_PNG_PIXELS = frozenset({b"IDAT", b"fdAT", b"PLTE", b"tRNS"})
_WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANMF", b"EXIF", b"XMP ", b"ICCP"})
_WORDS = re.compile(rb"[\x20-\x7e]{6,}")
_PATH_BEGINS = re.compile(r"(?<=\w)(?=/(?:homes?|Users|root|tmp|var)/|[A-Z]:\\)")


def _readable(content: bytes) -> str:
    """Return what can be read in a piece of a file, one byte a character or two."""
    content = content[:_LARGEST_TEXT]
    found = dict.fromkeys([*_WORDS.findall(content), *_WORDS.findall(content.replace(b"\0", b""))])
    words = [word.decode("ascii") for word in found]
    # A length or a program's name may stand directly in front of a path.
    return "\n".join(word if "://" in word else _PATH_BEGINS.sub("\n", word) for word in words)


def _webp_texts(content: bytes) -> Iterator[tuple[str, str]]:
    position = 12
    while position + 8 <= len(content):
        kind, length = struct.unpack_from("<4sL", content, position)
        if kind not in _WEBP_PIXELS:
            yield f"chunk {kind.decode('latin-1')}", _readable(content[position + 8 : position + 8 + length])
        position += 8 + length + length % 2


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, _LARGEST_TEXT)
    except zlib.error:
        return b""


def _pillow_texts(content: bytes) -> Iterator[tuple[str, str]]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            for name in ("comment", "xmp", "XML:com.adobe.xmp"):
                value = image.info.get(name)
                if value:
                    yield name, value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            yield "colour profile", _readable(image.info.get("icc_profile") or b"")
            for name, value in getattr(image, "applist", ()):  # the segments of a JPEG
                yield f"segment {name}", _readable(value)
            if image.format == "JPEG":
                yield "behind the image", _readable(content[content.rfind(b"\xff\xd9") + 2 :])
            exif = image.getexif()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, struct.error, RuntimeError):
        return
    for tag, value in (*exif.items(), *exif.get_ifd(_EXIF_TAG).items()):
        if isinstance(value, bytes):
            value = value.decode("utf-16-le" if tag in _WIDE else "utf-8", "replace").replace("\0", " ")
        if isinstance(value, str) and value.strip("\0 "):
            yield f"EXIF {_EXIF_TEXTS.get(tag, f'field {tag}')}", value.strip("\0 ")
    if exif.get_ifd(_GPS_TAG):
        yield "EXIF GPS", "the place where the picture was taken"


_DATA_URI = re.compile(r"data:[\w.+/-]*(?:;[\w.+=-]+)*;base64,([A-Za-z0-9+/=\s]+)")
_SVG_CREATOR = re.compile(r"<dc:(?:creator|publisher|rights)>\s*<cc:Agent[^>]*>\s*<dc:title>([^<]*)</dc:title>")
_DRAWING_PROGRAMS = re.compile(
    r"matplotlib|inkscape|plotly|bokeh|vega|altair|graphviz|typst|draw\.io|https?://", re.IGNORECASE
)


def markup_leaks(text: str, where: Where = "output") -> list[tuple[str, Leak]]:
    """Find private things in SVG, HTML or Markdown, and in the files that it holds as ``data:`` addresses."""
    shown = _DATA_URI.sub(" ", text)
    read = unquote(html.unescape(shown)) if "&#" in shown or "%2" in shown else shown  # as a browser reads it
    found = [
        ("", leak) for leak in dict.fromkeys([*leaks(shown, where), *(leaks(read, where) if read != shown else ())])
    ]
    for creator in _SVG_CREATOR.findall(text):
        if creator.strip() and not _DRAWING_PROGRAMS.search(creator):
            found.append(("creator", Leak("error", "a name", shortened(creator, 30), "Remove the image's metadata.")))
    for data in _DATA_URI.findall(text):
        if content := decoded(data):
            found += [(f"embedded file, {field}".rstrip(", "), leak) for field, leak in file_leaks(content)]
    return found


def image_leaks(content: bytes) -> list[tuple[str, Leak]]:
    """Find private things in what an image carries besides its pixels."""
    found: list[tuple[str, Leak]] = []
    for field, text in image_texts(content):
        if field == "SVG":
            found += markup_leaks(text)
            continue
        if field == "EXIF GPS":
            found.append(
                (field, Leak("error", "the place where the picture was taken", "GPS", "Remove the EXIF data."))
            )
        elif field.casefold() in {"author", "exif artist", "exif author", "exif camera owner", "exif host computer"}:
            found.append((field, Leak("error", "a name", shortened(text, 30), "Remove the image's metadata.")))
        found += [(field, leak) for leak in leaks(text, "metadata")]
    return found


def file_leaks(content: bytes) -> list[tuple[str, Leak]]:
    """Find private things in a file of whatever kind that a notebook holds: what an image carries, and all its text."""
    found = image_leaks(content)
    return list(dict.fromkeys([*found, *(("", leak) for leak in leaks(content[:_LARGEST_TEXT].decode("latin-1")))]))


def decoded(data: str) -> bytes | None:
    """Decode Base64 with line breaks, as notebooks hold images; None if it is none."""
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
