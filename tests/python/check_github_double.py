"""Shows that github_double.py enforces what GitHub does: by plain requests, by PyGithub where it is installed, and by git.

    python check_github_double.py

Needs double.py beside it (in the repository) or in $AUDEX_TESTS_PYTHON, `cryptography`, and git.
"""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request


from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

import double as doubles

try:
    import github
except ImportError:
    github = None



class Failed(Exception):
    pass


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(key, iss, iat=-60, exp=300, alg="RS256", **more):
    now = int(time.time())
    claims = {"iss": iss, "iat": now + iat, "exp": now + exp, **more}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": alg, "typ": "JWT"}, claims))
    key = serialization.load_pem_private_key(key.encode(), None)
    return f"{signed}.{encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def main():
    judge = doubles.Judge()
    with doubles.Double("github_double.py") as double:
        check(judge, double)
    judge.end()


def check(judge, double):
    def ask(method, path, token=None, body=None, **headers):
        headers = {"user-agent": "check", **({"authorization": f"Bearer {token}"} if token else {}), **headers}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{double['address']}/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as reply:
                text = reply.read()
                return json.loads(text) if text else reply.status
        except urllib.error.HTTPError as error:
            raise Failed(f"{error.code} {json.loads(error.read())['message']}") from None

    def control(**change):
        ask("POST", "double/set", body=change)

    key = double["private_key"]
    app = lambda **more: jwt(key, double["app_id"], **more)
    organisation, user = double["installation"], double["user_installation"]

    def issue(body, installation=organisation, by=None):
        return ask("POST", f"app/installations/{installation}/access_tokens", by or app(), body)

    # The App's own token.
    judge.allowed("the App is known by its id", lambda: ask("GET", "app", app())["slug"], "audex-double")
    judge.allowed("and by its client id", lambda: ask("GET", "app", jwt(key, double["client_id"]))["id"], 4711)
    judge.allowed("and by a key in PKCS#8", lambda: ask("GET", "app", jwt(double["private_key_pkcs8"], double["app_id"]))["id"], 4711)
    undecodable = "401 A JSON web token could not be decoded"
    judge.denied("another key is not the App's", lambda: ask("GET", "app", jwt(double["other_private_key"], double["app_id"])), undecodable)
    judge.denied("another id has another key", lambda: ask("GET", "app", jwt(key, "4712")), undecodable)
    judge.denied("another algorithm is none", lambda: ask("GET", "app", app(alg="HS256")), undecodable)
    judge.denied("no token is none", lambda: ask("GET", "app"), "401 Requires authentication")
    judge.denied("more than ten minutes are too long", lambda: ask("GET", "app", app(exp=900)), "too far in the future")
    judge.denied("what is over is over", lambda: ask("GET", "app", app(exp=-1)), "401 'Expiration time'")
    judge.denied("what is from the future is not", lambda: ask("GET", "app", app(iat=30)), "401 'Issued at'")
    judge.denied("a forged claim is seen", lambda: ask("GET", "app", app()[:-8] + "AAAAAAAA"), undecodable)

    # Where it is installed.
    found = lambda path: ask("GET", path, app())["id"]
    judge.allowed("an installation is found by repository", lambda: found("repos/Octo-Org/Hello/installation"), 1001)
    judge.allowed("by organisation", lambda: found("orgs/octo-org/installation"), 1001)
    judge.allowed("by user", lambda: found("users/monalisa/installation"), 2002)
    judge.allowed("by number", lambda: found("app/installations/1001"), 1001)
    judge.allowed("or listed", lambda: [one["id"] for one in ask("GET", "app/installations", app())], [1001, 2002])
    for path in ("repos/octo-org/vault/installation", "orgs/monalisa/installation", "users/nobody/installation", "app/installations/3"):
        judge.denied(f"{path} is none", lambda path=path: found(path), "404")

    # Tokens.
    narrow = {"permissions": {"contents": "read"}, "repositories": ["hello"]}
    judge.allowed("a token says what it may", lambda: issue(narrow)["permissions"], {"contents": "read", "metadata": "read"})
    judge.allowed("and where", lambda: [one["full_name"] for one in issue(narrow)["repositories"]], ["octo-org/hello"])
    judge.allowed("nothing asked for is everything", lambda: len(issue({"permissions": {}})["permissions"]), 5)
    judge.denied("more than the App has is refused", lambda: issue({"permissions": {"pull_requests": "write"}}), "422 The permissions")
    judge.denied("as is what it has not", lambda: issue({"permissions": {"actions": "read"}}), "422 The permissions")
    judge.denied("and a repository out of reach", lambda: issue({"repositories": ["vault"]}), "422 There is at least one")
    judge.denied("and an installation that is none", lambda: issue(narrow, "3"), "404")
    judge.denied("and a body that is none", lambda: issue({"permissions": "all"}), "400")
    judge.denied("a token makes no token", lambda: issue(narrow, by=issue(narrow)["token"]), undecodable)

    token = issue(narrow)["token"]
    readme = "repos/octo-org/hello/contents/README.md"
    text = lambda reply: base64.b64decode(reply["content"]).decode()
    judge.allowed("it reads the file", lambda: text(ask("GET", readme, token)), "hello from octo-org\n")
    judge.allowed("by the older scheme too", lambda: text(ask("GET", readme, None, None, authorization=f"token {token}")), "hello from octo-org\n")
    put = {"message": "m", "content": base64.b64encode(b"new").decode()}
    integration = "403 Resource not accessible by integration"
    judge.denied("it does not write", lambda: ask("PUT", readme, token, put), integration)
    judge.denied("nor see issues", lambda: ask("GET", "repos/octo-org/hello/issues", token), integration)
    judge.denied("nor another repository", lambda: ask("GET", "repos/octo-org/other/contents/README.md", token), "404")
    judge.denied("nor another owner's of that name", lambda: ask("GET", "repos/monalisa/hello/contents/README.md", token), "404")
    judge.allowed("it lists its own", lambda: ask("GET", "installation/repositories", token)["total_count"], 1)
    judge.denied("members are another permission", lambda: ask("GET", "orgs/octo-org/members", token), integration)
    writer = issue({"permissions": {"contents": "write", "issues": "write"}, "repositories": ["other"]})["token"]
    judge.allowed("a writer writes", lambda: ask("PUT", "repos/octo-org/other/contents/new", writer, put)["commit"]["message"], "m")
    judge.allowed("and reads", lambda: text(ask("GET", "repos/octo-org/other/contents/new", writer)), "new")
    judge.allowed("an issue is opened", lambda: ask("POST", "repos/octo-org/other/issues", writer, {"title": "t"})["number"], 1)
    judge.allowed("and listed", lambda: len(ask("GET", "repos/octo-org/other/issues", writer)), 1)

    # The end.
    judge.allowed("a token ends itself", lambda: ask("DELETE", "installation/token", writer), 204)
    judge.denied("and is none then", lambda: ask("GET", "repos/octo-org/other/issues", writer), "401 Bad credentials")
    judge.denied("nor ends twice", lambda: ask("DELETE", "installation/token", writer), "401")
    # Not to the second: the token is as old as the checks since it was issued took, and machines can be slow.
    control(clock=3300)
    judge.allowed("a token lives for an hour", lambda: text(ask("GET", readme, token)), "hello from octo-org\n")
    control(clock=3601)
    judge.denied("and not longer", lambda: ask("GET", readme, token), "401")
    judge.denied("GitHub's clock judges the App's token too", lambda: issue(narrow), "401 'Expiration time'")
    control(clock=0, life=0)
    judge.denied("a shorter life is to be had for tests", lambda: ask("GET", readme, issue(narrow)["token"]), "401")
    control(life=3600, stateless=True)
    long = issue(narrow)["token"]
    judge.allowed("the newer form is longer, with two dots", lambda: (len(long) > 400, long.count(".")), (True, 2))
    judge.allowed("and works", lambda: text(ask("GET", readme, long)), "hello from octo-org\n")
    control(stateless=False)

    # What tests turn on.
    control(suspended=True, installation=1001)
    judge.denied("a suspended installation gives none", lambda: issue(narrow), "403 This installation has been suspended")
    judge.allowed("another is not", lambda: len(issue({}, user)["token"]) > 30, True)
    control(suspended=False)
    control(rate_limited=403)
    judge.denied("a limit is a limit", lambda: issue(narrow), "403 You have exceeded a secondary rate limit")
    control(rate_limited=0, forge={"permissions": {"contents": "admin"}})
    judge.allowed("a reply can be forged", lambda: issue(narrow)["permissions"], {"contents": "admin"})
    control(forge={})
    judge.denied("an old version is none", lambda: ask("GET", "app", app(), None, **{"x-github-api-version": "2020-01-01"}), "400")
    judge.allowed("it remembers what was asked", lambda: ask("GET", "_test/log")["requests"][0]["body"], narrow)

    with_git(judge, double["address"], lambda body: issue(body)["token"])
    if github:
        with_pygithub(judge, double)
    else:
        print("PyGithub is not installed: not held against it")


