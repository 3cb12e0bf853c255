"""The address book of WeCom as far as a self-built application may read it: departments, and who is in them.

获取部门列表 (path 90208) and 获取部门成员 (path 90200). Since June 2022 a new application is given no phone numbers and no
positions by these interfaces, so none are asked for. Only what lies in the application's visible range comes back.
"""

from integrations import http
from integrations.http import Reply
from integrations.wecom import SYSTEM, api


class Department(Reply):
    """A department; the root has the id 1."""

    id: int
    name: str = ""
    parentid: int = 0


class Contact(Reply):
    """Somebody in the address book."""

    userid: str
    name: str = ""
    department: tuple[int, ...] = ()


class _Departments(Reply):
    department: tuple[Department, ...]


class _Contacts(Reply):
    userlist: tuple[Contact, ...]


async def departments() -> tuple[Department, ...]:
    """All departments in the visible range."""
    data = await api().get("department/list")
    return http.validated(SYSTEM, "department/list", _Departments, data).department


async def contacts(department_id: int = 1) -> tuple[Contact, ...]:
    """Everybody in a department and below it."""
    data = await api().get("user/simplelist", department_id=str(department_id), fetch_child="1")
    return http.validated(SYSTEM, "user/simplelist", _Contacts, data).userlist
