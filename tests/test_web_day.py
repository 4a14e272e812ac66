"""The day list: what staff see of a day, and what those without rights do not."""

from __future__ import annotations

import pytest

from .site import ROOT, Site, at, text_of


@pytest.fixture
def site() -> Site:
    return Site()


def test_today_by_the_clinics_clock_with_times_people_and_states(site: Site) -> None:
    site.visit(at(15), client={"first_name": "Mary", "last_name": "Stone"}, minutes=45)
    site.visit(at(9), state="missed", client={"first_name": "Ivan", "last_name": "Early"})
    site.visit(at(9, day=3), client={"first_name": "Not", "last_name": "Today"})

    answer = site.browser().get(f"{ROOT}/")

    seen = text_of(answer)
    assert answer.status_code == 200
    assert "Wednesday, 2 December 2026" in seen
    assert seen.index("09:00 –10:00 Ivan Early") < seen.index("15:00 –15:45 Mary Stone Massage Dr Ivan Kolev Booked")
    assert "Missed" in seen
    assert "Not Today" not in seen
    assert "2 appointments" in seen


def test_the_clinics_midnight_and_not_londons_begins_the_day(site: Site) -> None:
    site.visit(at(15, day=3), client={"first_name": "Tomorrow", "last_name": "Client"})
    site.clock.wall = at(0, 30, day=3)  # 22:30 UTC of the 2nd
    assert "Tomorrow Client" in text_of(site.browser().get(f"{ROOT}/"))


def test_a_cancelled_appointment_is_struck_through_with_its_reason(site: Site) -> None:
    key = site.visit()
    site.cancel(key, reason="family")
    answer = site.browser().get(f"{ROOT}/")
    assert '<s class="fcx-struck">Мария Петрова</s>' in answer.text
    assert "Cancelled Family matter" in text_of(answer)
    assert "1 of them cancelled" in text_of(answer)


def test_cancelled_in_the_hosts_own_pages_it_has_no_reason_but_is_shown(site: Site) -> None:
    site.visit(state="cancelled")
    assert "Cancelled History" in text_of(site.browser().get(f"{ROOT}/"))


def test_cancel_is_offered_only_for_what_is_open_and_still_to_come(site: Site) -> None:
    coming, past, gone = site.visit(at(15)), site.visit(at(9)), site.visit(at(16), state="cancelled")
    page = site.browser().get(f"{ROOT}/").text
    assert f'href="{ROOT}/cancel/{coming}"' in page
    assert f'href="{ROOT}/cancel/{past}"' not in page
    assert f'href="{ROOT}/cancel/{gone}"' not in page
    assert all(f'href="{ROOT}/appointment/{key}"' in page for key in (coming, past, gone))


def test_another_day_and_the_ways_to_its_neighbours(site: Site) -> None:
    site.visit(at(9, day=11), client={"first_name": "Friday", "last_name": "Client"})
    page = site.browser().get(f"{ROOT}/?date=2026-12-11").text
    assert "Friday Client" in page
    assert f'href="{ROOT}/?date=2026-12-10"' in page
    assert f'href="{ROOT}/?date=2026-12-12"' in page
    assert f'href="{ROOT}/?date=2026-12-02"' in page  # today


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-30", "9999-12-31", "0001-01-01"])
def test_what_is_no_date_is_said_at_the_field_and_today_is_shown(site: Site, text: str) -> None:
    site.visit()
    answer = site.browser().get(f"{ROOT}/?date={text}")
    assert answer.status_code == 422
    assert "This is not a date. Today is shown instead." in text_of(answer)
    assert 'aria-describedby="fcx-date-errors"' in answer.text
    assert "Мария Петрова" in answer.text


def test_one_therapists_appointments(site: Site) -> None:
    site.visit(at(14), client={"first_name": "Hers", "last_name": "Client"}, therapist="Vesela Marinova")
    site.visit(at(15), client={"first_name": "His", "last_name": "Client"}, therapist="Dr Ivan Kolev")
    desk = site.browser()
    chosen = desk.get(f"{ROOT}/?staff=2")
    assert "His Client" in chosen.text
    assert "Hers Client" not in chosen.text
    assert '<option value="2" selected>Dr Ivan Kolev</option>' in chosen.text
    assert "Hers Client" in desk.get(f"{ROOT}/?staff=no-such-key").text  # an old bookmark shows everybody