def with_git(judge, address, issue):
    """git's own reading of the variables that would lead it to the token, and of ways that do not."""
    helper = '!f() { test "$1" = get && echo username=x-access-token && echo "password=$GH_TOKEN"; }; f'
    credential = f"credential.{address}.helper"

    def run(words, token, settings):
        variables = {f"GIT_CONFIG_{kind}_{n}": text for n, pair in enumerate(settings) for kind, text in zip(("KEY", "VALUE"), pair)}
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_TERMINAL_PROMPT": "0", "GH_TOKEN": token,
                       "GIT_CONFIG_COUNT": str(len(settings)), **variables}
        done = subprocess.run(["git", *words], env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise Failed(done.stderr)
        return done.stdout

    token = issue({"permissions": {"contents": "read"}, "repositories": ["hello"]})
    by_helper = [(credential, ""), (credential, helper)]
    hello = ["ls-remote", f"{address}/octo-org/hello.git"]
    judge.allowed("git gets the token from a helper that reads GH_TOKEN", lambda: run(hello, token, by_helper), "")
    judge.denied("without it git has none", lambda: run(hello, token, []), "terminal prompts disabled", "could not read Username")
    judge.denied("and only the token's repository", lambda: run(["ls-remote", f"{address}/octo-org/other.git"], token, by_helper), "not found", "404")
    # An own helper that comes first would win: the empty one clears the list.
    other = (credential, "!f() { echo username=x-access-token; echo password=other; }; f")
    judge.allowed("an empty helper clears the user's own", lambda: run(hello, token, [other, *by_helper]), "")
    judge.denied("which would win otherwise", lambda: run(hello, token, [other, (credential, helper)]), "Authentication failed", "401", "could not read")
    # The other way: the token in an address. It works, and git shows it.
    at = address.replace("://", f"://x-access-token:{token}@")
    rewritten = [(f"url.{at}/.insteadOf", f"{address}/")]
    judge.allowed("an address with the token works too", lambda: run(hello, token, rewritten), "")
    judge.allowed("and git prints that token", lambda: token in run(["ls-remote", "--get-url", f"{address}/octo-org/hello.git"], token, rewritten), True)


def with_pygithub(judge, double):
    def integration(key):
        return github.GithubIntegration(auth=github.Auth.AppAuth(double["app_id"], key), base_url=double["address"], retry=None)

    app, number = integration(double["private_key"]), int(double["installation"])
    judge.allowed("PyGithub: the App", lambda: app.get_app().slug, "audex-double")
    judge.denied("PyGithub: another key", lambda: integration(double["other_private_key"]).get_app().slug, "401")
    judge.allowed("PyGithub: an installation", lambda: app.get_repo_installation("octo-org", "hello").id, number)
    token = app.get_access_token(number, permissions={"contents": "read"})
    judge.allowed("PyGithub: a token's permissions", lambda: token.permissions, {"contents": "read", "metadata": "read"})
    judge.allowed("PyGithub: its end", lambda: 3500 < (token.expires_at.timestamp() - time.time()) <= 3601, True)
    judge.denied("PyGithub: too much", lambda: app.get_access_token(number, permissions={"actions": "write"}), "422")
    hub = github.Github(auth=github.Auth.Token(token.token), base_url=double["address"], retry=None)
    repository = lambda: hub.get_repo("octo-org/hello")
    judge.allowed("PyGithub: a file", lambda: repository().get_contents("README.md").decoded_content, b"hello from octo-org\n")
    judge.denied("PyGithub: no writing", lambda: repository().create_file("x", "m", "c"), "403")
    judge.denied("PyGithub: no issue", lambda: repository().create_issue("t"), "403")
    judge.denied("PyGithub: nothing out of reach", lambda: hub.get_repo("octo-org/vault").id, "404")


if __name__ == "__main__":
    main()
