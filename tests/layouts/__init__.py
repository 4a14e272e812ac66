"""Hosts whose layouts were not made for our pages; tests/test_host_layouts.py walks our pages inside each."""
