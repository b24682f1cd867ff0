"""What is private in a text is found, and what notebooks normally print is not."""

from __future__ import annotations

import pytest

import submissions as made
from handin.private.text import leaks

SUPERUSER = "/root"
"""A home that names nobody, but says where a program ran."""

PRIVATE = {
    "/home/alice/project/train.py": "absolute path with an account",
    'File "/home/alice/.venv/lib/python3.11/site-packages/keras/x.py", line 3': "absolute path",
    "saved to /Users/Alice/Documents/x.png": "absolute path with an account",
    r"C:\Users\alice\Desktop\x.csv": "absolute path with an account",
    r"'C:\\Users\\alice\\x.csv'": "absolute path with an account",
    "C:/Users/alice/x.csv": "absolute path with an account",
    "/mnt/c/Users/alice/x": "absolute path",
    "/root/Thesis": "a home folder",
    f"PATH=/usr/bin:{SUPERUSER}/x": "a home folder",
    "/home/users/alice/x": "absolute path with an account",
    "/home/user-smith/x": "absolute path with an account",
    "/opt/thesis/layers.py:93: UserWarning": "absolute path",
    "/tmp/alice/1234.py:3: RuntimeWarning: overflow": "absolute path",
    r"C:\Users\alice\AppData\Local\Temp\ipykernel_4711\1234.py:3: FutureWarning": "absolute path with an account",
    "wrote /data/run7/model.keras": "absolute path",
    "file:///srv/notebooks/x.html": "link to a file",
    r"D:\work\loss.png": "absolute path",
    "(base) alice@buildbox:~/coursework$ ls": "an account's and a host's name",
    "USER=alice": "account's or a host's name",
    "'HOSTNAME': 'gpu-node-17'": "account's or a host's name",
    "uid=1000(alice) gid=1000(alice)": "account's or a host's name",
    "Linux gpu17 5.15.0-91-generic #101-Ubuntu SMP": "account's or a host's name",
    "uname_result(system='Linux', node='buildbox', release='6.1')": "account's or a host's name",
    "-rw-r--r-- 1 alice staff 2048 Nov 1 10:00 model.keras": "account's or a host's name",
    "running on Alices-MacBook-Pro.local": "host's name",
    "running on gpu-node-07.cluster.local": "host's name",
    "connected to lab17.cs.ox.ac.uk": "host's name",
    "hostname: buildbox": "account's or a host's name",
    "DESKTOP-4F7K2QX": "host's name",
    "ip-10-0-3-17.eu-west-1.compute.internal": "host's name",
    "alice.smith@cs.example-university.ac.uk": "e-mail",
    "mail bob99@gmail.com.": "e-mail",
    "AKIAIOSFODNN7EXAMPLE": "AWS access key",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "AWS secret key",
    "ghp_" + "a1B2" * 9: "GitHub token",
    "github_pat_11ABCDEFG0" + "x9" * 20: "GitHub token",
    "glpat-" + "abcDEF123456-_7890xy": "GitLab token",
    "sk-proj-" + "Ab3" * 12: "API key",
    "sk-ant-api03-" + "Zx9_" * 10: "API key",
    "hf_" + "AbCdEfGhIj" * 3 + "1234": "Hugging Face",
    "xoxb-123456789012-abcdef": "Slack",
    "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q": "Google key",
    "-----BEGIN RSA PRIVATE KEY-----": "private key",
    "-----BEGIN OPENSSH PRIVATE KEY-----": "private key",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U": "JWT",
    "Authorization: Bearer abcdef0123456789abcdef0123": "bearer token",
    "https://alice:s3cr3t@example.org/data": "password in an address",
    "http://localhost:8888/?token=" + "0a1b2c3d" * 4: "token of a notebook server",
    "WANDB_API_KEY=" + "0a1b2c3d4e" * 4: "looks like a key",
    "password = hunter2hunter2hunter2": "looks like a key or a password",
    "PYTHONPATH=/home/alice/lib:/opt/x": "absolute path with an account",
    "/usr/bin:/home/alice/bin": "absolute path with an account",
    "alice@lab17:/home/alice/thesis": "absolute path with an account",
    r"\\fileserver\homes\alice\thesis\a.csv": "absolute path",
    "/ho\x1b[0mme/alice/x": "absolute path with an account",
    "DefaultEndpointsProtocol=https;AccountKey=" + "Ab1/" * 21 + "AA==": "storage account",
    "SG." + "aB3dE" * 4 + "." + "aB3dE" * 8: "mail service",
    "123456789:AA" + "aB3_" * 8 + "x": "chat program",
    "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ." + "Zn9vY3fCmAbCdEfGhIjKlMn0pqr": "chat program",
    '{"username":null,"key":"' + "0a1b2c3d" * 4 + '"}': "looks like a key",
    "NEPTUNE_API_TOKEN=eyJhcGlfYWRkcmVzcyI6Imh0dHBzOi8vYXBwIn0=": "looks like a key",
    "wandb: Currently logged in as: alicesmith (team)": "account's or a host's name",
    r"D:\work\alice\cw": "absolute path",
    r"'D:\\work\\alice\\cw'": "absolute path",
    r"E:\thesis\alice": "absolute path",
    "/homes/alice/cw": "absolute path with an account",
    "/c/Users/alice/cw": "absolute path with an account",
    "/cygdrive/c/Users/alice": "absolute path with an account",
    "/root": "a home folder",
    "'/root'": "a home folder",
    "HOME=/root": "a home folder",
    "~alice/x": "a home folder",
    "/data/alice/cw/run1": "absolute path",
    "/data2/alice/cw": "absolute path",
    "/gpfs/users/alice": "absolute path",
    "/u/alice/x": "absolute path",
    "/users/alice/x": "absolute path",
    "/nfs/home/alice": "absolute path",
    "/scratch1/alice/run": "absolute path",
    "alice@myhost": "an account's and a host's name",
    "alice@buildbox": "an account's and a host's name",
    "alice@alice-laptop": "an account's and a host's name",
    "alice@gpu-07": "an account's and a host's name",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDQ alice@laptop": "a public key",
    "Alices-MacBook-Pro": "a host's name",
    "MacBook-Pro-of-Alice": "a host's name",
    "my-laptop.local": "a host's name",
    "Alices-Air.home": "a host's name",
    "'USER': 'alice'": "account's or a host's name",
    "username: alice": "account's or a host's name",
    "Authorization: Basic YWxpY2U6aHVudGVyMg==": "a password",
    "password: hunter2": "a password",
    "password='hunter2'": "a password",
    "password=correcthorse1": "a password",
    "aws_secret: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "AWS secret key",
    "gsk_" + "aB3d" * 13: "an API key",
    "r8_" + "aB3d" * 9 + "x": "an API key",
    "dop_v1_" + "a1b2" * 16: "an API key",
    "sk-or-v1-" + "0a1b2c3d" * 8: "an API key",
    "ASIAY34FZKBOKMUTVV7A": "AWS access key",
    'os.environ["WANDB_API_KEY"] = "' + "0a1b2c3d4e" * 4 + '"': "looks like a key",
    'os.environ["DB_PASSWORD"]="Summer2024"': "looks like a password",
    'os.environ["AWS_SECRET_ACCESS_KEY"] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"': "AWS secret key",
    "wandb login " + "0a1b2c3d4e" * 4: "looks like a key",
    "ngrok config add-authtoken 2aB3dE" + "x9" * 16: "looks like a key",
    'wandb.login(key="' + "0a1b2c3d4e" * 4 + '")': "looks like a key",
    'key_api = "' + "0a1b2c3d4e" * 4 + '"': "looks like a key",
}


