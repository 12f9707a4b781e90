"""rclone, s3cmd, s3fs and Terraform's S3 backend under `tryaudex run --deliver gateway`, against moto_enforcing.py.

What is granted works. The rest is refused in the tool's own words, and the double is never asked for it. Under `tryaudex learn`,
which forwards everything, the double refuses the same.
"""

import json
import re
import shutil
import subprocess
import sys
import urllib.request

import boto3
from double import Double
from session import ROOT, SECONDS, TRYAUDEX, Home

PLACE = ROOT / "target/interop/aws"
PACKAGES = ["s3cmd==2.4.0", "s3fs==2026.9.0"]
OBJECTS = ["--allow", "s3:ListBucket,s3:GetBucketLocation,s3:GetObject,s3:PutObject,s3:GetObjectAcl,s3:PutObjectAcl,s3:DeleteObject,s3:AbortMultipartUpload",
           "--resource", "arn:aws:s3:::alpha,arn:aws:s3:::alpha/hello.txt,arn:aws:s3:::alpha/tools/*"]
STATES = ["--allow", "s3:ListBucket,s3:GetObject,s3:PutObject,s3:DeleteObject,dynamodb:GetItem,dynamodb:PutItem,dynamodb:DeleteItem",
          "--resource", "arn:aws:s3:::alpha,arn:aws:s3:::alpha/tools/*,arn:aws:dynamodb:us-east-1:123456789012:table/locks"]
# `t NAME COMMAND…` prints `NAME ok` or `NAME refused`, else what the command says.
TRY = """t() {
  name=$1; shift
  if said=$("$@" 2>&1); then echo "$name ok"; return; fi
  case $said in *AccessDenied*|*Forbidden*|*FORBIDDEN*) echo "$name refused";; *) echo "$name failed: $said";; esac
}
mkdir -p $HOME/work; cd $HOME/work; head -c 12000000 /dev/zero >big; echo hi >'a b+ü'
"""
# In one part: moto gives a finished upload of parts the version `null`, which rclone then asks for, and moto does not find.
RCLONE = TRY + """export RCLONE_CONFIG_R_TYPE=s3 RCLONE_CONFIG_R_PROVIDER=Other RCLONE_CONFIG_R_ENV_AUTH=true RCLONE_CONFIG_R_REGION=us-east-1
export RCLONE_CONFIG_R_ENDPOINT=$AWS_ENDPOINT_URL RCLONE_S3_UPLOAD_CUTOFF=20M RCLONE_S3_NO_CHECK_BUCKET=true
export RCLONE_RETRIES=1 RCLONE_LOW_LEVEL_RETRIES=1 RCLONE_CONFIG=/dev/null
t list rclone lsf r:alpha
t sync rclone sync . r:alpha/tools/rclone
t check rclone check . r:alpha/tools/rclone
t cat rclone cat r:alpha/hello.txt
t copy rclone copyto r:alpha/tools/rclone/big r:alpha/tools/rclone/big2
t delete rclone delete r:alpha/tools/rclone
t -bucket rclone cat r:beta/hello.txt
t -key rclone copyto big r:alpha/other
t -action rclone backend versioning r:alpha Enabled
t -buckets rclone lsd r:
"""
S3CMD = TRY + """s() { s3cmd --host=${AWS_ENDPOINT_URL#http://} --host-bucket=${AWS_ENDPOINT_URL#http://} --no-ssl --no-progress --max-retries=1 "$@"; }
t list s ls s3://alpha
t put s put 'a b+ü' s3://alpha/tools/s3cmd/one
t parts s put --multipart-chunk-size-mb=6 big s3://alpha/tools/s3cmd/big
t get s get --force s3://alpha/tools/s3cmd/one back
t again s get --force s3://alpha/tools/s3cmd/one back
t copy s cp s3://alpha/tools/s3cmd/one s3://alpha/tools/s3cmd/two
t sync s sync ./ s3://alpha/tools/s3cmd/all/
t delete s del --recursive --force s3://alpha/tools/s3cmd/
t -bucket s get --force s3://beta/hello.txt back
t -key s put 'a b+ü' s3://alpha/other
t -action s delpolicy s3://alpha
t -buckets s ls
"""
S3FS = """import s3fs
fs = s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
def t(name, call):
    try: call(); print(name, "ok")
    except PermissionError: print(name, "refused")
    except Exception as error: print(name, "failed:", repr(error))
here = "alpha/tools/s3fs"
t("list", lambda: fs.ls("alpha"))
t("put", lambda: fs.pipe_file(f"{here}/one ü", b"x" * 100))
def parts():
    with fs.open(f"{here}/parts", "wb", block_size=6_000_000) as file: file.write(b"x" * 13_000_000)
t("parts", parts)
t("get", lambda: fs.cat_file(f"{here}/parts"))
t("range", lambda: fs.cat_file("alpha/hello.txt", 0, 5))
t("copy", lambda: fs.copy(f"{here}/one ü", f"{here}/two"))
t("find", lambda: fs.find(here))
t("delete", lambda: fs.rm(here, recursive=True))
t("-bucket", lambda: fs.cat_file("beta/hello.txt"))
t("-key", lambda: fs.pipe_file("alpha/other", b"x"))
t("-action", lambda: fs.put_tags("alpha/hello.txt", {"a": "b"}))
t("-buckets", lambda: fs.ls(""))
"""
BACKEND = """terraform {
  backend "s3" {
    bucket         = "alpha"
    key            = "tools/state"
    region         = "us-east-1"
    use_path_style = true
    use_lockfile   = true
    dynamodb_table = "locks"
  }
}
resource "terraform_data" "one" { input = "one" }
"""
TERRAFORM = TRY + """cd $HOME/terraform; export CHECKPOINT_DISABLE=1; rm -rf .terraform*
t init terraform init -no-color
t apply terraform apply -no-color -auto-approve
t workspace terraform workspace list -no-color
t destroy terraform destroy -no-color -auto-approve
t -key terraform init -no-color -reconfigure -backend-config=key=other/state
t -bucket terraform init -no-color -reconfigure -backend-config=bucket=beta
t table terraform init -no-color -reconfigure -backend-config=dynamodb_table=others
t -table terraform apply -no-color -auto-approve
"""


