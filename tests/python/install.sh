#!/bin/sh
# Makes the Python venv with the real aws CLI and moto that the integration tests run against.
# Does nothing when it is already complete for these requirements. Prints the venv's path on stdout, all else on stderr.
set -eu

case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
here=$(CDPATH= cd -- "$here" && pwd)
venv=${AUDEX_TEST_VENV:-${here%/*}/.venv}
case $venv in /*) ;; *) venv=$PWD/$venv ;; esac
requirements=$here/requirements.txt
# A newer boto3 than the aws CLI can stand beside; on the path of the one check that needs it.
newer=$here/requirements-boto3.txt
stamp=$venv/.audex-complete

fail() { echo "error: $*" >&2; exit 1; }

python=${AUDEX_TEST_PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || fail "\`$python\` not found; install Python 3.11 or newer, or set AUDEX_TEST_PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "\`$python\` is older than Python 3.11, which the bindings of componentize-py need; set AUDEX_TEST_PYTHON"

# The interpreter and the place are part of the digest: a venv is bound to both.
digest=$("$python" - "$venv" "$requirements" "$newer" <<'PY'
import hashlib, sys
text = sys.argv[1].encode() + sys.version.encode() + b"".join(open(path, "rb").read() for path in sys.argv[2:])
print(hashlib.sha256(text).hexdigest())
PY
) || fail "\`$python\` cannot run"

if [ -x "$venv/bin/aws" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
    echo "$venv"
    exit 0
fi

"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "\`$python\` has no \`venv\` or \`ensurepip\` module; install python3-venv"

# Never delete a directory that this script did not make, not even another venv.
marker=$venv/.audex-test-venv
if [ -e "$venv" ]; then
    [ -f "$marker" ] || fail "\`$venv\` exists and was not made by this script; move it away or set AUDEX_TEST_VENV"
    rm -rf -- "$venv"
fi
mkdir -p -- "$venv" && : >"$marker" || fail "cannot write to \`$venv\`"
echo "installing the aws CLI, moto and componentize-py into $venv (about half a minute, once)" >&2
"$python" -m venv "$venv" >&2 || fail "making the venv \`$venv\` failed"
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || fail "pip is missing in \`$venv\`; install python3-venv or ensurepip"
install() {
    "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
        --only-binary :all: --require-hashes --requirement "$@" >&2 </dev/null ||
        fail "pip could not install \`$1\`; see the lines above"
}
install "$requirements"
install "$newer" --target "$venv/boto3-current"
"$venv/bin/python" -m pip check >&2 || fail "the pinned versions in \`$requirements\` do not fit together"
"$venv/bin/aws" --version >/dev/null 2>&1 || fail "the installed aws CLI does not start"
echo "$digest" >"$stamp.tmp" && mv "$stamp.tmp" "$stamp"
echo "$venv"
