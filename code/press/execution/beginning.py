"""Puts a kernel that has executed cells back to where it was before them, so that it need not be started again."""

from __future__ import annotations

import os
import sys

from press.execution.watch import INSTALLED, WATCH


class Beginning:
    """The process as it is before the first cell: its folder, its environment, and where it looks for modules."""

    def note(self) -> None:
        """Note how things are."""
        self._folder, self._environment, self._path = os.getcwd(), dict(os.environ), list(sys.path)

    def restore(self) -> None:
        """Put things back, and forget modules that are neither installed nor Python's own: they may be edited."""
        os.chdir(self._folder)
        os.environ.clear()
        os.environ.update(self._environment)
        sys.path[:] = self._path
        for name, module in list(sys.modules.items()):
            places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
            if name != "__main__" and not name.startswith("press.execution") and any(map(_is_edited, places)):
                del sys.modules[name]
        WATCH.begin_again()


def _is_edited(place: str | None) -> bool:
    fixed = (sys.prefix, sys.base_prefix, sys.exec_prefix)
    return bool(place) and not str(place).startswith(fixed) and not any(each in str(place) for each in INSTALLED)


BEGINNING = Beginning()
"""That of this process."""
