"""The npm package: its types, the web client as a bundle, and the client for Node as the package is installed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from surface import ROOT, Surface, UnreadableError


def javascript() -> list[Surface]:
    """Both clients, as javascript.mjs sees them."""
    script = Path(__file__).with_suffix(".mjs")
    ran = subprocess.run(["node", str(script)], capture_output=True, text=True, check=False, cwd=ROOT / "bindings-node")
    if ran.returncode:
        raise UnreadableError(f"javascript.mjs failed (`make pack-node` installs what it tries): {ran.stderr.strip()}")
    surfaces = [Surface(**one) for one in json.loads(ran.stdout)]
    for one in surfaces:
        one.options = set(one.options)
        one.typed = set(one.typed or ())
        one.events = {name: set(fields) for name, fields in one.events.items()}
        one.calls = {name: set(calls) for name, calls in one.calls.items()}
        one.exports = {name: set(names) for name, names in one.exports.items()}
    return surfaces
