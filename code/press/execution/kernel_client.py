"""The kernel's client: Jupyter's own, which knows sooner that the kernel is ready."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

ANSWER, PUBLISHED = 1.0, 0.2
"""Seconds after which a kernel is asked again, when it has not answered, or has but nothing of that was published."""


class PromptClient(AsyncKernelClient):
    """A client that is ready once it has received what the kernel published about its answer.

    Jupyter's own waits until nothing more has come for a fifth of a second, each time that a document is executed.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Ask until the kernel answers on both channels: then no output of a cell can be missed."""
        from nbclient.exceptions import DeadKernelError

        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while time.monotonic() < deadline:
            asked = self.kernel_info()
            try:
                await self.get_shell_msg(timeout=ANSWER)
                while not _ends(await self.get_iopub_msg(timeout=PUBLISHED), asked):
                    pass
                return
            except Empty:
                if not await self.is_alive():
                    raise DeadKernelError("The kernel died before it was ready.") from None
        raise DeadKernelError(f"The kernel was not ready within {timeout:g} s.")


def _ends(message: dict[str, Any], asked: str) -> bool:
    """Whether a message says that the kernel is done with a request."""
    is_answer = message["parent_header"].get("msg_id") == asked
    return is_answer and bool(message["content"].get("execution_state") == "idle")
