# Shared by the scripts: find a Python, make a virtual environment, install a lock into it.
# Needs a POSIX shell and python3 >= 3.11, nothing else.

say() {
    echo "$(basename "$0"): $1" >&2
}

fail() {
    say "$1"
    exit 3
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Set $python to $PYTHON, or the first of python3, python3.14 ... python3.11 that is new enough.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python of version 3.11 or newer"
        python=$PYTHON
        return
    fi
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$python" >/dev/null 2>&1 && new_enough "$python"; then
            return
        fi
    done
    if command -v python3 >/dev/null 2>&1; then
        fail "Python 3.11 or newer is needed, python3 is $(python3 -V 2>&1 | cut -d' ' -f2)"
    fi
    fail "Python 3.11 or newer is needed, and there is no python3"
}

# Print how many packages a lock holds.
count_packages() {
    count=0
    while read -r line; do
        case $line in
        [a-zA-Z0-9]*==*) count=$((count + 1)) ;;
        esac
    done <"$1"
    echo "$count"
}

# Make $venv hold exactly the lock requirements/$1.txt; set $venv_python, and $about: what it is.
prepare_venv() {
    find_python
    make_venv "$1" "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" \
        "$root/requirements/$1.txt"
}

# Make $venv = .venv-$1-$2 by $python, a CPython $2, and let it hold exactly the lock $3; set
# $venv_python.
make_venv() {
    venv=$root/.venv-$1-$2
    venv_python=$venv/bin/python
    lock=$3
    packages=$(count_packages "$lock")
    version=$("$python" -c 'import platform, sys
print(platform.python_implementation(), platform.python_version(), "at", sys.executable)')
    about="$(basename "$venv"): $version, $packages packages of ${lock#"$root"/}"
    if [ -x "$venv_python" ] && cmp -s "$lock" "$venv/installed.txt"; then
        return
    fi
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "the Python module venv is missing (on Debian: apt-get install python3-venv)"
    say "setting up $about"
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "could not make a virtual environment in $venv"
    install_lock || fail "could not install $lock: see $venv/pip.log"
    cp "$lock" "$venv/installed.txt"
    say "$(basename "$venv") is ready"
}

# Install $lock with $venv_python; of what pip says, print errors, and every tenth package.
install_lock() {
    {
        "$venv_python" -m pip install --disable-pip-version-check --no-color --progress-bar off \
            --no-deps --require-hashes -r "$lock" 2>&1 || echo "pip failed"
    } | {
        count=0
        while IFS= read -r line; do
            echo "$line" >>"$venv/pip.log"
            case $line in
            "Collecting "* | "Processing "* | "Ignoring "*) # the last: not for this platform or Python
                count=$((count + 1))
                [ $((count % 10)) != 0 ] || say "$count of $packages packages"
                ;;
            "Installing "*) say "installing them" ;;
            *ERROR*) echo "$line" >&2 ;;
            "pip failed") exit 1 ;;
            esac
        done
    }
}

# Set $engine to $CONTAINER_ENGINE, or the first of podman and docker that works.
find_engine() {
    for engine in ${CONTAINER_ENGINE:-podman docker}; do
        if command -v "$engine" >/dev/null 2>&1 && "$engine" info >/dev/null 2>&1; then
            return
        fi
    done
    fail "no container engine works here (looked for: ${CONTAINER_ENGINE:-podman docker})"
}

# Print the version of the service.
app_version() {
    sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$root/turi_recommender/__init__.py"
}

root=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
