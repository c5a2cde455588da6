"""Whether built packages are what their names promise: `python audit.py dist/*`.

A wheel may use no symbols of the system that are newer than its tag says, and of Python the stable ones only. A
package in source has all that is needed to build it.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tarfile
import zipfile

BIN = pathlib.Path(sys.executable).parent

# In the folder of metadata. And how many bytes a wheel may have at most: people wait for it.
IN_WHEEL = {"licenses/LICENSE-MIT", "licenses/LICENSE-APACHE", "entry_points.txt", "METADATA"}
MAX_BYTES = 8 << 20

IN_SDIST = {"Cargo.lock", "Cargo.toml", "LICENSE-MIT", "LICENSE-APACHE", "PKG-INFO", "pyproject.toml"} | {
    f"{crate}/src/lib.rs" for crate in ("core", "hub", "cli", "bindings-python")
}


def main(files: list[str]) -> None:
    """Check them all, and end the process where one is not as it should be."""
    for name in files:
        file = pathlib.Path(name)
        problem = wheel(file) if file.suffix == ".whl" else sdist(file)
        if problem:
            sys.exit(f"{file.name}: {problem}")
        print(f"{file.name}: as promised, {file.stat().st_size / 1e6:.1f} MB")


def wheel(file: pathlib.Path) -> str | None:
    """What is wrong with a wheel."""
    tag = re.search(r"manylinux_2_(\d+)_\w+", file.name)
    if tag is None or "-cp311-abi3-" not in file.name:
        return "the name has no tag `cp311-abi3-manylinux`"
    shown = told(BIN / "auditwheel", "show", file)
    if f'platform tag: "{tag.group(0)}"' not in " ".join(shown.split()):
        return shown
    told(BIN / "abi3audit", "--strict", file)
    names = zipfile.ZipFile(file).namelist()
    missing = {name for name in IN_WHEEL if not any(found.endswith(f".dist-info/{name}") for found in names)}
    if missing:
        return f"without {missing}"
    if file.stat().st_size > MAX_BYTES:
        return f"{file.stat().st_size} bytes"
    return None


def sdist(file: pathlib.Path) -> str | None:
    """What is wrong with a package in source."""
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    if not names >= IN_SDIST:
        return f"without {IN_SDIST - names}"
    if strange := [name for name in names if "target/" in name or name.endswith((".so", ".pyc"))]:
        return f"with {strange}"
    return None


def told(*words: object) -> str:
    """What a program says; where it fails, so does this one."""
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