def test_a_name_is_found_in_the_next_four_weeks_however_it_is_typed(site: Site) -> None:
    site.visit(at(9, day=20), client={"first_name": "José", "last_name": "Núñez"})
    site.visit(at(10, day=20), client={"first_name": "José", "last_name": "Silva"})
    site.visit(at(9, day=30), client={"first_name": "José", "last_name": "Núñez Much Later"})
    seen = text_of(site.browser().get(f"{ROOT}/?name=nunez+JOSE"))
    assert "José Núñez" in seen
    assert "Sunday, 20 December 2026" in seen
    assert "Silva" not in seen
    assert "Much Later" not in seen


def test_a_day_without_appointments_says_so(site: Site) -> None:
    desk = site.browser()
    assert "No appointments on this day." in text_of(desk.get(f"{ROOT}/"))
    assert "has a client of this name" in text_of(desk.get(f"{ROOT}/?name=nobody"))


def test_names_are_shown_as_text_and_never_as_markup(site: Site) -> None:
    site.visit(client={"first_name": "<script>alert(1)</script>", "last_name": "& Sons"})
    desk = site.browser()
    page = desk.get(f"{ROOT}/").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in page
    assert '"><b>' not in desk.get(f'{ROOT}/?name="><b>bold').text


def test_a_therapist_sees_the_own_appointments_only(site: Site) -> None:
    site.visit(at(14), client={"first_name": "My", "last_name": "Client"}, therapist="Vesela Marinova")
    site.visit(at(15), client={"first_name": "Foreign", "last_name": "Client"}, therapist="Dr Ivan Kolev")
    vesela = site.browser("therapist", "Vesela", therapist="Vesela Marinova")
    for path in (f"{ROOT}/", f"{ROOT}/?staff=2", f"{ROOT}/?name=client"):
        page = vesela.get(path).text
        assert "My Client" in page
        assert "Foreign Client" not in page
    assert "You see your own appointments." in page
    assert "<select" not in page


def test_a_therapist_without_a_staff_record_sees_nothing(site: Site) -> None:
    site.visit()
    seen = text_of(site.browser("therapist", "Nobody's").get(f"{ROOT}/"))
    assert "No appointments on this day." in seen


def test_a_role_without_rights_is_refused_and_a_visitor_is_asked_to_sign_in(site: Site) -> None:
    site.visit()
    refused = site.browser("cleaner").get(f"{ROOT}/")
    assert refused.status_code == 403
    assert "Not allowed" in text_of(refused)
    asked = site.stranger().get(f"{ROOT}/")
    assert asked.status_code == 401
    assert "Please sign in" in text_of(asked)
    assert "Мария" not in refused.text + asked.text


def test_a_visitor_is_sent_to_the_hosts_login_where_it_has_one(site: Site) -> None:
    site.clinic.app.add_url_rule("/welcome", "welcome", lambda: "login")
    site.clinic.app.login_manager.login_view = "welcome"  # type: ignore[attr-defined]  # set by Flask-Login
    answer = site.stranger().get(f"{ROOT}/?date=2026-12-11")
    assert answer.status_code == 302
    assert answer.location == "/welcome?next=%2Fcancellations%2F%3Fdate%3D2026-12-11"


def test_the_number_of_statements_does_not_grow_with_the_day(site: Site) -> None:
    keys = [site.visit(at(11, minute), minutes=5) for minute in (0, 10)]
    site.cancel(keys[0])
    desk = site.browser()
    few = len(site.statements(desk, f"{ROOT}/"))
    keys += [site.visit(at(12 + number // 10, number % 10 * 5), minutes=5) for number in range(30)]
    for key in keys[10:]:
        site.cancel(key)
    assert len(site.statements(desk, f"{ROOT}/")) == few
