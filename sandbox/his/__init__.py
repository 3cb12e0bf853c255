"""The hospital information system: plays a hospital's day as HL7 v2 messages and sends them over MLLP.

Names, numbers and phones are invented; ID numbers have the area prefix 99 that belongs to nobody.
"""
