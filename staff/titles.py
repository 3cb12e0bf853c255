"""The dictionary of job titles (职称), as 《卫生技术人员职务试行条例》 and its neighbours name them. Declares it, no more."""

from core.dictionaries import Dictionary, Use, declare

JOB_TITLE = declare(
    Dictionary(
        "staff.title",
        "职称",
        "人员资料的“职务”一栏可从中选，也可另填",
        (
            "主任医师",
            "副主任医师",
            "主治医师",
            "住院医师",
            "主任护师",
            "副主任护师",
            "主管护师",
            "护师",
            "护士",
            "主任药师",
            "副主任药师",
            "主管药师",
            "药师",
            "主任技师",
            "副主任技师",
            "主管技师",
            "技师",
            "高级工程师",
            "工程师",
            "高级会计师",
            "会计师",
            "经济师",
            "社会工作师",
            "其他",
        ),
        "人员",
        (Use("staff", "title"),),
    )
)
