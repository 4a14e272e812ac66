"""Pure decisions: money, notice, policy, quote, settlement, reasons, rights, slots.

Nothing here knows Flask, SQLAlchemy or the outside world: plain values in, plain values out.
"""
