"""``flask salon import DIR``: a real salon's bookings, and its cancellations replayed at their own dates.

The files are read, checked and never copied. What they hold becomes rows of this clinic's own models in a database of
its own: staff are therapists, client codes are patients, services are treatments, logins are accounts.

The rules:

- **Visits.** Each booking is a visit: done until the last day that the files record anything about, booked after it,
  missed if the no-show report names the same client, day, service and staff. Each cancelled visit is one more, since
  the bookings hold only what was *not* cancelled: the same client may have booked the same time again.
- **Repeats.** Rows of the cancellations with the same Code, Booking Date, Service and Staff are one visit. The first
  (by Cancel Date, then by line) cancels it, the others are repeats, and the package refuses them: already cancelled.
  It also refuses a cancellation after the visit. Nothing else is refused, and nothing is refused here.
- **Assumed**, because the files lack it: a cancelled visit begins at 12:00 and was cancelled at 09:00, so one of the
  same day lies before its visit; told by phone; an hour long; in British Columbia (by the tax columns of the
  receipts). The reason is ``other``. Each cancellation's note names its assumed times and channel.
- **Proof.** Nothing tells when a visit was booked, so ``booked_at`` is not mapped, and no policy is proven: no fee.
  A second database gets the same replay with a fixed fee and ``CANCELLATIONS_POLICY_WITHOUT_PROOF = "current"``.
  There each assessed fee is charged, except the first of a client, which is waived.
- **Again.** A row's outcome is kept with the database, in the transaction of its cancellation. So a second run adds
  nothing, an interrupted one goes on, and both print the totals of the data.
"""

from .command import salon_commands

__all__ = ["salon_commands"]
