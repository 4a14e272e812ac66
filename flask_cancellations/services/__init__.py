"""Use cases, one a module. They flush and never commit: the caller decides when the transaction ends."""
