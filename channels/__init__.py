"""Outgoing messages, receipts, replies, quiet hours, caps, fall-backs; never decides whom to tell."""
