"""Reads the tree's own sources for the architecture tests."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"


def service_names() -> list[str]:
    """The services that are in the tree."""
    return sorted(folder.name for folder in SERVICES.iterdir() if (folder / "main.py").exists())


def modules_below(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.rglob("*.py"))


@dataclass(frozen=True)
class Use:
    """A name that a module takes from elsewhere, in full (``datetime.datetime.now``), and where."""

    name: str
    line: int
    called: bool = False


class _Names(ast.NodeVisitor):
    """Resolves names through the module's own imports; a local variable of the same name is not told apart."""

    def __init__(self) -> None:
        self.origin: dict[str, str] = {}
        self.uses: list[Use] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.uses.append(Use(alias.name, node.lineno))
            if alias.asname:
                self.origin[alias.asname] = alias.name
            else:
                top = alias.name.partition(".")[0]
                self.origin[top] = top

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            self.uses.append(Use(f"{module}.{alias.name}", node.lineno))
            self.origin[alias.asname or alias.name] = f"{module}.{alias.name}"

    def _dotted(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self.origin.get(node.id)
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return f"{base}.{node.attr}" if base else None
        return None

    def visit_Call(self, node: ast.Call) -> None:
        name = self._dotted(node.func)
        if name is not None:
            self.uses.append(Use(name, node.lineno, called=True))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._dotted(node)
        if name is not None:
            self.uses.append(Use(name, node.lineno))
        self.generic_visit(node)


def uses(source: str) -> list[Use]:
    """Everything that a source imports, refers to or calls beyond itself."""
    tree = ast.parse(source)
    names = _Names()
    # Imports first, wherever they stand: one inside a function names things for what follows it.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.visit(node)
    for statement in tree.body:
        names.visit(statement)
    return names.uses


def imported_modules(source: str) -> list[Use]:
    """The modules that a source imports: ``from a import b`` counts as ``a.b``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [Use(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found += [Use(f"{module}.{alias.name}", node.lineno) for alias in node.names]
    return found
