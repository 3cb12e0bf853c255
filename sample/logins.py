"""Data table: the sample log-ins worth trying, one for each role and what to look at; passwords are not here."""

from typing import NamedTuple

from staff.roles import LABELS, Role


class Login(NamedTuple):
    """Who: staff number; the role; where (a unit's code, "" for the group); and what this person sees first."""

    number: str
    role: Role
    unit: str
    title: str
    look_at: str

    @property
    def role_label(self) -> str:
        """The role in Chinese."""
        return LABELS[self.role]


LOGINS = (
    Login("zhongxin", Role.CENTRE_STAFF, "", "病人服务中心 专员", "登记、导入、分派和督办工单"),
    Login("zhongxinzr", Role.CENTRE_HEAD, "", "病人服务中心 主任", "审核答复、归档、维护报告模板"),
    Login(
        "xinnei",
        Role.LIAISON,
        "xinnei",
        "本部心内科 联络人",
        "签收、办理、答复本科室工单（沙盒里也有她的企业微信）",
    ),
    Login("xinneifu", Role.LIAISON, "xinnei", "本部心内科 副联络人", "联络人不在时接手"),
    Login("xinneizr", Role.DEPARTMENT_HEAD, "xinnei", "本部心内科 主任", "审签本科室答复"),
    Login("dyxinnei", Role.LIAISON, "dyxinnei", "东院区心内科 联络人", "只看得到东院区心内科的工单和患者"),
    Login("xinneiys", Role.CLINICIAN, "xinnei", "本部心内科 主治医师", "临床医生看到的范围"),
    Login("fenguan", Role.VICE_PRESIDENT, "benbu", "本部 分管副院长", "升级上来的工单"),
    Login("yuanzhang", Role.VICE_PRESIDENT, "", "集团 分管院长", "全集团的工单"),
    Login("ducha", Role.SUPERVISOR, "", "督查室 督查员", "全集团办理情况，只读"),
    Login("shejishi", Role.DESIGNER, "", "病人服务中心 文书与问卷", "报告模板、问卷、题库"),
    Login("admin", Role.ADMINISTRATOR, "", "信息中心 系统管理员", "节假日、参数、运行监控（看不到工单内容）"),
    Login(
        "quanxian",
        Role.SECURITY,
        "",
        "信息中心 安全管理员",
        "人员、岗位和权限矩阵（重要岗位由 quanxianfu 确认）",
    ),
    Login("anquan", Role.AUDITOR, "", "审计科 安全审计员", "审计日志与校验"),
    Login("jijian", Role.DISCIPLINE, "", "纪检监察室 专员", "检举控告等涉密事项（其他人看不到）"),
)


def table(password: str) -> str:
    """The log-ins as lines for a terminal: number, role, what to look at, and the one password they share."""
    rows = [f"  {login.number:<11} {login.title:　<12} {login.look_at}" for login in LOGINS]
    return "\n".join([f"  sample log-ins 示例账号  password 密码: {password}", *rows])
