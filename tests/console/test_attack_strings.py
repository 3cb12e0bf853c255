"""What the walk with strings of attack found once: an address is read to its bounds before the database sees it."""

import pytest

from console import responses
from surveys.responses.queries import ResponseFilter

HUGE = "9" * 400


@pytest.mark.parametrize("name", ["questionnaire", "unit", "served", "patient"])
def test_a_number_that_no_row_can_have_is_left_out_of_the_filter_and_told(name: str) -> None:
    found, faults = responses.read({name: HUGE, "flag": "any"})
    assert (found, [fault.field for fault in faults]) == (ResponseFilter(flag="any"), [name])
    greatest = str(2**63 - 1)
    assert responses.read({name: greatest}) == (ResponseFilter.model_validate({name: greatest}), ())
