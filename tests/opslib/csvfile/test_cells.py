"""Formulas are neutralised, and come back exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opslib.csvfile import harmless, restored

STARTS = st.text(alphabet="'=+-@\t\r\n＝ab1", max_size=8)


@given(STARTS | st.text())
def test_the_way_back_is_exact(text):
    assert restored(harmless(text)) == text


@given(STARTS | st.text())
def test_no_cell_begins_a_formula(text):
    written = harmless(text)
    assert written[:1] not in {"=", "@", "\t", "\r", "\n", "＝"}
    assert written[:1] not in {"+", "-"} or written[1:].replace(".", "").replace(",", "").isdecimal()


@pytest.mark.parametrize("text", ["-1", "12", "+4.5", "", "plain", "'quoted", "O'Brien"])
def test_numbers_and_plain_text_stay(text):
    assert harmless(text) == text
