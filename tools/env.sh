#!/bin/sh
# Finds a Python 3.11 or newer that has venv, and hands over to make_env.py.
#   tools/env.sh                       .venv with every extra
#   tools/env.sh course frameworks     .venv with at least these
#   PYTHON=/usr/bin/python3.12 …       that Python and no other
set -u
here=$(dirname "$0")
old="" without_venv=""
[ -n "${PYTHON:-}" ] && IFS=""  # a path of one's own may hold spaces

for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        old="$old $version"
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        without_venv=$version
    else
        exec "$python" "$here/make_env.py" "$@"
    fi
done

if [ -n "$without_venv" ]; then
    echo "Python $without_venv is here but its venv module is not: install it (Debian, Ubuntu: apt install python$without_venv-venv) and run make again." >&2
elif [ -n "$old" ]; then
    echo "The course needs Python 3.11 or newer, and only Python$old is here: install a newer one, or say where it is with make PYTHON=/path/to/python3.12." >&2
else
    echo "The course needs Python 3.11 or newer, and no Python is here${PYTHON:+ by the name $PYTHON}: install one, or say where it is with make PYTHON=/path/to/python3.12." >&2
fi
exit 1
