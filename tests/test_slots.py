"""What state a time is in, what online booking must leave out, and who gets a time; on every database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from flask_cancellations import SlotTaken
from flask_cancellations.models import Diary, Slot
from flask_cancellations.services.slots import BlockedTime

from .race_host import Clinic, open_clinic, today

HALF_HOUR = timedelta(minutes=30)
AT_THREE = today(15)


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    with open_clinic(database_url, CANCELLATIONS_WAITLIST={"hold": "30m"}) as clinic:
        yield clinic


@pytest.fixture
def plain(database_url: str) -> Iterator[Clinic]:
    """A clinic without a waiting list: nothing is held."""
    with open_clinic(database_url) as clinic:
        yield clinic


def state_at(clinic: Clinic, start: datetime, end: datetime | None = None, staff: Any = 1) -> str:
    with clinic.session():
        return clinic.cancellations.slots.at(start, end or start + HALF_HOUR, staff)


def blocked(clinic: Clinic, start: datetime, end: datetime, staff: Any = None) -> list[tuple[Any, ...]]:
    with clinic.session():
        found = clinic.cancellations.slots.blocked(start, end, staff)
        assert all(isinstance(one, BlockedTime) for one in found)
        return [(one.start, one.end, one.staff_key, one.state) for one in found]


def book_online(clinic: Clinic, start: datetime, end: datetime | None = None, staff: Any = 1) -> None:
    """Claim, add the row, commit; raises SlotTaken and leaves nothing if somebody has the time."""
    end = end or start + HALF_HOUR
    with clinic.session() as session:
        clinic.cancellations.slots.claim(start, end, staff)
        session.add(clinic.new_visit(start, minutes=(end - start) // timedelta(minutes=1), staff=staff))
        session.commit()


def refused(clinic: Clinic, start: datetime, end: datetime | None = None, staff: Any = 1) -> str:
    """The state that the refusal of a booking names; nothing may be left of the attempt."""
    before = clinic.our_rows()
    with pytest.raises(SlotTaken) as refusal:
        book_online(clinic, start, end, staff)
    assert refusal.value.status == 409
    assert clinic.our_rows() == before
    return refusal.value.state


def test_a_time_that_nobody_ever_had_is_open_and_can_be_booked_once(clinic: Clinic) -> None:
    assert state_at(clinic, AT_THREE) == "open"
    book_online(clinic, AT_THREE)
    assert state_at(clinic, AT_THREE) == "taken"
    assert refused(clinic, AT_THREE) == "taken"
    assert clinic.count(Slot) == 0


def test_a_freed_time_is_open_at_once_without_a_waiting_list(plain: Clinic) -> None:
    plain.cancel(plain.book(AT_THREE))
    assert state_at(plain, AT_THREE) == "open"
    assert blocked(plain, today(0), today(23)) == []
    book_online(plain, AT_THREE)
    assert state_at(plain, AT_THREE) == "taken"
    assert plain.count(Slot, state="taken") == 1
    assert refused(plain, AT_THREE) == "taken"


def test_a_freed_time_is_held_for_the_waiting_list_and_no_longer(clinic: Clinic) -> None:
    clinic.cancel(clinic.book(AT_THREE))
    assert state_at(clinic, AT_THREE) == "held"
    assert blocked(clinic, today(0), today(23)) == [(AT_THREE, AT_THREE + HALF_HOUR, "1", "held")]
    assert refused(clinic, AT_THREE) == "held"
    clinic.clock.advance(timedelta(minutes=29, seconds=59, microseconds=999_999))
    assert state_at(clinic, AT_THREE) == "held"
    # At the very end of the hold the time is open, although no job has run.
    clinic.clock.advance(timedelta(microseconds=1))
    assert state_at(clinic, AT_THREE) == "open"
    assert blocked(clinic, today(0), today(23)) == []
    book_online(clinic, AT_THREE)
    assert clinic.count(Slot, state="taken") == 1


def test_a_hold_ends_when_the_appointment_would_begin(clinic: Clinic) -> None:
    clinic.cancel(clinic.book(today(10, 20)))  # in a quarter of an hour
    assert state_at(clinic, today(10, 20)) == "held"
    clinic.clock.advance(timedelta(minutes=15))
    assert state_at(clinic, today(10, 20)) == "open"


@pytest.mark.parametrize("reason", ["therapist_ill", "equipment", "clinic_closed"])
def test_a_time_that_its_reason_closes_is_never_bookable(clinic: Clinic, reason: str) -> None:
    clinic.cancel(clinic.book(AT_THREE), reason=reason)
    assert state_at(clinic, AT_THREE) == "closed"
    assert blocked(clinic, today(0), today(23)) == [(AT_THREE, AT_THREE + HALF_HOUR, "1", "closed")]
    clinic.clock.advance(timedelta(days=300))
    assert state_at(clinic, AT_THREE) == "closed"
    assert refused(clinic, AT_THREE) == "closed"


def test_a_time_that_is_cancelled_twice_is_freed_twice(plain: Clinic) -> None:
    for _ in range(2):
        key = plain.book(AT_THREE)
        assert state_at(plain, AT_THREE) == "taken"
        plain.cancel(key)
        assert state_at(plain, AT_THREE) == "open"
    book_online(plain, AT_THREE)
    assert refused(plain, AT_THREE) == "taken"
    assert plain.count(Slot, state="taken") == 2


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (today(14, 30), today(15), "open"),  # ends where it begins
        (today(15, 30), today(16), "open"),  # begins where it ends
        (today(14, 45), today(15, 1), "held"),
        (today(15, 29), today(16), "held"),
        (today(14), today(17), "held"),
        (today(15, 10), today(15, 20), "held"),
    ],
)
def test_a_hold_covers_every_time_that_shares_a_minute_with_it(
    clinic: Clinic, start: datetime, end: datetime, expected: str
) -> None:
    clinic.cancel(clinic.book(AT_THREE))
    assert state_at(clinic, start, end) == expected
    assert [one[3] for one in blocked(clinic, start, end)] == ([] if expected == "open" else [expected])
    if expected == "open":
        book_online(clinic, start, end)
    else:
        assert refused(clinic, start, end) == expected


def test_a_slot_is_free_only_if_no_other_open_appointment_overlaps_it(plain: Clinic) -> None:
    """The desk has put somebody else into part of the freed time by the host's own pages."""
    plain.cancel(plain.book(today(15), minutes=60))
    plain.book(today(15, 30))
    assert state_at(plain, today(15), today(16)) == "taken"
    assert refused(plain, today(15), today(16)) == "taken"
    assert state_at(plain, today(15), today(15, 30)) == "open"
    book_online(plain, today(15), today(15, 30))


