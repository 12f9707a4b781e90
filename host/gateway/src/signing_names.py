"""Writes signing_names.txt: the names that services are signed for.

    tests/.venv/bin/python host/gateway/src/signing_names.py > host/gateway/src/signing_names.txt

Source: `signingName` and `endpointPrefix` of botocore's service models (Apache-2.0), and S3 Object Lambda, whose operations are S3's.
"""

import botocore.session

session = botocore.session.get_session()
models = map(session.get_service_model, session.get_available_services())
names = {model.metadata.get("signingName") or model.metadata["endpointPrefix"] for model in models}
print("\n".join(sorted(names | {"s3-object-lambda"})))
