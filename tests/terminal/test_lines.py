"""Lines of a terminal: wrapping between words, leaving out by rank, ASCII where needed."""

import pytest

from terminal.lines import Span, Style, TextLine, encodable, fit, plain, wrap


def texts(spans: list[Span], width: int) -> list[str]:
    return [TextLine(line).text for line in wrap(spans, width)]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two", 10, ["one two"]),
        ("one two three", 10, ["one two", "three"]),
        ("one two th", 10, ["one two th"]),
        ("  one   two  ", 10, ["one two"]),
        ("abcdefghijklm no", 5, ["abcde", "fghij", "klm", "no"]),
        ("a abcdefgh", 5, ["a", "abcde", "fgh"]),
    ],
)
def test_lines_break_between_words_and_never_exceed_the_width(
    text: str, width: int, lines: list[str]
) -> None:
    assert texts([Span(text)], width) == lines
    assert all(len(line) <= width for line in lines)


def test_wrapping_keeps_styles_and_puts_a_space_between_spans() -> None:
    first, second = wrap([Span("one", Style.STRONG), Span("two three")], 8)
    assert first == (Span("one", Style.STRONG), Span(" "), Span("two"))
    assert second == (Span("three"),)


def test_the_highest_rank_is_left_out_first_and_of_equals_the_last() -> None:
    lines = [TextLine((Span(str(rank)),), rank) for rank in (0, 2, 1, 2, 0)]
    kept = [[line.rank for line in fit(lines, height)] for height in range(6)]
    assert kept == [[], [0], [0, 0], [0, 1, 0], [0, 2, 1, 0], [0, 2, 1, 2, 0]]


def test_control_characters_become_question_marks() -> None:
    assert plain("a\x1b[31mb\x07\r\n\u202e ü") == "a?[31mb???? ü"


def test_an_encoding_without_box_characters_gets_ascii() -> None:
    assert encodable("─█▒· ü", "utf-8") == "─█▒· ü"
    assert encodable("─█▒· ü", "iso-8859-1") == "-#+. ?"
