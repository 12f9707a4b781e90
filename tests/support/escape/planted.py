"""The places of one user, and the secrets that are planted there."""

import collections
import os
import pwd
import secrets as random
import shutil

# The decoy that each row looks for, where it is not one of its own.
SHARED = {
    "aws": ["read-aws", "symlink", "hard-link", "rename-directory", "proc-self-root", "proc-pid-root", "chroot", "unmount", "unmount-namespace",
            "bind-mount", "bind-mount-direct", "overlay", "open-tree", "inherited-descriptor", "alone-working-directory", "nsenter", "setns-pidfd",
            "descriptor-over-socket"],
    "azure": ["read-azure", "proc-pid-cwd"],
    "docker-config": ["read-docker", "rename-parent"],
    "memory": ["memory", "process-vm-readv", "ptrace"],
    "open-file": ["proc-pid-fd", "pidfd-getfd"],
    "docker": ["docker", "docker-symlink", "socket-descriptor", "socket-relative", "socket-race", "io-uring-socket"],
    "gpg-agent": ["gpg-agent", "docker-hard-link"],
    "home-socket": ["home-socket", "socket-posing"],
    "metadata": ["metadata", "metadata-fast-open-sendmmsg", "metadata-169.254.170.2", "metadata-169.254.170.23", "metadata-100.100.100.200", "metadata-168.63.129.16",
                 "metadata-ipv6", "metadata-mapped", "metadata-name", "metadata-decimal", "metadata-fast-open", "metadata-fast-open-sendmsg",
                 "metadata-race", "proxy-inside", "metadata-interface", "io-uring-metadata", "metadata-32-bit", "socketcall-32-bit"],
}
TOKEN_OF = {row: token for token, rows in SHARED.items() for row in rows}


# The contents of a file that Audex must not touch.
PRECIOUS = "the user's own\n"


class Secrets(collections.UserDict):
    """One random decoy for each name, made when it is first asked for."""

    def settle(self, names):
        """Makes the decoys of `names`, which several processes must agree on."""
        for name in names:
            self[name]

    def __missing__(self, name):
        self[name] = f"decoy-{name}-{random.token_hex(16)}"
        return self[name]

    def of_row(self, row):
        return self[TOKEN_OF.get(row, row)]


class Place:
    def __init__(self, base, user):
        self.user = user
        try:
            self.name = pwd.getpwuid(user).pw_name
        except KeyError:
            self.name = str(user)
        self.home = f"{base}/home/developer"
        self.work = f"{self.home}/project"
        self.runtime = f"/run/user/{user}"

    def make_directories(self, secrets):
        """Makes, as root, the directories that a system gives its users, and what belongs to root."""
        owned = [self.home, self.runtime, f"/run/screen/S-{self.name}"]
        for path in owned + ["/run/secrets/kubernetes.io/serviceaccount", "/run/containerd", "/run/dbus", "/var/spool/cron/crontabs", "/var/spool/cron/atjobs"]:
            os.makedirs(path, exist_ok=True)
        rustup = f"{self.home}/.rustup"
        for path in owned + [one for one in (rustup, f"{rustup}/toolchains") if os.path.isdir(one)]:
            if os.environ["ESCAPE_TESTER"] == "0":  # else both are the same user outside
                os.chown(path, self.user, self.user)
            os.chmod(path, 0o700)
        for path, name in (("/run/secrets/token", "read-run-secrets"), ("/run/secrets/kubernetes.io/serviceaccount/token", "read-service-account")):
            self.write(path, secrets[name])
        os.chmod("/run/secrets/token", 0o644)
        self.write(f"{self.home}/of-root", secrets["setuid"], 0o600)
        shutil.copy(shutil.which("cat", path="/usr/bin:/bin"), f"{self.home}/setuid-cat")
        os.chmod(f"{self.home}/setuid-cat", 0o4755)

    def write(self, path, text, mode=0o644):
        path = os.path.join(self.home, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def plant(self, secrets):
        """Writes, as the user, every file of a usual home; those with a secret first."""
        for path, name in ((".aws/credentials", "aws"), (".azure/msal_token_cache.json", "azure"), (".docker/config.json", "docker-config"),
                           (".config/gcloud/application_default_credentials.json", "read-gcloud"), (".kube/config", "read-kube"),
                           (".vault-token", "read-vault"), (".terraform.d/credentials.tfrc.json", "read-terraform"),
                           ("keys/gcp.json", "read-named"), (".git-credentials", "read-git-credentials"),
                           (".gnupg/private-keys-v1.d/decoy.key", "read-gnupg-key"),
                           (".config/gh/hosts.yml", "read-gh"), (".ssh/id_ed25519", "read-ssh-key"), (".npmrc", "read-npm"),
                           (".cargo/credentials.toml", "read-cargo"), (".netrc", "read-netrc"), ("project/.env", "read-dotenv"),
                           ("project/terraform.tfstate", "read-tfstate"), ("private.txt", "read-other-file"), (".config/audex/config.toml", "read-audex-config")):
            # Audex itself reads some of them, so the decoy is a comment.
            self.write(path, f"# {secrets[name]}\n", 0o600)
        self.write("copy-of-credentials", secrets["read-copy"])
        self.write("/dev/shm/decoy", secrets["shared-memory"], 0o600)
        self.write("precious.txt", PRECIOUS)
        for path in (".bashrc", ".profile", ".zshrc", ".gitconfig", ".ssh/config", ".vimrc", ".cargo/config.toml", "notes.txt",
                     ".aws/project/readme", ".local/bin/tool", "tools/bin/tool", ".config/git/ignore", ".config/Code/User/settings.json"):
            self.write(path, "")
        for repository in ("project", "other"):
            self.write(f"{repository}/.git/HEAD", "ref: refs/heads/main\n")
            self.write(f"{repository}/.git/config", "[core]\n\trepositoryformatversion = 0\n")
            for directory in ("hooks", "objects", "refs"):
                os.makedirs(f"{self.home}/{repository}/.git/{directory}")
        for directory in ("ask", "done", "mount"):
            os.mkdir(f"{self.work}/{directory}")
        os.mkdir(f"{self.home}/cores")
