"""States in a folder: what an engine that is killed while it writes one leaves behind."""

import json
from pathlib import Path


def mend(folder: Path) -> None:
    """Take away what the engine could not read again; nobody may be at work in the folder.

    A state itself is put in place in one step. What the engine notes beside it before (type, checksum) is not, and
    where a kill cut that off, it ends with `failed to load checkpoint: EOF`. It goes on without:
    https://pkg.go.dev/gocloud.dev/blob/fileblob
    """
    for file in (folder / ".pulumi").rglob("*.attrs"):
        try:
            json.loads(file.read_bytes())
        except ValueError:
            file.unlink()
