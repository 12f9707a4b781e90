"""A plugin of pytest: moto's clients go where `AWS_ENDPOINT_URL` leads, with the session's keys; its resets go to the server itself."""

import os

import requests
from moto.core.models import ServerModeMockAWS

SERVER = os.environ["TEST_SERVER_MODE_ENDPOINT"]
KEYS = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
os.environ["TEST_SERVER_MODE_ENDPOINT"] = os.environ["AWS_ENDPOINT_URL"]


def _take_keys(_):
    """In place of keys that moto and the fixtures of its tests make up."""
    os.environ.update(KEYS)
    os.environ.pop("AWS_SECURITY_TOKEN", None)


ServerModeMockAWS.reset = lambda _: requests.post(f"{SERVER}/moto-api/reset", timeout=60)
ServerModeMockAWS._mock_env_variables = _take_keys
ServerModeMockAWS._unmock_env_variables = lambda _: None
