"""When something was handed in, whatever `timestamp.txt` says: the right moment, or "time unknown".

nbgrader's own reader takes `KST` for UTC and `+0900` for fifteen minutes, and ends grading where it can read
nothing. Here a time is believed only if it can mean one moment: what is ambiguous, incomplete or of a zone that
nobody knows is unknown, and an unknown time costs no points by machine.
"""

import contextlib
import email.utils
import os
import re
import stat
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from dateutil import parser, tz
from nbgrader.coursedir import CourseDirectory

from autograder.errors import GradingError

TIMESTAMP = "timestamp.txt"
UTC_FORM = "%Y-%m-%d %H:%M:%S.%f UTC"
MAX_BYTES = 1024
YEARS = range(2000, 2100)
ZONES = {
    **{"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3},
    **{"MSK": 3, "SGT": 8, "HKT": 8, "AWST": 8, "KST": 9, "JST": 9, "AEST": 10, "AEDT": 11},
    **{"NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PDT": -7, "HST": -10},
}
"""Hours ahead of UTC of names that mean one zone; CST, IST, PST and others mean several."""
EPOCH = re.compile(r"(\d{10}|\d{13})(?:\.\d+)?")
YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)|(?<!\d)20\d{6}T")
"""A year in full; one of two digits may be a day."""
YEAR_FIRST = re.compile(r"\d{4}\D|\d{8}T")
KOREAN = re.compile(
    r"(?P<year>\d{4})\s*[년.]\s*(?P<month>\d{1,2})\s*[월.]\s*(?P<day>\d{1,2})\s*[일.]?\s*"
    r"(?:\(?[월화수목금토일](?:요일)?\)?\s*,?\s*)?(?P<half>오전|오후)?\s*"
    r"(?P<hour>\d{1,2})\s*(?:시|:)\s*(?:(?P<minute>\d{1,2})\s*분?)?\s*(?::?\s*(?P<second>\d{1,2})\s*초?)?"
    r"\s*(?P<zone>[A-Z]{3}|[+-]\d{2}:?\d{2})?"
)
OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?$")
FIRST, OTHER = datetime(2001, 1, 1), datetime(2002, 2, 2, 3, 4)
"""Two moments that differ in all that a text must say itself, seconds apart."""


def read_timestamp(content: bytes, zone: tzinfo = UTC) -> datetime | None:
    """Read a time.

    Parameters
    ----------
    content : of the file, in UTF-8, UTF-16 or CP949.
    zone : of the course, which a time without one is of; its own names of zones go before others.

    Returns
    -------
    datetime in UTC, or None where the content means no one moment.
    """
    text = _text_of(content)
    if text is None:
        return None
    for read in (_epoch, _korean, _written):
        with contextlib.suppress(ValueError, OverflowError, TypeError, parser.ParserError):
            moment = read(text, zone)
            if moment is not None:
                moment = moment.astimezone(UTC)
                return moment if moment.year in YEARS else None
    return None


def timestamp_of(folder: Path, zone: tzinfo = UTC) -> tuple[datetime | None, bool]:
    """When the submission in a folder was handed in, and whether there is a file that should say so."""
    path = Path(folder) / TIMESTAMP
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None, False
    except OSError:
        return None, True  # a link, or nothing that can be read
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None, True
        return read_timestamp(os.read(descriptor, MAX_BYTES + 1), zone), True
    finally:
        os.close(descriptor)


