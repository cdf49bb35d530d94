"""Scripts that play the programs which an engine comes from."""

from pathlib import Path

from rehearsal.engine import ENGINE


def script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    path.chmod(0o755)
    return path


def pulumi(path: Path, version: str = ENGINE) -> Path:
    return script(path, f"echo v{version}")


def failing_go(folder: Path, *lines: str) -> None:
    script(folder / "go", *(f'echo "{line}" >&2' for line in lines), "exit 1")


def building_go(folder: Path) -> None:
    """A `go` that notes its arguments and builds an engine that says our version."""
    script(
        folder / "go",
        f'echo "$@" > "{folder}/asked"',
        'while [ "$1" != -o ]; do shift; done',
        '/bin/mkdir -p "${2%/*}"',
        f'printf "#!/bin/sh\\necho v{ENGINE}\\n" > "$2"',
        '/bin/chmod +x "$2"',
    )
