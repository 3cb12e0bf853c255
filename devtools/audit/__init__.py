"""`make audit`: everything a machine can say about the security of this code, and the report the hospital asks for.

Reads the code and asks a real server of its own; changes nothing but `.data/audit/`.
"""
