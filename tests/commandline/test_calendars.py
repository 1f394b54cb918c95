"""`covenant calendar`: a year to approve, and holidays to paste, as a person at a terminal sees it."""

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from domain.opening_hours import day_of
from domain.terms.calendars import Calendar
from starter import main

BOSTON = "examples/contracts/boston-311/agreement.yaml"


def covenant(*said: str) -> Result:
    return CliRunner().invoke(main, ["calendar", *said])


def test_a_year_of_a_document_names_its_holidays() -> None:
    result = covenant("show", BOSTON, "--year", "2027")

    assert result.exit_code == 0
    assert "2027, in America/New_York: 253 working days" in result.stdout
    assert "2027-05-31 Mon  holiday: 0 h open, usually 8 h 30 min" in result.stdout


def test_a_year_after_the_last_holiday_says_so() -> None:
    result = covenant("show", BOSTON, "--year", "2029")

    assert "Its last holiday is 2028-02-21" in result.stdout


def test_a_year_as_json_has_months_and_days() -> None:
    result = covenant("show", BOSTON, "--year", "2027", "--json")

    (calendar,) = json.loads(result.stdout)["calendars"]
    assert calendar["working_days"] == 253
    assert sum(month["open_s"] for month in calendar["months"]) == calendar["open_s"]
    assert calendar["unusual"][0]["why"] == "holiday"


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        (("show", BOSTON, "--calendar", "moon"), 3, "there is no calendar `moon`"),
        (("show", "tests/documents/ten_mistakes.yaml"), 8, "ten_mistakes.yaml:"),
        (("holidays", "GB-ENG", "--years", "27"), 2, "'27' names no years"),
        (("holidays", "GB-ENG", "--years", "2029-2027"), 2, "names no years"),
        (("holidays", "XX", "--years", "2027"), 3, "no holidays are known for 'XX'"),
        (("holidays", "GB-XX", "--years", "2027"), 3, "there are ENG"),
    ],
)
def test_what_cannot_be_shown_says_why(said: tuple[str, ...], code: int, message: str) -> None:
    result = covenant(*said)

    assert result.exit_code == code
    assert message in result.stderr


def test_a_document_without_calendars_says_what_that_means(tmp_path: Path) -> None:
    document = tmp_path / "plain.yaml"
    document.write_text(
        "agreement: plain\ntitle: Plain\nzone: UTC\nterm: {starts_on: 2027-01-01, months: 12}\n"
        "parties: {client: {name: Lindenhof Clinics}, provider: {name: Farrow Desk Services}}\n"
        "kpis: []\n"
    )

    result = covenant("show", str(document))

    assert result.exit_code == 3
    assert "clocks and KPIs run around the clock" in result.stderr


def test_a_calendar_that_is_always_the_same_says_so(tmp_path: Path) -> None:
    document = tmp_path / "always.yaml"
    document.write_text(
        "agreement: always\ntitle: Always\nzone: UTC\nterm: {starts_on: 2027-01-01, months: 12}\n"
        "parties: {client: {name: Lindenhof Clinics}, provider: {name: Farrow Desk Services}}\n"
        "calendars: {always: {hours: 24x7}}\nkpis: []\n"
    )

    result = covenant("show", str(document))

    assert "365 working days, 8,760 h open" in result.stdout
    assert "Every day is like its weekday." in result.stdout
    assert "It knows no holidays." in result.stdout


def test_printed_holidays_can_be_pasted_into_a_calendar() -> None:
    result = covenant("holidays", "GB-ENG", "--years", "2027-2028")

    texts = yaml.load(result.stdout, yaml.BaseLoader)  # noqa: S506 - as the reader of terms sees it
    pasted = Calendar.model_validate({"hours": "24x7"} | texts)
    assert [day_of(day) for day in pasted.holidays][:2] == [date(2027, 1, 1), date(2027, 3, 26)]
    assert len(pasted.holidays) == 19
    assert "check before you agree" in result.stdout


def test_holidays_as_json_name_their_source() -> None:
    result = covenant("holidays", "DE", "--years", "2027", "--json")

    said = json.loads(result.stdout)
    assert said["source"].startswith("holidays ")
    assert said["holidays"][0] == {
        "on": "2027-01-01",
        "name": "New Year's Day",
        "estimated": False,
    }


def test_days_that_hang_on_the_moon_are_marked_as_estimates() -> None:
    result = covenant("holidays", "MY", "--years", "2040", "--json")

    estimated = [each for each in json.loads(result.stdout)["holidays"] if each["estimated"]]
    assert any("Eid al-Fitr" in each["name"] for each in estimated)


def test_a_region_without_known_days_in_those_years_says_so() -> None:
    result = covenant("holidays", "GB-ENG", "--years", "1850")

    assert result.exit_code == 3
    assert "knows no holidays of GB-ENG in 1850" in result.stderr
