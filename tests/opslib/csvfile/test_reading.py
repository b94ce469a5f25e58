"""Hostile files: everything is told with its row, nothing is a traceback, memory stays bounded."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opslib.csvfile import Source, changed, guess
from opslib.csvfile.reading import LONGEST_CELL, Table, read
from opslib.errors import UserError


def table(data: bytes, **how: object) -> Table:
    source = Source.of(data)
    found = guess(source, None, **{"header": True, **how})
    return read(source, found.encoding, found.delimiter, found.header)


def keys(found: Table) -> list[str | None]:
    return [line.problem.key if line.problem else None for line in found.rows]


def test_rows_know_their_lines():
    found = table(b'a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n')
    assert found.columns == ("a", "b")
    assert [(line.number, line.cells) for line in found.rows] == [(2, ("1", "x\r\ny")), (5, ("2", "z"))]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_kind_of_line_end(end):
    assert [line.cells for line in table(end.join(["a,b", "1,2", "3,4"]).encode()).rows] == [("1", "2"), ("3", "4")]


def test_mixed_line_ends():
    assert len(table(b"a,b\r\n1,2\n3,4\r5,6").rows) == 3


def test_ragged_rows_are_told_and_empty_cells_beyond_the_end_are_not():
    assert keys(table(b"a,b\n1\n1,2\n1,2,,\n1,2,3\n")) == ["csv_ragged", None, None, "csv_ragged"]


def test_a_quote_without_end_spoils_its_own_row_only():
    assert keys(table(b'a,b\n1,"open\n2,x\n3,y\n')) == ["csv_quotes", None, None]


def test_text_behind_a_quote_is_told():
    assert keys(table(b'a,b\n1,"x"y\n2,z\n')) == ["csv_quotes", None]


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (b"1,a\0b", "csv_null"),
        (b"1,a\xff\xfeb", "csv_bytes"),
        ("1,a\ufeffb".encode(), "csv_mark"),
        ("1,a\ud800b".encode("utf-8", "surrogatepass"), "csv_bytes"),
    ],
)
def test_strange_bytes_are_told_with_their_row(row, key):
    assert keys(table(b"a,b\n" + row + b"\n2,y\n", encoding="utf-8")) == [key, None]


def test_a_mark_at_the_start_of_a_line_is_dropped():
    assert [line.cells for line in table("a,b\n\ufeff1,2\n".encode()).rows] == [("1", "2")]


def test_cells_of_ten_megabytes_are_told_within_bounded_memory():
    data = b"a,b\n1," + b"x" * (10 << 20) + b'\n2,"' + (b"y" * 1023 + b"\n") * (10 << 10) + b'"\n3,z\n'
    tracemalloc.start()
    found = table(data, delimiter=",")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.rows[0].problem.key == "csv_cell_too_large" and found.rows[0].cells == ()
    assert found.rows[-1].cells == ("3", "z")
    assert peak < 400 << 20


def test_a_long_cell_that_fits_is_read():
    assert table(b"a,b\n1," + b"x" * (LONGEST_CELL - 1) + b"\n").rows[0].problem is None


def test_very_many_columns_are_refused_in_words():
    with pytest.raises(UserError, match="too many columns"):
        table(b",".join(b"c%d" % n for n in range(5000)) + b"\n")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_told(data):
    with pytest.raises(UserError, match="empty"):
        table(data)


def test_only_a_header_is_a_table_without_rows():
    found = table(b"username,quota\n")
    assert found.columns == ("username", "quota") and found.rows == []


def test_columns_named_alike_are_told():
    assert table(b"a,b,a\n1,2,3\n").twice == ["a"]


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        Source.of(tmp_path / "nowhere.csv")


# -- the guess ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_guessed(encoding, delimiter):
    rows = [["Name", "Straße"], ["Jürgen", "Höhe, 5"], ["Åsa", 'a "b"']]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    found = table(text.getvalue().encode(encoding))
    assert [list(found.columns), *(list(line.cells) for line in found.rows)] == rows


def test_excels_line_about_the_delimiter_is_understood():
    found = table(b"sep=;\r\na;b\r\n1;2,5\r\n")
    assert found.columns == ("a", "b") and found.rows[0].cells == ("1", "2,5")


def test_windows_text_is_not_taken_for_latin():
    assert guess(Source.of("a,b\n€,“x”\n".encode("cp1252"))).encoding == "cp1252"


def test_nearly_all_utf8_stays_utf8():
    data = "a,b\n" + "é,ü\n" * 50
    assert guess(Source.of(data.encode() + b"\xff,x\n")).encoding == "utf-8"


def test_the_guess_is_said_and_can_be_changed():
    source = Source.of(b"a;b\n1;2\n")
    found = guess(source)
    assert found.sentences() == [
        "Encoding: UTF-8.",
        "Cells are parted by: semicolon.",
        "Header: the first row names the columns.",
    ]
    other = changed(found, source, delimiter="comma", header=False)
    assert (other.delimiter, other.header, other.columns) == (",", False, ("column 1",))


@pytest.mark.parametrize(
    "how", [{"encoding": "klingon"}, {"delimiter": "ab"}, {"delimiter": "\n"}, {"encoding": "base64"}]
)
def test_what_is_set_by_hand_is_checked(how):
    with pytest.raises(UserError):
        guess(Source.of(b"a,b\n"), None, **how)


# -- fuzz -----------------------------------------------------------------------------------------------------------
PIECES = st.sampled_from(
    [b",", b";", b'"', b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"a", b"=1", b"\t", b"'"]
)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.lists(PIECES, max_size=60).map(b"".join))
def test_no_bytes_are_a_traceback(data):
    try:
        found = table(data)
    except UserError as error:
        assert str(error)
        return
    for line in found.rows:
        assert line.problem is None or line.problem.text
        assert line.problem is not None or len(line.cells) == len(found.columns)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff\ufffd"), max_size=8),
                         min_size=3, max_size=3), min_size=1, max_size=6))  # fmt: skip
def test_what_the_csv_module_writes_is_read_back(rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    found = table(text.getvalue().encode(), delimiter=",", encoding="utf-8")
    assert [list(line.cells) for line in found.rows] == rows