def test_closed_counts_before_held_and_taken_before_both(clinic: Clinic) -> None:
    clinic.cancel(clinic.book(today(15)))
    clinic.cancel(clinic.book(today(15, 30)), reason="therapist_ill")
    assert state_at(clinic, today(15), today(16)) == "closed"
    assert [one[3] for one in blocked(clinic, today(15), today(16))] == ["held", "closed"]
    clinic.book(today(15, 45), minutes=5)
    assert state_at(clinic, today(15), today(16)) == "taken"


def test_cancelled_appointments_do_not_take_a_time(plain: Clinic) -> None:
    with plain.session() as session:
        visit = plain.new_visit(AT_THREE)
        visit.state = "cancelled"  # past us
        session.add(visit)
        session.commit()
    assert state_at(plain, AT_THREE) == "open"
    book_online(plain, AT_THREE)


def test_each_therapist_has_times_of_their_own(clinic: Clinic) -> None:
    clinic.cancel(clinic.book(AT_THREE, staff=1))
    assert state_at(clinic, AT_THREE, staff=1) == "held"
    assert state_at(clinic, AT_THREE, staff=2) == "open"
    assert blocked(clinic, today(0), today(23), staff=2) == []
    assert len(blocked(clinic, today(0), today(23), staff=1)) == 1
    book_online(clinic, AT_THREE, staff=2)
    assert refused(clinic, AT_THREE, staff=2) == "taken"
    clinic.cancel(clinic.book(today(16), staff=2))
    assert [one[2] for one in blocked(clinic, today(0), today(23))] == ["1", "2"]


def test_a_therapist_may_be_named_by_primary_key_or_by_key_text(clinic: Clinic) -> None:
    clinic.cancel(clinic.book(AT_THREE, staff=1))
    assert state_at(clinic, AT_THREE, staff="1") == state_at(clinic, AT_THREE, staff=1) == "held"
    assert refused(clinic, AT_THREE, staff="1") == "held"
    assert blocked(clinic, today(0), today(23), staff="1") == blocked(clinic, today(0), today(23), staff=1)


