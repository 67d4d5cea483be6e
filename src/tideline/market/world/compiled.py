"""The compiler of this folder's kernels."""

from __future__ import annotations

from pathlib import Path

from tideline.features.jit import Kernels

_OWN = Kernels(str(Path(__file__).resolve().parent))
kernel, inlined, called = _OWN.kernel, _OWN.inlined, _OWN.called