def zone_of(name: str) -> tzinfo:
    """The time zone of a course, by `c.Exchange.timezone`.

    Raises
    ------
    GradingError
        Where there is none of the name: times without a zone would be read wrongly, and points lost by it.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise GradingError(
            f"c.Exchange.timezone in nbgrader_config.py names no time zone ({name!r}): write one as 'Asia/Seoul'."
        ) from None


def believe_readable_times(config) -> None:
    """Let nbgrader read the times of submissions as this module does, instead of ending where it cannot."""
    zone = zone_of(config.Exchange.get("timezone", "UTC"))

    def get_existing_timestamp(self, dest_path: str) -> datetime | None:
        moment, is_there = timestamp_of(Path(dest_path), zone)
        if is_there and moment is None:
            self.log.warning(
                "The time in %s/%s is unknown: no penalty by machine.", dest_path, TIMESTAMP
            )
        return moment and moment.replace(tzinfo=None)  # the gradebook keeps UTC without a zone

    CourseDirectory.get_existing_timestamp = get_existing_timestamp


def _text_of(content: bytes) -> str | None:
    """The one line of a file, its characters plain; None where it is no text, or several lines."""
    if len(content) > MAX_BYTES:
        return None
    text = None
    codings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp949")
    if b"\0" in content[:4] and codings[0] != "utf-16":
        codings = ("utf-16-be",) if content[:1] == b"\0" else ("utf-16-le",)
    for coding in codings:
        with contextlib.suppress(UnicodeDecodeError):
            text = text if text is not None else content.decode(coding)
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    if len(lines) != 1 or any(unicodedata.category(each) == "Cc" for each in lines[0]):
        return None
    return " ".join(unicodedata.normalize("NFKC", lines[0]).split()).strip("\"'")


def _epoch(text: str, zone: tzinfo) -> datetime | None:
    if not (match := EPOCH.fullmatch(text)):
        return None
    return datetime.fromtimestamp(float(text) / (1000 if len(match[1]) == 13 else 1), UTC)


def _korean(text: str, zone: tzinfo) -> datetime | None:
    match = KOREAN.fullmatch(text)
    if not match or ("년" not in text and match["half"] is None and ". " not in text):
        return None
    fields = match.groupdict()
    year, month, day, hour, minute, second = (
        int(fields[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    if fields["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if fields["half"] == "오후" else 0)
    own = _zone(fields["zone"], zone) if fields["zone"] else zone
    return datetime(year, month, day, hour, minute, second, tzinfo=own)


def _written(text: str, zone: tzinfo) -> datetime | None:
    """ISO 8601, RFC 2822, and what people and programs write in English, where it can mean one moment only."""
    if match := OFFSET.search(text):
        before = text[: match.start()].rstrip()
        if ":" in before or "T" in before:  # else it is a part of a date
            moment = _moment(before, zone)
            hours, minutes = int(match[2]), int(match[3] or 0)
            if hours > 14 or minutes > 59:
                return None
            offset = timedelta(hours=hours, minutes=minutes) * (-1 if match[1] == "-" else 1)
            return moment and moment.replace(tzinfo=tz.tzoffset(None, offset))
    if text.endswith(")") and (rfc := email.utils.parsedate_to_datetime(text)):
        return rfc if rfc.tzinfo else None
    return _moment(text, zone)


def _moment(text: str, zone: tzinfo) -> datetime | None:
    """A time that says its date, hour and minute, and reads the same whichever number comes first."""
    if not YEAR.search(text):
        return None
    orders = (False,) if YEAR_FIRST.match(text) else (False, True)
    found = {
        parser.parse(
            text, default=default, dayfirst=order, tzinfos=lambda name, _: _zone(name, zone)
        )
        for default in (FIRST, OTHER)
        for order in orders
    }
    if len(found) != 1:
        return None
    moment = found.pop()
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _zone(name: str | None, zone: tzinfo) -> tzinfo | None:
    """The zone of a name or an offset; raises ValueError where it is none, or may be several."""
    if name is None:
        return None
    if match := OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return tz.tzoffset(name, -offset if match[1] == "-" else offset)
    year = datetime.now(UTC).year
    own = {datetime(year, month, 1, tzinfo=zone).tzname() for month in (1, 7)}
    if name in own:
        return zone
    if name not in ZONES:
        raise ValueError(name)
    return tz.tzoffset(name, timedelta(hours=ZONES[name]))