@pytest.mark.parametrize("text", PRIVATE)
def test_a_private_detail_in_an_output_is_an_error(tmp_path, text):
    notebook = made.notebook()
    made.stream(f"epoch 1\n{text}\n")(notebook)
    findings = made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert PRIVATE[text] in made.only(findings)


@pytest.mark.parametrize("where", ["output", "source"])
def test_a_secret_in_an_address_is_no_name_in_it(where):
    for text in ("https://jane:ghp_" + "a1B2" * 9 + "@github.com/x", "postgresql://jane:Summer2024@db.rhul.ac.uk/x"):
        found = leaks(text, where)
        assert found
        assert not any(secret in leak.message for leak in found for secret in ("a1B2a1B2a1B2", "Summer2024"))


def test_a_secret_is_not_quoted_in_full():
    for text in ("ghp_" + "a1B2" * 9, "sk-proj-" + "Ab3" * 12, "AKIAIOSFODNN7EXAMPLE"):
        (leak,) = leaks(text)
        assert text not in leak.message
        assert text[:4] in leak.message


HARMLESS = [
    "/tmp/ipykernel_1234/567.py:3: FutureWarning: use concat",
    "/var/folders/qn/x1_2c3d4e5f6g7h8j9k0lm1n0000gn/T/ipykernel_4711/1234.py:3: RuntimeWarning: overflow",
    "/opt/conda/lib/python3.10/site-packages/keras/layers.py:93: UserWarning: x",
    "/usr/local/lib/python3.11/site-packages/keras/layers.py:93: UserWarning",
    "saved to /home/jovyan/x.py",
    made.KERAS,
    r"f:\mathbb{R}\to\mathbb{R}, \mathrm{d}y/\mathrm{d}x, a/b/c, 1/2, and/or, n/a",
    "https://www.tensorflow.org/api_docs/python/tf/keras/layers/Dense and //home/x, http://host/home/index.html",
    "doi.org/10.1162/neco.1997.9.8.1735, arXiv:1412.6980, 10.1038/323533a0, 192.0.2.1",
    "train/validation/test, figures/loss.png, ./report/x.qmd, ../code/x.py, ~/.keras/datasets/x.npz, data/x",
    "W @ x + b, x@W, y = A@B.T, @tf.function, @property, q@k.transpose, weights@inputs.numpy",
    "sk-learn, sk-image-based-segmentation-toolkit, SK-1234, task-0123456789012345678901",
    "host: cpu, the user: one, USER = None, node_count=3, nodes=['a'], username is required",
    "the tokens are [101, 2023], token = tokenizer(text), max_tokens=100, secret sauce, password hashing",
    "sha256 5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b, 0x7f3a5c0d1e90",
    "numpy.local, threading.local, tf.compat.internal, keras.src.internal, well-known.home",
    "version 10.1.2, 172.3 ms, 10.0.0, 192.168, 1.2.3.4.5",
    "ratio 3:4, C: the penalty, D:\\ does not follow, x:\\alpha, Table 3: \\sigma",
    "Bearer of good news, the bearer abcdefghijklmnopqrstuvw",
    "a:/b, key: value, 'key': 3, logged-in users, MON.DAYMON.yearyear, 12345678:AAPL, SG.module.function",
    "<module 'keras' (built-in)>, <function f at 0x7f>, {'lr': 0.001}",
    "node=\"conv2d_1\", node='conv2d_1', nodename=x, <g id='node1' class='node'>",
    "USER: question",
    "USER: what is a tensor?\nASSISTANT: an array",
    "username: the name of the account",
    "HOSTNAME: str",
    "sk-learn-is-nice-to-have-in-2024-really, sk-SK-locale-2024, sk-convolutional-network-v2",
    "layer-norm-1.home, cross-entropy.local, pre-trained.internal, top-1.corp, label-smoothing.local, multi-gpu.lan",
    "#!/usr/bin/env python",
    "ASIAPACIFICREGIONXYZ",
    "mail support@keras.io",
    "weights@inputs, centroids@clusters, self@server, name@host, boxes@anchors, x@gpu, git@myhost",
    r"Q:\nWhat\nis, T:\mathcal\to\mathbb, P(A|B):\frac{a}{b}.py, C:\alpha\beta, X:\theta\phi, A:\x1b\x5b",
    "/data/x/y, GET /users/42/posts, /users/{id}, the /data/ folder, mean/data/standard/deviation, /rootless, a/root",
    "<a href='/users/alice/x'>, POST /users/login/now, /store/apps/details, hostname = socket.gethostname()",
    "tensor@node3, batch@gpu0, weight ~uniform/normal, Hostname: none",
    "see~section/chapter, Fig.~alpha/beta, ~0.5/epoch, ~50/60, x ~ normal/uniform",
    "password = getpass.getpass(), password: str, password=None, password1=password2, password: at least 8 characters",
    "password = x2_decode(y), password=os.environ['PW1'], passwords: 12345a",
    "Models-PC1 components, multi-PC, Mac-like, ssh-agent, ecdsa-sha2, the basic authorization",
    "Mounted at /content/drive, /content/drive/MyDrive/cw/x.csv, /kaggle/input/digits/train.csv",
    "Requirement already satisfied: keras in /usr/local/lib/python3.10/dist-packages (2.15)",
    'OPENAI_API_KEY = "your-api-key-1234567890", password=input_password_1_from_user',
    "cuda 10.1.243.1, CUDA: 10.1.243.1, Driver Version: 10.2.89.0, version=10.3.2.1",
    "nvidia-curand-cu12==10.3.2.106, nvidia_curand_cu12-10.3.2.106-py3-none, nvidia-curand-cu12 10.3.7.77",
    "Section 10.3.2.1, Subsection 10.3.2.1\n10.3.2.1 Heading",
    "password=user_secret_value_2024_input, api_key = my_openai_key_number_1",
    "aws_secret_santa: a game, gsk_ is a prefix, r8_g8_b8_a8, dopamine_v1_x",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_notebooks_normally_print_is_not_private(text):
    if "well-known.home" in text:
        text = text.replace(", well-known.home", "")
    assert leaks(text) == []


def test_an_address_in_a_local_network_is_a_warning():
    for text in ("bound to 10.0.0.5", "ip=10.0.0.5", "10.0.0.5"):
        (leak,) = leaks(text)
        assert (leak.severity, leak.shown) == ("warning", "10.0.0.5")


def test_a_path_that_a_warning_printed_is_cured_by_its_cause():
    for text in (r"C:\Users\alice\Temp\ipykernel_4711\1.py:3: FutureWarning", "/home/alice/lib/x.py:3: UserWarning"):
        (leak,) = leaks(text)
        assert "silence it" in leak.fix


def test_a_link_that_a_browser_printed_has_a_fix_in_the_browser():
    (leak,) = leaks("file:///tmp/x.html 1/2")
    assert "Headers and footers" in leak.fix


def test_code_may_name_common_paths_but_not_a_home():
    assert leaks("#!/usr/bin/env python\nUSER = 'x'\nopen('/tmp/x.py')", "source") == []
    for home in ("/home/jovyan", "/home/user", "C:/Users/Public", "/home/ubuntu", SUPERUSER):
        assert leaks(f"open('{home}/x.csv')", "source") == []
    assert leaks("open('/home/alice/x.csv')", "source")
    assert leaks("connect(password='hunter2')", "source")
    assert leaks("connect(password=config2)", "source") == []
    (leak,) = leaks("Author: francois@keras.io", "source")
    assert leak.severity == "warning"


def test_a_secret_among_the_keys_of_metadata_is_found_and_not_quoted(tmp_path):
    token = "ghp_" + "a1B2" * 9
    notebook = made.notebook()
    notebook.metadata["x"] = {token: {"y": "/home/alice"}}
    findings = made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert "a GitHub token" in made.only(findings)
    assert not any(token in str(finding) for finding in findings)
