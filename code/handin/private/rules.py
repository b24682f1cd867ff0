"""The patterns of what is private: absolute paths, account and host names, addresses, keys and tokens.

Patterns can neither find everything nor be always right. Each one asks for the shape in which such a thing really turns
up (a GitHub token has its prefix and length), so that the outputs of a normal notebook stay clean.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from handin.findings import Severity


class Rule(NamedTuple):
    """A pattern, and lower-case words of which a text that matches has at least one; they save most of the work."""

    fix: str
    what: str
    words: str
    pattern: str
    severity: Severity = "error"
    in_source: Severity | None = "error"  # None for what may stand in a cell's source


REVOKE = "Take it out, and revoke it where it was issued."
NAMELESS = "Take it out, and run again."
_path = partial(Rule, "Print paths relative to the project, and run again.")
_printed_path = partial(_path, "an absolute path", in_source=None)
_name = partial(Rule, NAMELESS)
_printed_name = partial(_name, in_source=None)
_secret = partial(Rule, REVOKE)

_BEFORE = r"(?<![\w.:/~%&?=#@+-])"
_BEFORE_HOME = r"(?<![\w./~%&?#@+-])"
"""A home is searched for in lists of folders and behind ``=`` as well: nothing else looks like it."""

_NO_ADDRESS = r"(?<!href=['\"])(?<!src=['\"])(?<!GET )(?<!POST )"
"""What stands in front of the path of a page on its own server."""

_ROOTS = (
    "tmp var private usr opt mnt media srv work workspace workspaces scratch nix build builds app "
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

_ACCOUNTS_OF_ALL = (
    r"(?i:jovyan|user|username|you|your-?_?name|public|runner|vscode|coder|codespace|ubuntu|ec2-user|azureuser|student)"
    r"(?![\w@-]|\.\w)"
)
_ANYBODY = rf"(?!{_ACCOUNTS_OF_ALL})"
"""Homes that name nobody."""

_NOBODYS = (
    r"(?!/(?:(?:content|kaggle|usr/bin/env|opt/conda|usr/(?:local/)?lib/python[\d.]+/(?:dist|site)-packages)\b"
    rf"|tmp/ipykernel_\d|var/folders/[^\s'\"]{{1,80}}/ipykernel_\d|(?:home|Users)/{_ACCOUNTS_OF_ALL}))"
)
"""Places that are the same on every machine of Colab's, Kaggle's or JupyterHub's, or Jupyter's own for each run."""

_REST = r"[^\s'\"<>:;,()]"  # what the rest of a path is made of
_IN_A_HOME = (
    "an absolute path with an account's name",
    r"/home /users/ users\ :/users settings\ :/documents",
    rf"(?:{_BEFORE_HOME}/(?:homes?|Users|export/homes?|(?:mnt/|cygdrive/)?[a-z]/Users)/"
    rf"{_ANYBODY}[^\s/'\"<>:;,()\[\]{{}}$*]+{_REST}*"
    rf"|(?<![A-Za-z])[A-Za-z]:(?:\\{{1,4}}|/)(?:Users|Documents and Settings)(?:\\{{1,4}}|/){_ANYBODY}{_REST}+)",
)
_PATHS = (
    Rule(
        "A warning printed it: cure what it warns of, or silence it (warnings.filterwarnings), and run again.",
        *_IN_A_HOME[:2],
        rf"{_IN_A_HOME[2]}(?=:\d+: \w*Warning\b)",
    ),
    _path(*_IN_A_HOME),
    _printed_path(
        " ".join(f"/{root}/" for root in _ROOTS),
        rf"{_BEFORE}{_NOBODYS}/(?i:{'|'.join(_ROOTS)})/[\w.+@-]*[\w+@-]{_REST}*",
    ),
    _printed_path(
        " ".join(f"/{disk}" for disk in _DISKS),
        rf"{_NO_ADDRESS}{_BEFORE}{_NOBODYS}/(?:{'|'.join(_DISKS)})\d*/[A-Za-z][\w.+@-]+/[\w.+@-]*[\w+@-]{_REST}*",
    ),
    _path(
        "a home folder",
        "/root ~",
        rf"(?:^|(?<=[\s'\"=]))/root(?=[\s'\",;)]|$)|{_BEFORE_HOME}/root/{_REST}*"
        r"|(?:^|(?<=[\s'\"=:(,\[]))~(?!uniform|normal|half)[a-z][a-z0-9_-]{2,31}/[\w.][\w./+@-]*",
        in_source=None,
    ),
    # A file that is named by its whole path; a bare /x/y may be a fraction, or a device of TensorFlow.
    _printed_path(
        " ".join(f".{ending}" for ending in _ENDINGS), rf"{_BEFORE}{_NOBODYS}(?:/[\w.+@-]+){{2,}}{_FILE_ENDING}"
    ),
    _printed_path(
        r":\ \\",
        rf"(?<![A-Za-z])[A-Z]:(?:\\{{1,4}}[\w.() +@-]+)+{_FILE_ENDING}"
        rf"|(?<![A-Za-z])[A-Z]:\\{{1,4}}{_NAMES}(?:\\{{1,4}}(?!{_TEX})[\w.+@-]+)+"
        rf"|(?<![A-Za-z])[A-Z]:\\{{1,4}}(?:Windows|Program Files|ProgramData|Temp|Python\d*)\b{_REST}*"
        r"|(?<![\\\w])\\\\[A-Za-z][\w-]+\\[A-Za-z][\w$-]+(?:\\[\w.-]+){0,20}\\[\w.-]+\.\w{2,5}\b",
    ),
    Rule(
        "Take it out, and run again; where a browser printed it, untick 'Headers and footers' in its print dialogue.",
        "a link to a file on this machine",
        "file:/",
        r"\bfile:///?[^\s'\"<>()]+",
    ),
)

_TOP_LEVEL = (
    "com|org|net|edu|gov|mil|int|info|io|ai|dev|me|co|app|cloud|email|eu|uk|ie|de|fr|nl|be|lu|ch|it|es|pt|gr|se|no|dk|fi|is"
    "|pl|cz|sk|hu|ro|bg|ua|ru|tr|il|ae|sa|ir|in|pk|bd|lk|cn|hk|tw|jp|kr|sg|my|th|vn|id|ph|au|nz|ca|us|mx|br|ar|cl|za|ng|ke|eg"
)
_COMPUTERS = "macbook|imac|mac-?mini|laptop|desktop|thinkpad|workstation|raspberrypi"
_LOCAL = "local|lan|internal|corp|home|intranet|localdomain"
_VARIABLES = "(?:USER|(?i:USERNAME|LOGNAME|HOSTNAME|COMPUTERNAME|SUDO_USER|JUPYTERHUB_USER))"
_NO_NAME = r"(?!['\"]|(?i:none|null)\b|\$|\{|<|(?:os|socket|platform)\.|str\b|getpass)[A-Za-z0-9]"

_NUMBERED = "".join(
    rf"(?<!(?i:{word}){gap})" for word in (r"cu\d\d", "cuda", "driver", "version", "section") for gap in ("[ =]", ": ")
)
"""Not behind a word with which a version or a section is numbered."""

_ACCOUNTS = (
    _name(
        "an e-mail address",
        "@",
        r"(?i)(?<![\w.+@/-])(?!(?:git|you|users?|name|no-?reply|support|info|contact|help|hello|team)@)"
        r"[A-Za-z0-9][\w.+-]*[\w+-]@"
        rf"(?!example\.|test\.|localhost)(?:[a-z0-9][a-z0-9-]+\.)+(?:{_TOP_LEVEL})\b(?![\w(]|\.\w)",
        in_source="warning",  # that of somebody else's tutorial may stand in code that is taken from it
    ),
    _name(
        "an account's and a host's name",
        "@",
        r"(?<![\w@])[a-z_][a-z0-9_-]{0,31}@[A-Za-z0-9][\w-]*(?:\.[\w-]+)*:[~/][^\s]*[#$](?=\s|$)",
    ),
    _printed_name(
        "an account's and a host's name",
        "@",
        r"(?<![\w.@/+-])(?!(?:git|user|you|name)@)[a-z_][a-z0-9_-]{2,31}@(?!localhost)"
        rf"(?:[A-Za-z0-9-]{{0,40}}(?i:{_COMPUTERS})|[A-Za-z0-9-]{{2,40}}(?:host|server|node|gpu|box|pc)"
        r"|(?:gpu|node|login|host|server|lab|pc)(?:-\d|\d\d))[A-Za-z0-9-]{0,40}(?![\w(\[]|\.\w)",
    ),
    _name(
        "a public key, which names its owner",
        "ssh- ecdsa-",
        r"(?<![\w-])(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\w+)[ \t]+AAAA[A-Za-z0-9+/]{20,}={0,3}",
    ),
    _printed_name(
        "an account's or a host's name",
        "user logname hostname computername uid= linux darwin node logged rw r-",
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
    ),
    _printed_name(
        "a host's name",
        ".local .lan .internal .corp .home .intranet .edu .ac.uk desktop- laptop- macbook imac s-mac s-laptop s-pc "
        "s-thinkpad " + " ".join(f"ip-{digit}" for digit in range(10)),
        rf"(?<![\w./@-])(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+(?:\.[a-z0-9-]+){{1,3}}\.(?:{_LOCAL})"
        rf"|(?=[A-Za-z0-9-]*(?i:{_COMPUTERS}|server|host|(?:node|gpu|lab)-?\d|-pc[-.]|\bpc-))"
        rf"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+\.(?:{_LOCAL})"
        rf"|[A-Z][a-z]+s-[A-Z][A-Za-z0-9-]*\.(?:{_LOCAL})"
        r"|[A-Z][a-z]+s-(?:MacBook|iMac|Mac|Laptop|PC|ThinkPad)(?:-[A-Za-z0-9]+)*"
        r"|MacBook-(?:Pro|Air)-(?:of|von|de|di|van)-[A-Z]\w+"
        r"|[a-z][a-z-]*\d+\.(?:[a-z0-9-]+\.)+(?:ac\.uk|edu)"
        r"|(?:[A-Za-z0-9-]+\.)+compute\.internal|(?:DESKTOP|LAPTOP)-[A-Z0-9]{5,8}|ip-\d+-\d+-\d+-\d+)(?![\w-])",
    ),
    _printed_name(
        "the address of a machine in a local network",
        "10. 192.168. 172.",
        rf"(?<![\w.])(?<!==)(?<!\w-){_NUMBERED}(?!^[\d.]+[ \t]+[A-Z])"  # nor the number of a heading
        r"(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?![\w.]*\d)",
        severity="warning",
    ),
)

_REAL = (
    r"(?!\S{0,40}(?i:pass|your|example|dummy|x{4}))"
    r"(?!(?<!['\"])(?-i:[a-z]+\d*(?:_(?:[a-z]+\d*|\d+))+)(?![\w-]))"
)
"""No word in place of a secret, and no variable's name."""