def _installed(program):
    """The program on the PATH, or the one of Debian's package unpacked under target/, which needs no root."""
    own = PLACE / "debian/usr/bin" / program
    if found := shutil.which(program):
        return found
    if not own.exists() and shutil.which("apt-get"):
        own.parent.mkdir(parents=True, exist_ok=True)
        fetched = [["apt-get", "download", program], ["sh", "-c", f"dpkg-deb -x {program}_*.deb {PLACE}/debian"]]
        for command in fetched:
            if subprocess.run(command, cwd=PLACE, capture_output=True, timeout=120).returncode:
                return None
    return str(own) if own.exists() else None


def _packages():
    """The `bin` of a venv with the Python tools."""
    binaries = PLACE / "venv/bin"
    if not (binaries / "s3cmd").exists():
        install = [[sys.executable, "-m", "venv", str(PLACE / "venv")],
                   [str(binaries / "pip"), "install", "--quiet", "--disable-pip-version-check", *PACKAGES]]
        for command in install:
            if subprocess.run(command, capture_output=True, timeout=300).returncode:
                shutil.rmtree(PLACE / "venv", ignore_errors=True)
                return None
    return binaries


class Tool:
    """A tool with its script. The steps whose names begin with `-` are not granted."""

    def __init__(self, name, options, script, why, found):
        self.name, self.options, self.script, self.why, self.found = name, options, script, why, found

    def missing(self):
        return None if self.found() else self.why

    def check(self, judge):
        with Double("moto_enforcing.py") as double:
            home = _home(double)
            home.environment["PATH"] = f"{PLACE}/venv/bin:{PLACE}/debian/usr/bin:{home.environment['PATH']}"
            home.write("program.py", S3FS)
            home.write("terraform/main.tf", BACKEND)
            script = ["sh", "-c", self.script]
            steps = re.findall(r'^t\(?"? ?(-?\w+)', S3FS if "program.py" in self.script else self.script, re.MULTILINE)
            expected = [f"{step} {'refused' if step.startswith('-') else 'ok'}" for step in steps]
            judge.allowed(f"{self.name} uses what is granted under the gateway, and no more",
                          lambda: home.run(["--deliver", "gateway", *self.options], script).splitlines(), expected)
            judge.allowed(f"{self.name}: the double sees no other request", lambda: [one for one in _seen(home, double) if not _granted(one)], [])
            judge.allowed(f"{self.name}: the double refuses the same", lambda: _learned(home, self.options, script), expected)


def _home(double):
    home = Home()
    home.environment |= {
        "AWS_ENDPOINT_URL": double["endpoint"], "AWS_REGION": double["region"], "AWS_DEFAULT_REGION": double["region"],
        "AWS_ACCESS_KEY_ID": double["access_key_id"], "AWS_SECRET_ACCESS_KEY": double["secret_access_key"],
        "AUDEX_ROLE_ARN": double["role_arn"], "AWS_EC2_METADATA_DISABLED": "true",
    }
    admin = boto3.client("dynamodb", endpoint_url=double["endpoint"], region_name=double["region"],
                         aws_access_key_id=double["admin_access_key_id"], aws_secret_access_key=double["admin_secret_access_key"])
    for table in ("locks", "others"):
        admin.create_table(TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
                           AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}])
    return home


def _learned(home, options, script):
    asked = [str(TRYAUDEX), "learn", *options, "--", *script]
    done = subprocess.run(asked, env=home.environment, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    return done.stdout.splitlines()


def _seen(home, double):
    """The requests that the double got with the keys of the last session."""
    log = subprocess.run([str(TRYAUDEX), "audit", "list", "--json"], env=home.environment, capture_output=True, text=True, check=True)
    key = [one for one in json.loads(log.stdout) if one["event"] == "issued"][-1]["access_key_id"]
    with urllib.request.urlopen(f"{double['endpoint']}/audex-double/seen/{key}") as answer:
        seen = answer.read().decode().splitlines()
    assert seen, "nothing was seen"
    return seen


def _granted(request):
    service, _, what = request.partition(" ")
    if service != "s3":
        return (service, what) in {("sts", "GetCallerIdentity"), *(("dynamodb", f"{verb}Item") for verb in ("Get", "Put", "Delete"))}
    verb, _, path = what.partition(" ")
    # The listing of the bucket, its region, and deletions in it.
    of_bucket = re.fullmatch(r"/alpha/?(\?(location|delete|.*(delimiter|max-keys|prefix|list-type)=.*))?", path)
    return bool(of_bucket) or bool(re.match(r"/alpha/(hello\.txt$|tools/)", path)) or (verb == "HEAD" and path == "/alpha/tools")


VENV = "pip cannot install " + ", ".join(PACKAGES)
TOOLS = [
    Tool("rclone", OBJECTS, RCLONE, "it is not installed and apt-get cannot download it", lambda: _installed("rclone")),
    Tool("s3cmd", OBJECTS, S3CMD, VENV, _packages),
    Tool("s3fs", OBJECTS, f"{PLACE}/venv/bin/python -W ignore $HOME/program.py", VENV, _packages),
    Tool("Terraform's S3 backend", STATES, TERRAFORM, "terraform is not installed, and no package registry has it",
         lambda: shutil.which("terraform")),
]
