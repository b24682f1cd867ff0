"""The two ways in which the project fails in front of an author; each message says how to fix it."""


class InputError(Exception):
    """What the author gave is wrong: exit code 2. The message names file, line or key, and the fix."""


class Interrupted(Exception):
    """The author stopped the work: exit code 130. The message says what is kept and how to go on."""


class WorkError(Exception):
    """The work itself failed: exit code 1. The message says what failed and what to do."""
