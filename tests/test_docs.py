"""The documents are true: tables, links, paths, verbs and pictures are compared with what exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.engine import ENGINE
from tools.settings_table import table

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PRESENT = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENTS = [*PRESENT, ROOT / "CHANGELOG.md"]
"""Links and verbs hold everywhere; the changelog may name files that are gone since."""
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^ {4,}\S.*\n)+", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
VERB = re.compile(r"\bmake((?: +[A-Z]+=\S+)*) +([a-z][a-z-]*)")
PATH = re.compile(r"[\w./-]+")
SUFFIXES = (".py", ".md", ".yaml", ".toml", ".txt", ".js", ".html", ".mod", ".sum")

by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def prose(document: Path) -> str:
    """A document without its fenced blocks, whose content is output and code."""
    return FENCE.sub("", document.read_text(encoding="utf-8"))


def code(document: Path) -> Iterator[str]:
    """Everything that stands as code in a document: spans, indented lines, fenced blocks."""
    text = document.read_text(encoding="utf-8")
    yield from (match[2] for match in FENCE.finditer(text))
    yield from SPAN.findall(prose(document))
    yield from INDENTED.findall(prose(document))


def anchors(document: Path) -> set[str]:
    """Names by which headings are linked to, as the usual Markdown viewers make them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def tracked_path(span: str) -> str | None:
    """The path that a code span names, if it looks like one of this repository."""
    if not PATH.fullmatch(span) or span.startswith((".", "/")):
        return None
    first, *below = span.split("/")
    if below:
        return span if (ROOT / first).is_dir() or span.endswith(SUFFIXES) else None
    return span if span.endswith(SUFFIXES) else None


def exists(path: str) -> bool:
    """Whether a path exists; a bare file name may live anywhere in the source."""
    if "/" in path or (ROOT / path).exists():
        return (ROOT / path).exists()
    folders = (each for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith("."))
    return any(next(folder.rglob(path), None) for folder in folders)


def composed() -> set[str]:
    """Classes of components that the modules of `stack/` create."""
    return {name for path in (ROOT / "stack").glob("*.py") for name in composed_in(path)}


def composed_in(path: Path) -> Iterator[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            known = component_classes(f"{node.module.replace('.', '/')}.py")
            yield from (alias.name for alias in node.names if alias.name in called & known)


def component_classes(path: str) -> set[str]:
    """Classes of a module that are Pulumi components."""
    if not (ROOT / path).exists():
        return set()
    classes = (node for node in syntax(path).body if isinstance(node, ast.ClassDef))
    return {node.name for node in classes if any("ComponentResource" in ast.unparse(base) for base in node.bases)}


def syntax(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def test_the_table_of_settings_is_what_the_settings_say() -> None:
    text = README.read_text(encoding="utf-8")
    shown = re.search(r"<!-- settings: begin .*?-->\n(.*?)\n<!-- settings: end -->", text, re.DOTALL)
    assert shown is not None
    assert shown[1] == table(), "paste what `python -m tools.settings_table` prints between the markers"


@by_document
def test_every_verb_of_make_that_a_document_names_exists(document: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {match[2] for text in code(document) for match in VERB.finditer(text)}
    assert named <= verbs


def test_the_readme_names_the_two_commands_that_come_first() -> None:
    named = [match[2] for match in VERB.finditer(README.read_text(encoding="utf-8"))]
    assert next(iter(dict.fromkeys(named))) == "rehearse"
    assert "test" in named


@by_document
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    broken: list[str] = []
    for target in LINK.findall(prose(document)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        goal = (document.parent / path).resolve() if path else document
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("document", PRESENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    paths = {path for span in SPAN.findall(prose(document)) if (path := tracked_path(span))}
    assert {path for path in paths if not exists(path)} == set()


def test_the_picture_of_the_platform_names_every_component_of_the_stack() -> None:
    pictures = [match[2] for match in FENCE.finditer(README.read_text(encoding="utf-8")) if match[1] == "mermaid"]
    assert pictures
    assert {"Network", "EksCluster", "StaticSite"} <= composed()
    assert {name for name in composed() if not re.search(rf"\b{name}\b", pictures[0])} == set()


def test_the_documents_name_the_engine_that_we_build() -> None:
    for document in (README, ROOT / "docs" / "architecture.md", ROOT / "docs" / "decisions" / "0005-language-host.md"):
        assert ENGINE in document.read_text(encoding="utf-8"), document.name


def test_decisions_are_numbered_without_gaps() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_why_what_follows_and_how_to_undo_it(decision: Path) -> None:
    headings = re.findall(r"^## (.+)$", decision.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "How to undo"]
    assert decision.read_text(encoding="utf-8").startswith(f"# {decision.name[:4]}: ")


@by_document
def test_no_document_names_a_place_on_somebodys_machine(document: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:home|root|tmp|work|Users)/\S+", document.read_text(encoding="utf-8")) == []
