"""Uploads of 100 MB that are cut in their middle: no import, no job and no file of them is left,
and nobody else notices.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from conftest import bearer
from faults.office import Office, office
from faults.wire import AT_ONCE
from gridwarden.settings import Settings

TIMES = 10
SIZE = 100 * 2**20
PIECE = (
    b'{"type": "Feature", "geometry": null, "properties": {"id": "h", "height": 1.0}},\n' * 4_000
)
TOKEN = "a-token-for-monitoring"


@pytest.fixture(scope="module")
def at_work(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose folder for what is passing is its own."""
    folder = tmp_path_factory.mktemp("uploads")
    passing = folder / "passing"
    passing.mkdir()
    with office(
        *(module_city, folder), TMPDIR=str(passing), GRIDWARDEN_METRICS_TOKEN=TOKEN,
        GRIDWARDEN_LOG_REQUESTS="all",
    ) as made:  # fmt: skip
        yield made


def left(made: Office) -> set[str]:
    """Files that an upload may leave, and open ones without a name."""
    assert made.process is not None
    held = []
    for one in Path(f"/proc/{made.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed just now
            held.append(str(one.readlink()))
    left = {*made.settings.files.rglob("*"), *(made.folder / "passing").rglob("*")}
    return {str(one) for one in left} | {one for one in held if one.endswith("(deleted)")}


def rows(made: Office) -> list[tuple[object, ...]]:
    """What an import writes."""
    return made.rows(
        "select (select count(*) from data.job), (select count(*) from data.import),"
        " (select count(*) from data.dataset)"
    )


@pytest.mark.parametrize(
    ("reset", "chunked"),
    [
        pytest.param(True, False, id="reset"),
        pytest.param(False, False, id="closed", marks=pytest.mark.deep),
        pytest.param(True, True, id="chunks, reset", marks=pytest.mark.deep),
        pytest.param(False, True, id="chunks, closed", marks=pytest.mark.deep),
    ],
)
def test_nothing_is_left_of_an_upload_that_is_cut_ten_times(
    at_work: Office, reset: bool, chunked: bool
) -> None:
    at_work.wait(at_work.nothing_waits)
    before, written = left(at_work), rows(at_work)
    for _ in range(TIMES):
        half_an_upload(at_work, reset, chunked)
        assert at_work.ready()
    at_work.wait(lambda: left(at_work) <= before)
    assert rows(at_work) == written
    whole = at_work.bring(f"whole {reset} {chunked}", [1.0] * 20)
    at_work.wait(lambda: at_work.state(whole) == "published")


def half_an_upload(made: Office, reset: bool, chunked: bool) -> None:
    """Send half of a file, and end the connection."""
    begin = (
        b'--cut\r\nContent-Disposition: form-data; name="layer"\r\n\r\nbuildings\r\n'
        b'--cut\r\nContent-Disposition: form-data; name="dataset"\r\n\r\ncut\r\n'
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="cut.geojson"\r\n'
        b'Content-Type: application/geo+json\r\n\r\n{"type": "FeatureCollection", "features": [\n'
    )
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
    with socket.create_connection(("127.0.0.1", made.settings.port)) as sent:
        sent.sendall(
            b"POST /api/imports HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Authorization: %s\r\nContent-Type: multipart/form-data; boundary=cut\r\n%s\r\n\r\n"
            % (made.key["Authorization"].encode(), length)
        )
        done, piece = 0, begin
        while done < SIZE // 2:
            sent.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            done, piece = done + len(piece), PIECE
        if reset:
            sent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)


def test_it_is_told_as_cut_and_is_no_fault_of_ours(at_work: Office) -> None:
    half_an_upload(at_work, reset=True, chunked=False)
    at_work.wait(lambda: "499" in statuses(at_work))
    assert statuses(at_work) == {"202", "499"}
    lines = at_work.lines()
    assert {line["event"] for line in lines} == {"request", "job ended"}
    told = [one for one in lines if one.get("status") == 499]
    assert {one["route"] for one in told} == {"/api/imports"}
    assert all(one["level"] == "info" and one["request_id"] for one in told)


def statuses(made: Office) -> set[str]:
    """How many ways `/metrics` has seen uploads answered."""
    figures = made.http.get("/metrics", headers=bearer(TOKEN)).text
    asked = r'gridwarden_requests_total\{method="POST",route="/api/imports",status="(\d+)"\}'
    return set(re.findall(asked, figures))
