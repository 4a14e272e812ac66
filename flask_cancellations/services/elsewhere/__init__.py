"""What was cancelled, restored, moved or deleted in the host's own pages, past us.

A pass compares what is *watched* with what the host has now; its *findings* are recorded, and listed for *review*.
"""
