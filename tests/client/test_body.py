import gzip
import io
from pathlib import Path

import pytest

from tailmass.client.body import PIECE_BYTES, Data, body

TEXT = "time,value\n1,ü\n"


@pytest.mark.parametrize("data", [TEXT, TEXT.encode(), bytearray(TEXT.encode()), memoryview(TEXT.encode())])
def test_what_is_all_here_becomes_bytes(data: Data) -> None:
    assert body(data) == TEXT.encode()


@pytest.mark.parametrize(
    "data", [io.StringIO(TEXT), io.BytesIO(TEXT.encode()), iter([TEXT[:5], b"", TEXT[5:].encode()])]
)
def test_files_and_iterables_become_pieces_none_of_them_empty(data: Data) -> None:
    pieces = list(body(data))
    assert b"".join(pieces) == TEXT.encode()  # type: ignore[arg-type]
    assert all(pieces)


def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"x" * (2 * PIECE_BYTES + 1))
    with path.open("rb") as rows:
        assert [len(piece) for piece in body(rows)] == [PIECE_BYTES, PIECE_BYTES, 1]  # type: ignore[arg-type]


def test_an_unzipping_file_is_sent_unzipped(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    with gzip.open(path, "rb") as rows:
        assert b"".join(body(rows)) == TEXT.encode()  # type: ignore[arg-type]


def test_a_row_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError):
        list(body([5]))  # type: ignore[list-item]
