"""docs/glossary.md: a word with one meaning, in all comments, strings and names."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from cli.main import VERBS
from msgs.topics import TOPICS

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "glossary.md"

# Folders and files that are not clean yet. This list gets shorter, and goes.
NOT_YET_CLEAN = ("nodes/session/records.py",)  # a column of the stored database is called life
TESTS_NOT_YET_CLEAN = (
    "tests/runs",  # names and seeds of runs that are compared with those of earlier commits
    "tests/test_glossary.py",  # looks for the words
)
# Names of two classes, and entries without a place in the code. They get fewer, and go.
NOT_YET_ONE: set[str] = set()
NOT_YET_FOUND: set[str] = set()

SOURCES = ("*.py", "*.js", "*.html", "*.css", "*.toml")
# The name of a role that every node, or every driver, has.
ROLES = {"State", "Inputs", "Outputs", "Config", "Parameters", "Drivers", "Messages"}

# Names are split at underscores and capitals before they are searched.
BANNED = {
    "blind, sight": r"blind\w*|sight",
    "dark (of the mains)": r"(box|mains|supply) (is |was |goes )?dark|was dark|dark box",
    "copper": r"copper",
    "life, lives (of a graph, of a node)": r"life|lives|lived",
    "told, tell (of a message)": r"told|tells?|telling",
    "anew": r"anew",
    "in words": r"in words",
    "so long": r"so long",
    "ours (of a number)": r"ours",
    "calm": r"calm\w*",
    "echo": r"(?<!click\.)echo\w*",
    "pardon, acquit, excuse (of a fault)": r"pardon\w*|acquit\w*|excuse\w*",
    "hold, held (of a card)": r"(hold|holds|held|holding) ((a|the|one|this|another|no) )?"
    r"((new |master )?cards?|master)|(cards?|master)( that)?( is| was| are| were)? held",
    "hold (of a plug-in)": r"class hold|hold of (a|the|this|an ended) (charge|plug[ -]in)",
}


def product() -> list[Path]:
    """Return the folders of the product, and bench."""
    beside = {"docs", "tests", "build", "dist", "mutants"}
    return sorted(
        each
        for each in ROOT.iterdir()
        if each.is_dir() and each.name[0].isalpha() and each.name not in beside
    )


@cache
def sources() -> tuple[Path, ...]:
    """Return all source files of the product, relative to the repository."""
    found = {path for folder in product() for pattern in SOURCES for path in folder.rglob(pattern)}
    return tuple(sorted(path.relative_to(ROOT) for path in found))


def split(text: str) -> str:
    """Split names at underscores and capitals; fold a line break and the start of a comment."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", text)
    text = re.sub(r'"\s*f?"', "", text)  # one string after another is one
    return re.sub(r"\s+(#+ )?", " ", text)


@cache
def passages(path: Path) -> tuple[tuple[int, str, bool], ...]:
    """Return texts and code of a source file: first line, text with split names, is it code."""
    return tuple((number, split(text), is_code) for number, text, is_code in _passages(path))


def _passages(path: Path) -> Iterator[tuple[int, str, bool]]:
    text = (ROOT / path).read_text(encoding="utf-8")
    yield 1, " ".join(path.with_suffix("").parts), True
    if path.suffix != ".py":
        for number, line in enumerate(text.splitlines(), start=1):
            yield number, line, False
        return
    prose: list[str] = []
    code: defaultdict[int, str] = defaultdict(str)
    first = before = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        if kind in ("COMMENT", "STRING", "FSTRING_MIDDLE"):
            if prose and token.start[0] > before + 1:
                yield first, " ".join(prose), False
                prose.clear()
            if not prose:
                first = token.start[0]
            prose.append(token.string)
            before = token.end[0]
        else:
            code[token.start[0]] += token.string if kind == "OP" else f"{token.string} "
    yield first, " ".join(prose), False
    for number, line in code.items():
        yield number, line.replace(" .", "."), True


