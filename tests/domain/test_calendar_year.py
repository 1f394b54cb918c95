"""A year of a calendar as people are to approve it: each day that is not like its weekday has a name."""

from datetime import date

from domain.calendar_year import CalendarYear, Unusual, year_of
from domain.terms.calendars import Calendar
from domain.zones import zone_named


def preview(zone: str, year: int, **said: object) -> CalendarYear:
    return year_of(Calendar.model_validate(said), zone_named(zone), year)


def told(year: CalendarYear) -> list[tuple[str, Unusual, str | None, int, int]]:
    """Each unusual day, with its hours and the usual ones."""
    return [
        (f"{each.day}", each.why, each.name, each.open_s // 3600, each.usual_s // 3600)
        for each in year.unusual
    ]


def test_each_skipped_and_each_shortened_day_is_named() -> None:
    year = preview(
        "Europe/London",
        2027,
        hours={"mon-fri": "08:00-12:30"},
        holidays=[{"on": "2027-03-26", "name": "Good Friday"}, "2027-05-03", "2027-12-25"],
        add=[{"on": "2027-12-24", "name": "Office closed"}],
        drop=["2027-05-03"],
        extra=[{"on": "2027-12-18", "hours": "09:00-13:00", "name": "Extra Saturday"}],
        versions=[{"effective_from": "2027-07-01", "hours": {"mon-fri": "08:00-17:00"}}],
    )

    assert told(year) == [
        ("2027-03-26", Unusual.HOLIDAY, "Good Friday", 0, 4),
        ("2027-05-03", Unusual.WORKED_HOLIDAY, None, 4, 4),
        ("2027-07-01", Unusual.NEW_HOURS, None, 9, 9),
        ("2027-12-18", Unusual.OWN_HOURS, "Extra Saturday", 4, 0),
        ("2027-12-24", Unusual.CLOSED, "Office closed", 0, 9),
    ]
    assert year.holidays_until == date(2027, 12, 25)
    assert year.working_days == 261 - 2 + 1
    assert year.open_s == sum(month.open_s for month in year.months)
    assert year.months[0].open_s == 21 * 4.5 * 3600


def test_days_on_which_the_clocks_change_are_shorter_or_longer() -> None:
    year = preview("Europe/London", 2027, hours="24x7")

    assert told(year) == [
        ("2027-03-28", Unusual.SHORTER, None, 23, 24),
        ("2027-10-31", Unusual.LONGER, None, 25, 24),
    ]
    assert (year.working_days, year.open_s) == (365, 365 * 86_400)


def test_a_night_belongs_to_the_day_on_which_it_starts() -> None:
    year = preview("Europe/London", 2027, hours={"sat": "22:00-06:00"})

    assert told(year) == [
        ("2027-03-27", Unusual.SHORTER, None, 7, 8),
        ("2027-10-30", Unusual.LONGER, None, 9, 8),
    ]


def test_a_day_that_the_zone_skipped_is_named() -> None:
    """Samoa went from 29 to 31 December 2011."""
    year = preview("Pacific/Apia", 2011, hours={"mon-fri": "09:00-17:00"})

    assert told(year) == [("2011-12-30", Unusual.NO_SUCH_DAY, None, 0, 8)]


def test_a_leap_year_has_366_days_and_one_without_surprises_names_none() -> None:
    year = preview("UTC", 2028, hours="24x7")

    assert (year.working_days, year.unusual, year.holidays_until) == (366, (), None)
