"""The feed machine: links on which the hospital's systems speak, every message kept raw first, then taken in any order.

A protocol (`hl7`) brings a message into `patients.said.Heard`; everything else is the same for all of them. Opens no
port: the doors are in `intake`.
"""
