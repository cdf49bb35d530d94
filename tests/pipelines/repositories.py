"""Small repositories of git for tests."""

from pathlib import Path

from tools.releasing.commits import git


def new_repository(folder: Path) -> Path:
    """An empty repository whose commits need no configuration of the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"), ("commit.gpgsign", "false")):
        git(folder, "config", key, value)
    return folder


def committed(folder: Path, message: str, **files: str) -> None:
    """A commit with these files, or an empty one."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