_PASSWORD = _REAL + r"(?![/~.$<])(?=[^\s'\"]{0,40}\d)(?=[^\s'\"]{0,40}[A-Za-z])[^\s'\"(){}\[\],;<>]{6,40}"
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
        r"(?i)aws_?secret(?:_?(?:access_?)?key)?['\"]?\]?\s*[=:]\s*['\"]?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    ),
    _secret(
        "a GitHub token",
        "gh github_pat_",
        r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})",
    ),
    _secret("a GitLab token", "glpat- gldt- glrt- glcbt-", r"(?<![A-Za-z0-9])gl(?:pat|dt|rt|cbt)-[A-Za-z0-9_-]{20,}"),
    _secret(
        "an API key",
        "sk- gsk_ r8_ _v1_",
        r"(?<![A-Za-z0-9_-])sk-(?:(?:[a-z0-9]+-){0,3}[0-9a-f]{32,}"
        r"|(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\w{12})[A-Za-z0-9_-]{20,})"
        r"|(?<![A-Za-z0-9_])(?:(?:gsk|r8)_[A-Za-z0-9]{30,}|do[opr]_v1_[0-9a-f]{40,})",
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
    _secret(
        "the token of a chat program",
        ":aa m n o",
        r"(?<![A-Za-z0-9:])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"
        r"|(?<![A-Za-z0-9_.-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{25,40}(?![A-Za-z0-9_.-])",
    ),
    _secret("the token of a notebook server", "token=", r"[?&]token=[0-9a-f]{32,}"),
    _secret(
        "what looks like a key or a password",
        "key token secret passw pwd",
        r"(?i)\b(?:[a-z]+_)*(?:api_?key|access_?token|auth_?token|secret_?key|client_?secret|password|passwd|pwd)['\"]?\]?"
        rf"\s*[=:]\s*['\"]?{_REAL}"
        r"(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w(.\[])",
    ),
    _secret(
        "what looks like a password",
        "passw passphrase",
        rf"(?i)(?<![a-z])pass(?:word|wd|phrase)['\"]?\]?[ \t]*[=:][ \t]*['\"]{_PASSWORD}",
    ),
    _secret(
        "what looks like a password",
        "passw passphrase",
        rf"(?i)\bpass(?:word|wd|phrase)['\"]?(?:[ \t]*:[ \t]*|=){_PASSWORD}(?![\w(.\[])",
        in_source=None,
    ),
    _secret(
        "what looks like a key",
        "key token login secret",
        r"(?i)\b(?:wandb|kaggle|openai|anthropic|comet|neptune)(?:_\w+)*_?(?:key|token)['\"]?\]?\s*[=:]"
        rf"\s*['\"]?{_REAL}"
        r"[A-Za-z0-9_-]{20,}"
        r"|(?<![a-z])(?:key|token|secret)(?:_?api)?['\"]?\]?\s*[=:]\s*['\"][0-9a-f]{32,64}['\"]"
        r"|\b(?:wandb[ \t]+login|authtoken)[ \t]+(?=\S*\d)\w{30,}",
    ),
)

RULES = (*_SECRETS, *_PATHS, *_ACCOUNTS)
