from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslib import conffile

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
values = st.text(st.characters(exclude_categories=()), max_size=40)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  A = b  ", "b"),
        ("export A=b", "b"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=b # comment", "b"),
        ("A=b#c", "b#c"),
        ("A=two words", "two words"),
        ("A=x=y", "x=y"),
        (r"A=back\slash", r"back\slash"),
        ("A=$(reboot)", "$(reboot)"),
        ("A='it # $x \\n'", "it # $x \\n"),
        ('A="a\\"b\\n\\$c\\d" # c', 'a"b\n$c\\d'),
        ("A=it's", "it's"),
        ("A=1\r\nB=2", "1"),
        ("A=1\nA=2", "2"),
    ],
)
def test_a_line_reads_as_compose_reads_it(line: str, value: str) -> None:
    assert conffile.parse(line)["A"] == value


@pytest.mark.parametrize("line", ["reboot", "A B=1", "1A=b", "=b", "A='open", 'A="open', "A='b' c", 'A="b\\"'])
def test_other_lines_are_refused_by_number_and_not_shown(line: str) -> None:
    with pytest.raises(conffile.ConfError, match="line 3") as caught:
        conffile.parse(f"# comment\n\n{line}")
    assert caught.value.line == 3
    assert line not in str(caught.value)


@given(st.dictionaries(names, values))
def test_what_is_dumped_reads_back(assignments: dict[str, str]) -> None:
    assert conffile.parse(conffile.dump(assignments)) == assignments


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert all(name.isidentifier() for name in conffile.parse(text))
    except conffile.ConfError as error:
        assert 1 <= error.line <= text.count("\n") + 1


def test_bytes_that_are_not_utf8_survive(tmp_path: Path) -> None:
    path = tmp_path / "mailcow.conf"
    path.write_bytes(b"\xef\xbb\xbfA=\xff\n")
    assert conffile.load(path) == {"A": "\udcff"}
