"""What tells one state of the folder `ansible/` from another."""

import hashlib
from pathlib import Path

# Made by those who run what is in it: caches of Python, and those of Ansible, linters and editors.
_HIDDEN = "."
_CACHES = frozenset({"__pycache__"})


def digest_of(folder: Path) -> str:
    """SHA-256 over the names and contents of all files below a folder, caches and hidden files apart.

    Raises `FileNotFoundError` when there are none: machines would never be configured again.
    """
    files = sorted(
        (path.relative_to(folder).as_posix(), path)
        for path in folder.rglob("*")
        if path.is_file() and not any(_is_cache(part) for part in path.relative_to(folder).parts)
    )
    if not files:
        raise FileNotFoundError(f"{folder} has no files")
    digest = hashlib.sha256()
    for name, path in files:
        # Each with its length, so that no name or content can pass for a part of another.
        for part in (name.encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _is_cache(part: str) -> bool:
    return part.startswith(_HIDDEN) or part in _CACHES
