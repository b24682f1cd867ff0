"""The two ways in which the project fails in front of an author; each message says how to mend it."""


class InputError(Exception):
    """What the author gave is wrong: exit code 2. The message names file, line or key, and the mend."""


class WorkError(Exception):
    """The work itself failed: exit code 1. The message says what failed and what to do."""
