from tailmass.intake.blocks import BlockReader
from tailmass.intake.fields import Fields
from tailmass.intake.lines import Lines
from tailmass.intake.piece import Piece
from tailmass.jobs import DataDescription

LINES = DataDescription(format="SINGLE_LINE")


def pieces(content: bytes, fields: Fields, block_bytes: int = 1 << 20) -> list[Piece]:
    source = BlockReader(Lines(LINES, fields), block_bytes=block_bytes)
    return [*source.feed(content), *source.finish()]


def test_each_line_is_one_field() -> None:
    content = b'a,"b\r\n\n c\xc3\xa9\n\xff'
    for block_bytes in (1, 5, 100):
        found = pieces(content, Fields("time", ("raw",)), block_bytes)
        assert [text for piece in found for text in piece.columns.texts["raw"]] == ['a,"b', " cé", "�"]
        assert sum(piece.input_bytes for piece in found) == len(content)
        assert sum(piece.input_field_count for piece in found) == 3


def test_other_fields_are_missing() -> None:
    [piece] = pieces(b"x\n", Fields("time", ("host",), ("value",)))
    assert not piece.columns.dated.any()
    assert piece.columns.missing(["host", "value"]) == 2


def test_lines_can_be_times() -> None:
    [piece] = pieces(b"1402473600\nx\n", Fields("raw"))
    assert piece.columns.times.tolist() == [1402473600000, 0]
    assert piece.columns.dated.tolist() == [True, False]


def test_nothing_is_fine() -> None:
    assert sum(len(piece) for piece in pieces(b"", Fields("raw"))) == 0
