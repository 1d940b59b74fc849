"""Every form of a time that was seen, or could be: the right moment, or unknown."""

import os
from datetime import UTC, datetime

import pytest
from traitlets.config import Config

from autograder.errors import GradingError
from autograder.grading.timestamps import read_timestamp, timestamp_of, zone_of

SEOUL = "Asia/Seoul"
NIGHT = datetime(2026, 11, 20, 14, 59, tzinfo=UTC)
"""23:59 in Seoul."""

RIGHT = {
    "2026-11-20 14:59:00.000000 UTC": NIGHT,
    "2026-11-20 14:59:00 UTC": NIGHT,
    "2026-11-20T14:59:00Z": NIGHT,
    "2026-11-20T14:59:00.000Z": NIGHT,
    "20261120T145900Z": NIGHT,
    "2026-11-20T23:59:00+09:00": NIGHT,
    "2026-11-20 23:59:00 +0900": NIGHT,
    "2026-11-20 23:59:00 +09:00": NIGHT,
    "2026-11-20 23:59:00 +09": NIGHT,
    "2026-11-20 23:59:00+0900": NIGHT,
    "2026-11-20 23:59:00 GMT+9": NIGHT,
    "2026-11-20 23:59:00 UTC+09:00": NIGHT,
    "2026-11-20 09:59:00 -0500": NIGHT,
    "2026-11-20 23:59:00 KST": NIGHT,
    "2026-11-20 23:59:00.000000 KST": NIGHT,
    "2026-11-20 15:59:00 CET": NIGHT,
    "2026-07-20 16:59:00 CEST": datetime(2026, 7, 20, 14, 59, tzinfo=UTC),
    "2026-11-20 09:59:00 EST": NIGHT,
    "2026-11-20 23:59:00": NIGHT,
    "2026-11-20 23:59": NIGHT,
    "2026-11-20T23:59": NIGHT,
    "2026/11/20 23:59:00": NIGHT,
    "20.11.2026 23:59": NIGHT,
    "20/11/2026 23:59": NIGHT,
    "11/20/2026 11:59 PM": NIGHT,
    "Nov 20, 2026 11:59:00 PM": NIGHT,
    "20 November 2026 23:59": NIGHT,
    "Fri Nov 20 23:59:00 KST 2026": NIGHT,
    "Fri, 20 Nov 2026 23:59:00 +0900": NIGHT,
    "Fri, 20 Nov 2026 23:59:00 +0900 (KST)": NIGHT,
    "2026년 11월 20일 23:59": NIGHT,
    "2026년 11월 20일 오후 11:59": NIGHT,
    "2026년 11월 20일 (금) 오후 11시 59분": NIGHT,
    "2026년 11월 20일 금요일 오후 11시 59분 00초": NIGHT,
    "2026. 11. 20. 오후 11:59:00": NIGHT,
    "2026년 11월 20일 오전 12:05": datetime(2026, 11, 19, 15, 5, tzinfo=UTC),
    "1795186740": NIGHT,
    "1795186740.25": datetime(2026, 11, 20, 14, 59, 0, 250000, tzinfo=UTC),
    "1795186740000": NIGHT,
    "  2026-11-20 23:59:00 KST \r\n\n": NIGHT,
    '"2026-11-20T14:59:00Z"': NIGHT,
    "２０２６-１１-２０ 23:59": NIGHT,
}
UNKNOWN = (
    *("", "\n", "nonsense", "tomorrow", "now", "null", "None", "{}", "2026", "23:59", "2026-11-20"),
    *(
        "11월 20일",
        "2026-13-45 10:00:00",
        "2026-11-31 10:00",
        "2026-11-20 25:00:00",
        "05/06/2026 10:00",
    ),
    *("2026-11-20 23:59:00 CST", "2026-11-20 23:59:00 IST", "2026-11-20 23:59:00 Asia/Nowhere"),
    *("2026-11-20 23:59:00 XYZ", "2026-11-20 23:59:00 +9900", "12", "-1", "1e10", "0", "9" * 40),
    *(
        "2026-11-20 23:59:00\n2026-11-21 00:00:00",
        "\x1b[31m2026-11-20 23:59:00",
        "1970-01-01 00:00:00",
    ),
    *(
        "<html>2026-11-20 23:59</html>",
        "2026년 11월 20일",
        "2026년 11월 20일 오후 23:59",
        "x" * 2000,
    ),
)


