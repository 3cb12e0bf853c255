"""Runs a command in the environment of the system that `make run` has started; never starts the system itself.

`python -m devtools.within python manage.py logins`
"""

import os
import sys

from devtools.environment import data_folder, read
from devtools.terminal import say


def main() -> int:
    """Become the command; 1 with a sentence when no system runs or the command does not exist."""
    env = read(data_folder() / "run.env")
    if not env:
        say(
            "No system is running here; start it with `make run` first. 系统未运行,请先执行 make run。",
            bad=True,
        )
        return 1
    try:
        os.execvpe(sys.argv[1], sys.argv[1:], {**env, **os.environ})  # noqa: S606 - that is its purpose
    except OSError as error:
        say(f"{sys.argv[1]}: {error.strerror}", bad=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