def test_an_appointment_over_midnight_counts_on_both_days(plain: Clinic) -> None:
    midnight = today(0) + timedelta(days=1)
    key = plain.book(today(23, 30), minutes=60)
    assert state_at(plain, midnight, midnight + HALF_HOUR) == "taken"
    assert state_at(plain, midnight + HALF_HOUR, midnight + 2 * HALF_HOUR) == "open"
    assert refused(plain, midnight, midnight + HALF_HOUR) == "taken"
    plain.cancel(key, reason="therapist_ill")
    assert state_at(plain, midnight, midnight + HALF_HOUR) == "closed"
    assert [one[3] for one in blocked(plain, midnight, midnight + timedelta(days=1))] == ["closed"]
    assert [one[3] for one in blocked(plain, today(0), today(23, 45))] == ["closed"]


def test_a_booking_over_midnight_waits_for_the_bookings_of_both_days(plain: Clinic) -> None:
    midnight = today(0) + timedelta(days=1)
    book_online(plain, today(23, 30), midnight + HALF_HOUR)
    assert plain.count(Diary) == 2
    book_online(plain, today(23), today(23, 30))
    assert plain.count(Diary) == 2
    # A time that ends at midnight is not of the next day.
    book_online(plain, midnight + timedelta(hours=23), midnight + timedelta(hours=24))
    assert plain.count(Diary) == 2
    assert refused(plain, midnight, midnight + HALF_HOUR) == "taken"


def test_times_that_belong_to_nobody_are_apart_from_those_of_therapists(clinic: Clinic) -> None:
    clinic.cancel(clinic.book(AT_THREE, staff=None))
    assert state_at(clinic, AT_THREE, staff=None) == "held"
    assert state_at(clinic, AT_THREE, staff=1) == "open"
    assert refused(clinic, AT_THREE, staff=None) == "held"
    book_online(clinic, AT_THREE, staff=1)
    assert blocked(clinic, today(0), today(23)) == [(AT_THREE, AT_THREE + HALF_HOUR, None, "held")]


def test_a_host_without_staff_has_one_diary(database_url: str) -> None:
    with open_clinic(database_url, staff=False) as clinic:
        key = clinic.book(AT_THREE)
        assert state_at(clinic, AT_THREE, staff=None) == "taken"
        assert refused(clinic, AT_THREE, staff=None) == "taken"
        clinic.cancel(key)
        assert state_at(clinic, AT_THREE, staff=None) == "open"
        book_online(clinic, AT_THREE, staff=None)
        clinic.cancel(clinic.book(today(16)), reason="clinic_closed")
        assert blocked(clinic, today(0), today(23)) == [(today(16), today(16, 30), None, "closed")]
        assert refused(clinic, today(16), staff=None) == "closed"


def test_the_slots_of_another_scope_are_not_seen(database_url: str) -> None:
    with open_clinic(database_url) as clinic:
        clinic.cancel(clinic.book(AT_THREE), reason="therapist_ill")
        assert state_at(clinic, AT_THREE) == "closed"
        object.__setattr__(clinic.state.settings, "scope", "second practice")
        assert state_at(clinic, AT_THREE) == "open"
        assert blocked(clinic, today(0), today(23)) == []


def test_a_rejected_booking_gives_its_time_back(plain: Clinic) -> None:
    """The host claims, then finds that the card does not work, and rolls back."""
    plain.cancel(plain.book(AT_THREE))
    with plain.session() as session:
        plain.cancellations.slots.claim(AT_THREE, AT_THREE + HALF_HOUR, 1)
        session.add(plain.new_visit(AT_THREE))
        session.flush()
        session.rollback()
    assert plain.count(Slot, state="released") == 1
    book_online(plain, AT_THREE)


def test_an_appointment_that_the_host_has_added_but_not_flushed_counts(plain: Clinic) -> None:
    with plain.session() as session:
        session.add(plain.new_visit(AT_THREE))
        with pytest.raises(SlotTaken):
            plain.cancellations.slots.claim(AT_THREE, AT_THREE + HALF_HOUR, 1)


def test_the_hour_that_occurs_twice_is_blocked_on_its_first_pass(plain: Clinic) -> None:
    """Clocks in Sofia go back from 04:00 to 03:00; the night after, all is as ever."""
    night = datetime(2027, 10, 31)
    plain.cancel(plain.book(night.replace(hour=3, minute=15)), reason="equipment")
    assert state_at(plain, night.replace(hour=3, minute=30)) == "closed"
    assert state_at(plain, night.replace(hour=4)) == "open"
    begin, end, _, _ = blocked(plain, night, night + timedelta(days=1))[0]
    assert (begin, end) == (night.replace(hour=3, minute=15), night.replace(hour=3, minute=45))
