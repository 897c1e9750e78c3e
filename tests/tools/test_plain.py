"""tools/plain.py finds the sentences that it should, and nothing in code, tables and formulas."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("plain", Path(__file__).parents[2] / "tools" / "plain.py")
plain = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(plain)


def test_prose_is_split_into_sentences_and_code_and_tables_are_not_read():
    text = (
        "# A heading\n\nUse `nn.LSTM(dropout=p)` here. It is 1/(1-p).\nThe mean is $a. b$.\n\n"
        "- An item\n  of two lines.\n\n"
        "| a cell that stands alone |\n|---|\n\n```\nIt stands alone.\n```\n"
    )
    read = list(plain.sentences(text))
    assert read == ["Use code here.", "It is 1/(1-p).", "The mean is code.", "An item of two lines."]
    assert [plain.reasons(sentence) for sentence in read] == [[]] * 4


def test_long_sentences_and_words_to_avoid_are_marked():
    assert plain.reasons(" ".join(["word"] * 25)) == []
    assert plain.reasons(" ".join(["word"] * 26)) == ["26 words"]
    assert plain.reasons("The mask stands alone, from 3.8 on.") == ["alone", "from 3.8 on", "stands"]
    assert plain.reasons("A handheld layer understands outlines.") == []


def test_the_help_of_every_option_is_read():
    read = dict(plain.texts("help"))
    assert read["recdrop check"] and read["recdrop check seed"]
