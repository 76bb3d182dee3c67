"""Print the weekdays of some years on which KRX is closed, as lines of krx_holidays.csv.

KRX closes on public holidays with their substitutes, on 1 May and on the last weekday of the year. The public holidays
come from the package `holidays`, which the project itself does not need:

    python -m venv /tmp/holidays && /tmp/holidays/bin/pip install holidays
    /tmp/holidays/bin/python seeds/krx_holidays.py 2028 >> seeds/krx_holidays.csv

Days that the government declares a holiday at short notice, and elections, have to be added by hand until the package
knows them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta


def closings(year: int) -> Iterator[tuple[date, str]]:
    """Yield each weekday of the year on which KRX is closed, with its Korean name, in order."""
    import holidays

    public = holidays.country_holidays("KR", years=year, language="ko")
    last = date(year, 12, 31)
    while last.weekday() > 4:
        last -= timedelta(days=1)
    closed = {date(year, 5, 1): "노동절"} | dict(public) | {last: "연말 휴장일"}
    for day, name in sorted(closed.items()):
        if day.weekday() < 5:
            yield day, name.replace(",", ";")


if __name__ == "__main__":
    for chosen in sys.argv[1:]:
        for day, name in closings(int(chosen)):
            print(f"{day},{name}")
