"""Reads pairs of AWS profile files with botocore: a JSON list of [config, credentials] in, a JSON list of what it read out.

A pair that botocore refuses is null. Texts are Latin-1 in JSON where they are not UTF-8: each character is one byte.
"""

import json
import os
import sys
import tempfile

import botocore.exceptions
import botocore.session


def read(session, paths, pair):
    for path, text in zip(paths, pair):
        with open(path, "wb") as file:
            file.write(text.encode("latin-1"))
    # A session caches the configuration. A new session for each pair would take longer than everything else.
    session._config = None
    try:
        read = session.full_config
    except botocore.exceptions.ConfigParseError:
        return None
    return {name: read.get(name, {}) for name in ("profiles", "sso_sessions", "services")}


with tempfile.TemporaryDirectory() as directory:
    paths = [os.path.join(directory, name) for name in ("config", "credentials")]
    session = botocore.session.Session()
    session.set_config_variable("config_file", paths[0])
    session.set_config_variable("credentials_file", paths[1])
    json.dump([read(session, paths, pair) for pair in json.load(sys.stdin)], sys.stdout)
