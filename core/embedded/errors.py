"""What can keep an embedded server from starting, in one sentence for the person at the terminal."""

import errno


class EmbeddedError(Exception):
    """An embedded server cannot start or run; the message is one sentence in English and one in Chinese."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(f"{english} {chinese}")
        self.english = english
        self.chinese = chinese


def port_in_use(port: int) -> EmbeddedError:
    """Another program listens on `port` of this machine."""
    return EmbeddedError(
        f"Port {port} is in use by another program; stop it or choose another port.",
        f"端口 {port} 已被其他程序占用,请停止该程序或换一个端口。",
    )


def unwritable(path: object, reason: OSError) -> EmbeddedError:
    """The data folder cannot be written: no space, read-only, or not ours."""
    if reason.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(path)
    return EmbeddedError(
        f"Cannot write to {path}: {reason.strerror}.",
        f"无法写入 {path}:{reason.strerror}。",
    )


def disk_full(path: object) -> EmbeddedError:
    """Too little space is left where the data folder lies."""
    return EmbeddedError(
        f"The disk of {path} is full; free some space and start again.",
        f"{path} 所在磁盘空间不足,请清理后重新启动。",
    )


def not_traversable(folder: object, path: object, user: str) -> EmbeddedError:
    """PostgreSQL refuses to run as root, and the user it runs as cannot pass through a parent folder."""
    return EmbeddedError(
        f"PostgreSQL runs as user {user}, which may not enter {folder} on the way to {path}; "
        f"move the checkout out of that folder or allow passing through it (chmod o+x).",
        f"PostgreSQL 以用户 {user} 运行,无法进入 {folder};请把项目移到其他目录,或允许他人进入该目录(chmod o+x)。",
    )


def other_version(path: object, found: str, ours: str) -> EmbeddedError:
    """The data folder was written by another major version of PostgreSQL."""
    return EmbeddedError(
        f"The data in {path} belong to PostgreSQL {found}, this is PostgreSQL {ours}; "
        f"dump and restore them, or start over with `make reset`.",
        f"{path} 中的数据属于 PostgreSQL {found},当前为 {ours};请导出后重新导入,或用 make reset 重新开始。",
    )


def not_installed(program: str, remedy: str) -> EmbeddedError:
    """No binary of the server is found on this machine."""
    return EmbeddedError(
        f"{program} is not found; {remedy}.",
        f"找不到 {program},请先安装({remedy})。",
    )


def already_running(path: object) -> EmbeddedError:
    """A live server holds the data folder."""
    return EmbeddedError(
        f"A server is already running on {path}; stop it first.",
        f"{path} 上已有服务在运行,请先停止。",
    )


def failed(program: str, log: object, last_line: str) -> EmbeddedError:
    """The server gave up for a reason of its own, which stands at the end of its log."""
    return EmbeddedError(
        f"{program} did not start ({last_line}); see {log}.",
        f"{program} 未能启动,原因见 {log}。",
    )