def said(path: Path, pattern: str) -> list[str]:
    """Return where a file says something, as file:line: words."""
    compiled = re.compile(rf"\b({pattern})\b", re.IGNORECASE)
    return [
        f"{path}:{number}: {found[0]}"
        for number, text, is_code in passages(path)
        if not (is_code and pattern == BANNED["in words"])  # `for word in words`
        for found in compiled.finditer(text)
    ]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    _, _, after = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    lines = [line for line in after.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_each_word_that_is_not_said_is_looked_for() -> None:
    assert [row[0] for row in rows("What is not said")] == list(BANNED)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("blind, sight", "class Blind: ..."),
        ("dark (of the mains)", "the box is dark"),
        ("copper", "CopperLine"),
        ("life, lives (of a graph, of a node)", "is_another_life"),
        ("told, tell (of a message)", "is told"),
        ("echo", "self.echo_s"),
        ("so long", "so\n    # long"),
        ("hold, held (of a card)", "hold_card()"),
        ("hold, held (of a card)", "Hold a card to it"),
        ("hold, held (of a card)", "the card that was held"),
        ("hold, held (of a card)", "Hold the master again"),
        ("in words", '"in "\n    "words"'),
        ("hold (of a plug-in)", "class Hold: ..."),
    ],
)
def test_a_pattern_finds_its_word(word: str, text: str) -> None:
    assert re.search(rf"\b({BANNED[word]})\b", split(text), re.IGNORECASE)


def test_an_output_of_click_is_not_the_word() -> None:
    assert not re.search(rf"\b({BANNED['echo']})\b", split("click.echo(line)"), re.IGNORECASE)


@pytest.mark.parametrize("folder", [each.name for each in product()])
def test_a_word_that_is_not_said_is_not_said(folder: str) -> None:
    clean = [
        path
        for path in sources()
        if path.parts[0] == folder and not any(path.is_relative_to(each) for each in NOT_YET_CLEAN)
    ]
    assert [each for path in clean for word in BANNED.values() for each in said(path, word)] == []


def test_a_word_that_is_not_said_is_not_said_in_the_tests() -> None:
    tests = [path.relative_to(ROOT) for path in sorted((ROOT / "tests").rglob("*.py"))]
    clean = [
        path for path in tests if not any(path.is_relative_to(each) for each in TESTS_NOT_YET_CLEAN)
    ]
    assert [each for path in clean for word in BANNED.values() for each in said(path, word)] == []


@cache
def classes() -> dict[str, list[Path]]:
    """Return the files that define each class."""
    found = defaultdict(list)
    for path in sources():
        if path.suffix == ".py" and path.parts[0] != "bench":
            for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(path)
    return found


def test_a_class_name_stands_for_one_class() -> None:
    doubles = {
        name: [str(path) for path in paths]
        for name, paths in classes().items()
        if len(paths) > 1 and name not in ROLES | NOT_YET_ONE
    }
    assert doubles == {}


@cache
def identifiers() -> frozenset[str]:
    """Return all names that occur in the product."""
    text = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in sources())
    return frozenset(re.findall(r"\w+", text))


def exists(cell: str) -> bool:
    """Return whether what a cell names is in the product: a file, topic, command or identifier."""
    if cell.startswith("wallbox "):
        return cell.removeprefix("wallbox ") in VERBS
    if "/" in cell and (list(ROOT.glob(cell)) or fnmatch(cell, "*.py")):
        return bool(list(ROOT.glob(cell)))
    if "/" in cell:
        name, _, field = cell.partition(".")
        pattern = re.sub(r"<\w+>", "*", name)
        topics = [each for each in TOPICS.values() if fnmatch(each.name, pattern)]
        return bool(topics) and all(
            not field or field in each.message.__struct_fields__ for each in topics
        )
    if found := re.fullmatch(r"(\w+)\.([A-Z]\w+)", cell):  # a class, and its folder
        files = [*classes().get(found[2], ()), *exporters(found[2])]
        return any(found[1] in path.parts for path in files)
    return set(re.findall(r"[A-Za-z_]\w*", cell)) <= identifiers()


def exporters(name: str) -> list[Path]:
    """Return the packages whose `__all__` has a name."""
    return [
        path
        for path in sources()
        if path.name == "__init__.py" and f'    "{name}",' in (ROOT / path).read_text("utf-8")
    ]


PLACES = [
    cell for row in rows("Words and what they mean") for cell in re.findall("`(.+?)`", row[2])
]


@pytest.mark.parametrize("cell", PLACES)
def test_what_stands_in_the_code_is_there(cell: str) -> None:
    assert exists(cell) or cell in NOT_YET_FOUND


def test_what_is_not_there_is_not_found() -> None:
    missing = ("nodes/none.py", "load/none", "bus.None", "wallbox none", "not_said_anywhere_s")
    assert not any(exists(each) for each in missing)


def test_the_words_stand_in_the_order_of_the_alphabet() -> None:
    words = [row[0].lower() for row in rows("Words and what they mean")]
    assert words == sorted(words)
