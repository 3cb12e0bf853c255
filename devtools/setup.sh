#!/bin/sh
# Finds a Python that can run the project and hands over to devtools/setup.py. Nothing else happens here,
# because an older Python could not even read that file.
set -u
for python in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3 python; do
    [ -n "$python" ] || continue
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" "$(dirname "$0")/setup.py"
    fi
done
echo "Python 3.11 or newer is needed and was not found; install it or run: make PYTHON=/path/to/python3.11" \
    "需要 Python 3.11 或更高版本,请安装后重试。" >&2
exit 1
