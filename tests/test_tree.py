"""The rules of the tree: what may import what, who reads, looks up, creates and exports, and how long a file gets."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

THIS = Path(__file__)
ROOT = THIS.parents[1]
PARTS = ("components", "settings", "stack")
PROGRAM = [*ROOT.glob("*.py"), *(path for part in PARTS for path in (ROOT / part).rglob("*.py"))]
COMPONENTS = sorted((ROOT / "components").rglob("*.py"))
TOOLS = [*(ROOT / "rehearsal").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_MODULE = 250
LONGEST_TEST = 400
"""Tests are lists of cases that nobody reads from top to bottom."""

# What a component may not know: the environment, the clock, the network, chance, and the rest of the tree.
OUTSIDE = {
    *("os", "subprocess", "time", "random", "secrets", "socket", "urllib", "http", "requests", "boto3", "botocore"),
    *("settings", "stack", "rehearsal", "tools", "tests"),
}
CLOCK = {"now", "today", "utcnow"}
CLUSTERS = {"components/eks.py", "components/k3s.py"}
"""Only clusters create a provider: that of their own Kubernetes API."""
PACKAGE_HOSTS = {
    *(f"{name}.org" for name in ("pypi", "pythonhosted", "proxy.golang", "registry.npmjs")),
    *(urlsplit(os.environ.get(each, "")).hostname for each in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "GOPROXY")),
} - {None}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Modules that a file imports; `from a import b` counts as `a` and as `a.b`."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def called(path: Path) -> Iterator[str]:
    """Dotted names of everything that a file calls, such as `aws.ec2.Vpc`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def tracked() -> list[Path]:
    """Files of the repository, with those that may be added to it."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("a copy without its repository: nobody knows which files belong to it")
    command = [git, "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for name in names if (path := ROOT / name).is_file()]


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_no_module_at_the_root_hides_one_of_the_standard_library() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    modules = {path.stem for path in ROOT.glob("*.py")}
    assert (packages | modules) & sys.stdlib_module_names == set()


# Who knows whom


@pytest.mark.parametrize("path", COMPONENTS, ids=named)
def test_a_component_knows_nothing_outside_its_arguments(path: Path) -> None:
    assert {name for name in imports(path) if name.split(".")[0] in OUTSIDE} == set()
    assert {name for name in called(path) if name.rpartition(".")[2] in CLOCK} == set()


def test_settings_know_of_components_only_their_versions() -> None:
    known = {
        name for path in (ROOT / "settings").rglob("*.py") for name in imports(path) if name.startswith("components")
    }
    assert known <= {"components", "components.versions"}
    assert {
        (named(path), name)
        for path in (ROOT / "settings").rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ("stack", "rehearsal", "tools", "tests")
    } == set()


def test_only_settings_read_the_configuration() -> None:
    readers = {named(path) for path in PROGRAM if imports(path) & {"pulumi.runtime.config", "pulumi.config"}}
    readers |= {named(path) for path in PROGRAM if "pulumi.Config" in set(called(path))}
    assert readers == {"settings/__init__.py"}


# Who does what


def test_only_the_stack_looks_things_up() -> None:
    def looks_up(name: str) -> bool:
        return name.split(".", maxsplit=1)[0] in ("aws", "eks", "kubernetes") and name.rpartition(".")[2].startswith(
            "get_"
        )

    assert {named(path) for path in PROGRAM if any(map(looks_up, called(path)))} == {
        "stack/foundation.py",
        "stack/k3s.py",
    }


def test_only_the_stack_and_clusters_create_a_provider() -> None:
    creators = {named(path) for path in PROGRAM if any(name.endswith(".Provider") for name in called(path))}
    assert creators <= {"stack/foundation.py", "stack/monitoring.py", *CLUSTERS}


def test_only_the_main_module_exports() -> None:
    exporters = {named(path) for path in PROGRAM if {"pulumi.export", "export"} & set(called(path))}
    assert exporters == {"__main__.py"}


# Components


def components() -> dict[str, ast.ClassDef]:
    """Every component, by class name."""
    classes = [node for path in COMPONENTS for node in tree(path).body if isinstance(node, ast.ClassDef)]
    return {each.name: each for each in classes if "pulumi.ComponentResource" in map(ast.unparse, each.bases)}


def constructor(component: ast.ClassDef) -> list[ast.stmt]:
    """Statements of its `__init__`."""
    return next(each.body for each in component.body if isinstance(each, ast.FunctionDef) and each.name == "__init__")


@pytest.mark.parametrize("name", components())
def test_a_component_registers_outputs_that_it_describes_as_its_last_act(name: str) -> None:
    component = components()[name]
    attributes = [each for each in component.body if isinstance(each, ast.AnnAssign)]
    described = {ast.unparse(each.target) for each in attributes}
    outputs = {ast.unparse(each.target) for each in attributes if "pulumi.Output[" in ast.unparse(each.annotation)}
    match constructor(component)[-1]:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name("self"), "register_outputs"), [ast.Dict(keys, values)])):
            registered = {
                ast.literal_eval(key): ast.unparse(value) for key, value in zip(keys, values, strict=True) if key
            }
        case other:
            pytest.fail(f"{name} ends with {ast.unparse(other)}")
    assert registered
    assert outputs <= registered.keys() <= described
    assert registered == {key: f"self.{key}" for key in registered}


@pytest.mark.parametrize("name", components())
def test_a_component_has_a_type_of_its_own_name(name: str) -> None:
    first = ast.unparse(constructor(components()[name])[0])
    assert first == f"super().__init__('socle:index:{name}', name, None, opts)"


# What is in the files


def test_no_file_names_a_machine_or_a_host_of_packages() -> None:
    hosts = "|".join(re.escape(host) for host in PACKAGE_HOSTS if host)
    checkout = re.escape(str(ROOT)) if len(ROOT.parts) > 2 else "(?!)"
    somewhere = re.compile(rf"{checkout}|{hosts}")
    assert {named(path) for path in tracked() if path != THIS and somewhere.search(text(path))} == set()
    home = re.compile(r"(?<![\w.~}])/(?:home|root|Users)/\w")
    # Tests invent homes.
    assert {named(path) for path in tracked() if path not in TESTS and home.search(text(path))} == set()


def test_modules_stay_short() -> None:
    def too_long(path: Path) -> bool:
        limit = LONGEST_TEST if path in TESTS else LONGEST_MODULE
        return len(text(path).splitlines()) > limit

    assert {named(path) for path in (*PROGRAM, *TOOLS, *TESTS) if too_long(path)} == set()


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=named)
def test_every_requirement_is_pinned_once(path: Path) -> None:
    lines = [line for line in text(path).splitlines() if line and not line.startswith(("#", "-r "))]
    pins = [re.fullmatch(r"([a-z0-9-]+)(\[[a-z0-9,]+\])?==[\w.]+", line) for line in lines]
    assert [line for line, pin in zip(lines, pins, strict=True) if not pin] == []
    names = [pin[1] for pin in pins if pin]
    assert sorted(names) == sorted(set(names))
