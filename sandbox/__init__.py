"""The outside world of a hospital, played on one machine: WeCom, WeChat, SMS and the 12345 platform.

It imports nothing of the product and the product imports nothing of it: they meet over HTTP and
WebSocket only, so the product runs the same code against it as against the vendors.
"""
