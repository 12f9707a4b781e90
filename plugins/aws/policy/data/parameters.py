"""Writes parameters.bin: which parameter of an operation names which part of a resource.

    cargo run --manifest-path plugins/Cargo.toml --example types -p aws-catalogue > types.txt
    tests/.venv/bin/python plugins/aws/policy/data/parameters.py types.txt > plugins/aws/policy/data/parameters.bin

Source: botocore's service models (Apache-2.0): names and shapes of the members of an operation's input; the catalogue's resource types
and formats of ARNs (`types.txt`: action, required or not, type and format, with tabs between). A member names a variable if it has
its name (then it needs no line), if its shape has that name (`Name` of `PutRule` is a `RuleName`), or if the two differ only in their
ending (`cluster`, `ClusterName`, `ClusterIdentifier`) or in the name of the resource type. A name never stands for an id, nor an id
for a name. HAND has the others.

With `--sample` it writes requests instead: each operation with every member it could name a resource by, for the example `resources`.
"""

import pathlib
import re
import sys
from collections import defaultdict

import botocore
import botocore.session

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[2] / "method-table"))
from method_table import pack

# Service, parameter, variable (of one resource type: `type:variable`); of every operation. Source: the API references.
HAND = {
    "appsync": {"apiid": "graphqlapiid"},
    "athena": {"workgroup": "workgroupname"},
    "autoscaling": {"autoscalinggroupname": "groupfriendlyname", "autoscalinggroupnames": "groupfriendlyname",
                    "launchconfigurationname": "launchconfigurationname"},
    "cloudwatch": {"rulename": "insightrulename", "rulenames": "insightrulename"},
    "codebuild": {"name": "projectname", "names": "projectname", "projectname": "projectname"},
    "ecs": {"taskdefinition": "taskdefinitionfamilyname", "tasks": "taskid", "task": "taskid", "service": "servicename", "services": "servicename",
            "containerinstances": "containerinstanceid", "containerinstance": "containerinstanceid"},
    "eks": {"name": "clustername"},
    "elasticbeanstalk": {"environmentname": "environmentname"},
    "es": {"id": "application:appid"},
    "events": {"eventbusname": "eventbusname", "rule": "rulename"},
    "geo": {"collectionname": "geofencecollectionname"},
    "glue": {"endpointname": "devendpointname"},
    "iot": {"actionname": "mitigationactionname", "certificateid": "certificate", "templatename": "provisioningtemplate"},
    "logs": {"loggroupidentifier": "loggroupname", "loggroupidentifiers": "loggroupname", "loggroupnames": "loggroupname"},
    "mobiletargeting": {"applicationid": "appid"},
    "rds": {"dbclusteridentifier": "dbclusterinstancename", "dbinstanceidentifier": "dbinstancename",
            "dbclusterparametergroupname": "clusterparametergroupname", "dbparametergroupname": "parametergroupname",
            "dbsubnetgroupname": "subnetgroupname", "dbsnapshotidentifier": "snapshotname",
            "dbclustersnapshotidentifier": "clustersnapshotname"},
    "secretsmanager": {"name": "secretid"},
    "sns": {"name": "topicname"},
    "ssm": {"name": "parameternamewithoutleadingslash", "names": "parameternamewithoutleadingslash",
            "path": "parameternamewithoutleadingslash", "windowid": "maintenancewindow:resourceid",
            "baselineid": "patchbaseline:patchbaselineidresourceid"},
    "wafv2": {"scope": "scope"},
}
# The same for `src/observed/resource.rs`, which needs no line for it.
SAME = {("s3", "bucket"): "bucketname", ("s3", "key"): "objectname"}
# Where a plain name is of another type than the operation says.
NOT = {("ssm", "name", "documentname"): ("Parameter",), ("ssm", "name", "parameternamewithoutleadingslash"): ("Document", "Association", "Automation")}

KINDS = ("identifier", "name", "id")
# Kinds of a parameter, and of the variables that it can be.
FITS = {"": ("", "name", "id", "identifier"), "name": ("name", "", "identifier"), "id": ("id", "", "identifier"),
        "identifier": ("name", "id", "", "identifier")}
PLACES = ("Partition", "Region", "Account")
ENDINGS = ("withpath", "withoutleadingslash")
# Variables that say no more than the resource type does.
PLAIN = ("", "resource")
VERB = re.compile(r"^(Batch)?[A-Z][a-z0-9]*")


