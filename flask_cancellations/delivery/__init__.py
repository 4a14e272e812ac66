"""Messages that leave the building: addresses, outbox, rendering, channels."""
