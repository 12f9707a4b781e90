"""Writes services.txt: what SDKs call each AWS service, and how its permissions begin.

    tests/.venv/bin/python plugins/aws/policy/data/services.py /path/to/known-prefixes > plugins/aws/policy/data/services.txt

Source: botocore's service models (Apache-2.0), `metadata` of each: serviceId, signingName, endpointPrefix. The prefix is the first of
signing name, endpoint prefix and folder name that the catalogue (plugins/aws/catalogue) has; what none of them gives is in PREFIXES,
from the Service Authorization Reference. A service without a known prefix is left out, so its calls are reported as unknown.
The known prefixes come from `cargo run --example services -p aws-catalogue`, one on a line.
"""

import sys

import botocore
import botocore.session

PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "entitlement.marketplace": "aws-marketplace", "meteringmarketplace": "aws-marketplace",
            "catalog.marketplace": "aws-marketplace", "elasticloadbalancing": "elasticloadbalancing", "streams.dynamodb": "dynamodb",
            "runtime.sagemaker": "sagemaker", "data.iot": "iot", "data.jobs.iot": "iot", "models.lex": "lex", "runtime.lex": "lex",
            "runtime-v2-lex": "lex", "models-v2-lex": "lex", "mturk-requester": "mechanicalturk", "data-ats.iot": "iot",
            "events": "events", "tagging": "tag", "cloudhsmv2": "cloudhsm", "rds-data": "rds-data",
            "partnercentral-account": "partnercentral", "partnercentral-benefits": "partnercentral", "partnercentral-channel": "partnercentral",
            "partnercentral-selling": "partnercentral", "IoTSecuredTunneling": "iot", "cloudcontrolapi": "cloudformation"}


def main():
    known = set(open(sys.argv[1]).read().split())
    session = botocore.session.get_session()
    print(f"# serviceId in lower case without blanks, then the prefix of its permissions. From botocore {botocore.__version__} by services.py.")
    lines, without = set(), []
    for folder in session.get_available_services():
        about = session.get_service_model(folder).metadata
        names = [about.get("signingName"), about["endpointPrefix"], folder]
        names = [PREFIXES.get(name, name) for name in names if name]
        prefix = next((name for name in names if name in known), None)
        if prefix is None:
            without.append(folder)
            continue
        for name in {about["serviceId"].lower().replace(" ", ""), about["endpointPrefix"], about.get("signingName") or folder, folder}:
            lines.add(f"{name.lower()} {prefix}")
    print("\n".join(sorted(lines)))
    print(f"without a known prefix: {', '.join(without)}", file=sys.stderr)


if __name__ == "__main__":
    main()