@pytest.mark.parametrize("text", RIGHT)
def test_a_time_that_can_be_read_is_the_right_moment(text):
    assert read_timestamp(text.encode(), zone_of(SEOUL)) == RIGHT[text]


@pytest.mark.parametrize("text", UNKNOWN)
def test_any_other_is_unknown(text):
    assert read_timestamp(text.encode(), zone_of(SEOUL)) is None


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"])
def test_a_coding_costs_nothing(coding):
    text = "2026년 11월 20일 23:59" if coding == "cp949" else "2026-11-20 23:59:00 KST"
    assert read_timestamp(text.encode(coding), zone_of(SEOUL)) == NIGHT


@pytest.mark.parametrize(
    "content", [bytes(64), b"\xff" * 30, bytes(range(128, 192)), b"\xff\xfe\x00", b"\0"]
)
def test_bytes_that_are_no_text_are_unknown(content):
    assert read_timestamp(content) is None


def test_without_a_zone_the_courses_counts():
    assert read_timestamp(b"2026-11-20 14:59:00", zone_of("UTC")) == NIGHT
    assert read_timestamp(b"2026-11-20 23:59:00", zone_of(SEOUL)) == NIGHT


def test_a_name_of_the_courses_own_zone_goes_before_others():
    assert read_timestamp(b"2026-11-20 08:59:00 CST", zone_of("America/Chicago")) == NIGHT
    assert read_timestamp(b"2026-11-20 22:59:00 CST", zone_of("Asia/Shanghai")) == NIGHT
    assert read_timestamp(b"2026-11-20 20:29:00 IST", zone_of("Asia/Kolkata")) == NIGHT


@pytest.mark.parametrize("make", ["link", "folder", "fifo", "huge"])
def test_what_is_no_small_file_is_unknown_and_never_read(tmp_path, make):
    (tmp_path / "secret").write_text("2026-11-20 14:59:00 UTC")
    path = tmp_path / "timestamp.txt"
    {
        "link": lambda: path.symlink_to(tmp_path / "secret"),
        "folder": path.mkdir,
        "fifo": lambda: os.mkfifo(path),
        "huge": lambda: path.write_bytes(b"2026-11-20 14:59:00 UTC" + b" " * 10**6),
    }[make]()
    assert timestamp_of(tmp_path) == (None, True)


@pytest.mark.parametrize("name", ["Asia/Seol", "", "KST+9 please", "../etc/passwd"])
def test_a_course_of_no_time_zone_is_refused(name):
    with pytest.raises(GradingError, match="c.Exchange.timezone"):
        zone_of(name)


@pytest.mark.parametrize("text", ["26-11-20 23:59", "20.11.26 23:59", "11/20/26 11:59 PM"])
def test_a_year_of_two_digits_is_unknown(text):
    assert read_timestamp(text.encode()) is None


def test_no_file_is_no_time():
    assert timestamp_of("/nowhere") == (None, False)


def test_nbgrader_reads_times_as_the_course_does(tmp_path, monkeypatch):
    from nbgrader.coursedir import CourseDirectory

    from autograder.grading.timestamps import believe_readable_times

    monkeypatch.setattr(
        CourseDirectory, "get_existing_timestamp", CourseDirectory.get_existing_timestamp
    )
    config = Config()
    config.Exchange.timezone = SEOUL
    believe_readable_times(config)
    path = tmp_path / "timestamp.txt"
    path.write_text("2026-11-20 23:59:00 KST")
    course = CourseDirectory(root=str(tmp_path))
    assert course.get_existing_timestamp(str(tmp_path)) == NIGHT.replace(tzinfo=None)
    path.write_text("nonsense")
    assert course.get_existing_timestamp(str(tmp_path)) is None
