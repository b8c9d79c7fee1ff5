# Set-up that scripts/demo and scripts/test share; to be sourced, from the project's root.

say() { printf '%s\n' "$*" >&2; }

# find_python: print the name of a Python that is new enough.
find_python() {
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    say "streamson needs Python 3.11 or newer, and found none. Install it from python.org or your system's packages."
    exit 1
}

# install_project EXTRAS: make .venv with the project and these extras in it, if that is not done.
install_project() {
    local wanted
    wanted="$1 $(cksum <pyproject.toml) $PWD"
    if [ "$(cat .venv/streamson-setup 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    say "Setting up .venv (once, about a minute) ..."
    if ! "$(find_python)" -m venv .venv; then
        say "Python can't make virtual environments here. On Debian and Ubuntu: sudo apt-get install python3-venv"
        exit 1
    fi
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$1]" >&2
    printf '%s' "$wanted" >.venv/streamson-setup
}

# install_system PACKAGE...: install Debian packages that are missing, where that is allowed.
install_system() {
    local package missing=() sudo=()
    command -v apt-get >/dev/null || return 0
    for package in "$@"; do
        dpkg --status "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        sudo=(sudo --non-interactive)
        if ! "${sudo[@]}" true 2>/dev/null; then
            say "Not installed: ${missing[*]}. To install: sudo apt-get install ${missing[*]}"
            return 0
        fi
    fi
    say "Installing ${missing[*]} ..."
    "${sudo[@]}" apt-get update -qq >&2 || true
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        say "Could not install ${missing[*]}; going on without."
}

# install_node PACKAGE: install a package for Node.js beside the project's Python, where there is npm.
install_node() {
    command -v npm >/dev/null || return 0
    if grep -qxF "$1" .venv/node/installed 2>/dev/null; then
        return 0
    fi
    npm install --silent --no-audit --no-fund --prefix .venv/node "$1" >&2 &&
        printf '%s\n' "$1" >>.venv/node/installed ||
        say "Could not install $1 for Node.js; going on without."
}
