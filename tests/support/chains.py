"""Says where the default credential chain of each cloud's own Python library ends: `CLOUD: none`, `decoy` or `granted`."""
import os

import boto3
import google.auth
import google.auth.transport.requests
from azure.identity import DefaultAzureCredential


# The authority of the double uses plain http, which the library rejects.
os.environ.pop("AZURE_AUTHORITY_HOST", None)


def aws():
    credentials = boto3.Session().get_credentials()
    return credentials and credentials.access_key


def google_cloud():
    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(google.auth.transport.requests.Request())
    return credentials.token


def azure():
    return DefaultAzureCredential().get_token("https://management.azure.com/.default").token


for name, ask in [("aws", aws), ("google", google_cloud), ("azure", azure)]:
    try:
        answer = ask() or ""
    except Exception:
        answer = ""
    print(f"{name}: {'decoy' if 'decoy' in answer.lower() else 'granted' if answer else 'none'}")
