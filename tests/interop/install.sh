#!/bin/sh
# Installs the heavy clients of `make test-interop` into target/interop: az (PyPI, 735 MB), Azurite (npm, 365 MB), and the MCP SDKs (180 MB).
# What cannot be installed is said and skipped by run.py. gcloud and gsutil come in no package registry: they are used where they are.
set -u
cd "$(dirname "$0")/../.." || exit 1
place=target/interop
mkdir -p "$place"

if [ ! -x "$place/venv/bin/az" ]; then
    echo "installing azure-cli into $place/venv (some minutes, once)"
    python3 -m venv "$place/venv" &&
        "$place/venv/bin/pip" install --quiet --disable-pip-version-check azure-cli==2.91.0 cryptography ||
        echo "azure-cli could not be installed"
fi
for era in 1:1.30.0 2:2.3.0; do
    venv="$place/mcp${era%%:*}"
    if [ ! -x "$venv/bin/python" ]; then
        python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "mcp==${era#*:}" ||
            echo "the MCP SDK ${era#*:} of Python could not be installed"
    fi
done
if [ ! -d "$place/node-mcp/node_modules" ] && command -v npm >/dev/null; then
    npm install --silent --no-audit --no-fund --prefix "$place/node-mcp" @modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0 ||
        echo "the MCP SDKs of TypeScript could not be installed"
fi
if [ ! -x "$place/node/node_modules/.bin/azurite-blob" ]; then
    if command -v npm >/dev/null; then
        echo "installing Azurite into $place/node (some minutes, once)"
        npm install --silent --no-audit --no-fund --prefix "$place/node" azurite@3.37.0 || echo "Azurite could not be installed"
    else
        echo "there is no npm, so no Azurite"
    fi
fi
if [ ! -x "$place/node/node_modules/.bin/gemini" ] && command -v npm >/dev/null; then
    echo "installing claude, codex and gemini into $place/node (once)"
    npm install --silent --no-audit --no-fund --prefix "$place/node" @anthropic-ai/claude-code@2.1.197 @openai/codex@0.171.0 \
        @google/gemini-cli@0.61.0 || echo "the coding agents could not be installed"
fi
exit 0
