"""`make reset`: stops the system of this checkout when it runs and deletes everything it has kept.

Touches the data folder and nothing else; a database that was configured by hand is left alone.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from core.embedded import process
from devtools.environment import data_folder
from devtools.run import only_one
from devtools.terminal import Problem, say

STOP_SECONDS = 20.0


def main() -> int:
    """Stop and delete; returns the exit code."""
    folder = data_folder()
    try:
        if not folder.exists():
            say("nothing to delete 没有需要清理的数据")
            return 0
        stop_running(folder / "run.lock")
        with only_one(folder):
            shutil.rmtree(folder)
    except Problem as problem:
        say(str(problem), bad=True)
        return 1
    except OSError as error:
        say(f"The data cannot be deleted: {error}. 数据无法清理:{error.strerror}。", bad=True)
        return 1
    say("data deleted; `make run` starts over 数据已清空")
    return 0


def stop_running(lock: Path) -> None:
    """Stop the process that holds the lock file, if one does, and wait until it is gone."""
    try:
        with only_one(data_folder()):
            return
    except Problem:
        pid = int(lock.read_text(encoding="utf-8").strip() or 0)
    if pid:
        say("stopping the running system 正在停止系统 …")
        os.kill(pid, signal.SIGTERM)
        process.wait_until_gone(pid, STOP_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
