"""Which arithmetic this machine computes a run in; known without TensorFlow, since kept results depend on it."""

import functools
from pathlib import Path


def precision(run):
    """Name the arithmetic of a run on this machine: ``"bfloat16"`` or ``"float32"``."""
    return "bfloat16" if run.precision == "native" and has_bfloat16() else "float32"


@functools.cache
def has_bfloat16():
    """Tell whether the processor multiplies bfloat16 in hardware (Linux only; elsewhere the answer is no)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
