"""Files of a checkout that say where the states are."""

from pathlib import Path


def projects(folder: Path) -> tuple[Path, Path]:
    """Project files: that of the stacks, and that of the bootstrap."""
    return folder / "Pulumi.yaml", folder / "bootstrap" / "Pulumi.yaml"
