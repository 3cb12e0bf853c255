"""Cases and the tickets worked on them, their clocks and reports; never speaks to the outside."""
