"""Whether what was raised proved true (是否属实), as the approved reply says."""

from reports.catalogue.base import Figure, Statistic

_KNOWN = ("case.found_true", "case.found_partly", "case.found_false", "case.found_unknown")


def _share(name: str, label: str) -> Figure:
    return Figure(name, label, f"{label}件次 ÷ 已写明是否属实的件次", (f"case.{name}",), _KNOWN)


VALIDITY = Statistic(
    "validity",
    "是否属实",
    figures=(
        _share("found_true", "属实"),
        _share("found_partly", "部分属实"),
        _share("found_false", "不属实"),
        _share("found_unknown", "无法核实"),
    ),
    chart="ring",
)