def plain(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def kind(name):
    return next(((name[: -len(ending)], ending) for ending in KINDS if name.endswith(ending)), (name, ""))


def single(name):
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith(("ses", "xes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def variable(name):
    name = plain(name)
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return name


def variables(arn):
    return [name for name in re.findall(r"\$\{([^}]+)\}", arn) if name not in PLACES]


def shape(name):
    name = plain(name)
    for ending in ("string", "type", "list", "value", "text"):
        name = name.removesuffix(ending) or name
    return name


def members(operation):
    """Name on the wire, shape, several, enumeration."""
    for name, member in (operation.input_shape.members.items() if operation.input_shape else ()):
        about = member.serialization
        if about.get("location") in ("header", "headers", "statusCode"):
            continue
        inner = member.member if member.type_name == "list" else member
        if inner.type_name == "string":
            yield about.get("name", name), inner.name, member.type_name == "list", bool(getattr(inner, "enum", None))


def score(service, operation, member, type_name, name, alone, whole):
    """How well a member names a variable of a type; 0 is not at all. `alone`: there is no other type; `whole`: no other variable."""
    wire, shape_name, several, is_enumeration = member
    wire, of_type, wanted = plain(wire), plain(type_name), variable(name)
    hand = HAND.get(service, {}).get(wire)
    if any(operation.find(word) >= 0 for word in NOT.get((service, wire, plain(name)), ())):
        return 0
    if hand is not None and (hand == f"{of_type}:{wanted}" or variable(hand) == wanted):
        return 12
    names = {wire, single(wire)} if several else {wire}
    stem, ending = kind(wanted)
    is_plain = stem in PLAIN
    if SAME.get((service, wire)) == wanted:
        return 10
    # `Id` of several types names one of them at most.
    if wanted in names and (alone or not is_plain):
        return 10
    if is_enumeration:
        return 0
    if is_plain:
        stem = of_type
    noun = plain(VERB.sub("", operation) or operation)
    nouns = (noun, single(noun))
    best = 0
    for one in names:
        own, own_kind = kind(one)
        if own.endswith("arn") or own == "":
            by_shape, shape_kind = kind(shape(shape_name))
            named = by_shape == stem and by_shape and ending in FITS[own_kind or shape_kind]
            by_noun = ending in FITS[own_kind] and (stem in nouns or alone and (whole and of_type in nouns or noun.startswith(stem)))
            best = max(best, 8 if named and own == "" else 7 if by_noun and own == "" else 0)
        elif ending not in FITS[own_kind]:
            continue
        elif own == stem:
            best = max(best, 9)
        elif own == of_type and alone and whole:
            best = max(best, 6)
        elif own in ("source" + stem, "target" + stem, "db" + stem, plain(service) + stem, "sourcedb" + stem, "targetdb" + stem):
            best = max(best, 5)
        elif len(own) > 3 and stem == plain(service) + own:
            best = max(best, 5)
    return best


def best(service, operation, inputs, type_name, name, alone, whole):
    """The members that name it best."""
    scores = [(score(service, operation, member, type_name, name, alone, whole), member[0]) for member in inputs]
    top = max((points for points, _ in scores), default=0)
    return [(points, wire) for points, wire in scores if points and (points == top or points >= 9)]


def catalogue(path):
    """By action in lower case: type, whether it is required, format."""
    types = defaultdict(list)
    for line in pathlib.Path(path).read_text().splitlines():
        action, required, name, arn = line.split("\t")
        types[action.lower()].append((name, required == "1", arn))
    return types


def operations():
    """Prefix of the permissions, name of the operation, actions, members."""
    prefixes = dict(line.split() for line in (HERE / "services.txt").read_text().splitlines() if line[0] != "#")
    exceptions = {}
    for line in (HERE / "exceptions.txt").read_text().splitlines():
        if line[0] != "#":
            call, actions = line.split(" =", 1)
            exceptions[tuple(call.split()[:2])] = [action.strip() for action in actions.split(",") if action.strip()]
    session = botocore.session.get_session()
    for folder in session.get_available_services():
        model = session.get_service_model(folder)
        signed = (model.metadata.get("signingName") or model.metadata["endpointPrefix"]).lower()
        if signed in prefixes:
            prefix = prefixes[signed]
            for operation in map(model.operation_model, model.operation_names):
                actions = exceptions.get((prefix, operation.name), [f"{prefix}:{operation.name}"])
                yield signed, prefix, operation.name, actions, list(members(operation))


def lines(types):
    found = defaultdict(lambda: defaultdict(set))
    for _, prefix, operation, actions, inputs in operations():
        for action in actions:
            kinds = types.get(action.lower(), [])
            for name, _, arns in kinds:
                for arn in arns.split(", "):
                    parts = variables(arn)
                    for part in parts:
                        for points, wire in best(prefix, operation, inputs, name, part, len(kinds) == 1, len(parts) == 1):
                            if points != 10:
                                found[prefix][operation].add(f"{wire}={name.replace(' ', '_')}:{part}")
    return {prefix: [" ".join([name, *sorted(parts)]) for name, parts in sorted(of.items())] for prefix, of in found.items()}


def sample(types):
    for signed, prefix, operation, actions, inputs in operations():
        kinds = [one for action in actions for one in types.get(action.lower(), [])]
        if not kinds:
            continue
        values = []
        for wire, _, several, _ in inputs:
            name = single(plain(wire)) if several else plain(wire)
            is_arn = name.endswith("arn") or name in ("resource", "resourcename")
            stem = name.removesuffix("arn")
            fitting = [arn for of, _, arn in kinds if plain(of) == stem] or [arn for of, _, arn in kinds if stem in plain(of) or plain(of) in stem]
            arn = (fitting or ["arn:aws:iam::123456789012:role/${Name}"])[0].split(", ")[0]
            arn = arn.replace("${Partition}", "aws").replace("${Region}", "eu-west-1").replace("${Account}", "123456789012")
            values.append(f"{wire}={re.sub(r'[$][{][^}]+[}]', 'x1', arn) if is_arn else 'x1'}")
        print("\t".join([signed, operation, *values]))


def main():
    types = catalogue(sys.argv[1])
    if "--sample" in sys.argv:
        return sample(types)
    title = f"parameters of AWS operations that name resources, from botocore {botocore.__version__} (Apache-2.0) by parameters.py"
    sys.stdout.buffer.write(pack(title, lines(types)))


if __name__ == "__main__":
    main()
