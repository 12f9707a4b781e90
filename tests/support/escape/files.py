"""Attempts to read a hidden file."""

import ctypes
import glob
import os
import threading

import libc
from attack import HOME, PLACES, WORK, attempt, every, first, home, in_child, others, outside, read

# Every place that holds a credential, by its row.
READS = {
    "read-aws": home(".aws/credentials"),
    "read-azure": home(".azure/msal_token_cache.json"),
    "read-gcloud": home(".config/gcloud/application_default_credentials.json"),
    "read-kube": home(".kube/config"),
    "read-docker": home(".docker/config.json"),
    "read-vault": home(".vault-token"),
    "read-terraform": home(".terraform.d/credentials.tfrc.json"),
    "read-run-secrets": "/run/secrets/token",
    "read-service-account": "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "read-named": home("keys/gcp.json"),
    "read-audex-key": PLACES["audex_key"],
    "read-audex-config": home(".config/audex/config.toml"),
    "read-gnupg-key": home(".gnupg/private-keys-v1.d/decoy.key"),
    "read-git-credentials": home(".git-credentials"),
    "read-gh": home(".config/gh/hosts.yml"),
    "read-ssh-key": home(".ssh/id_ed25519"),
    "read-npm": home(".npmrc"),
    "read-cargo": home(".cargo/credentials.toml"),
    "read-netrc": home(".netrc"),
    "read-dotenv": os.path.join(WORK, ".env"),
    "read-tfstate": os.path.join(WORK, "terraform.tfstate"),
    "read-copy": home("copy-of-credentials"),
    "read-other-file": home("private.txt"),
}
READS_AGAIN = 20000  # some hundred milliseconds, without a clock
SECRET = home(".aws/credentials")

for name, path in READS.items():
    attempt(name)(lambda path=path: read(path))


@attempt("symlink")
def symlink():
    os.symlink(SECRET, os.path.join(WORK, "link"))
    return read(os.path.join(WORK, "link"))


@attempt("hard-link")
def hard_link():
    """Of a file in a hidden directory, and of a hidden file."""
    def link(path):
        target = os.path.join(WORK, "hard-" + os.path.basename(path))
        os.link(path, target)
        return read(target)
    return every([SECRET, home(".docker/config.json"), home(".vault-token")], link)


@attempt("rename-directory")
def rename_directory():
    os.rename(home(".aws"), home("moved"))
    try:
        return read(home("moved/credentials"))
    finally:
        os.rename(home("moved"), home(".aws"))


@attempt("rename-parent")
def rename_parent():
    """The directory above a hidden file is moved, and a new one takes its place."""
    os.rename(home(".docker"), home("moved-docker"))
    try:
        return read(home("moved-docker/config.json"))
    finally:
        os.rename(home("moved-docker"), home(".docker"))


@attempt("replaced-outside")
def replaced_outside():
    """A program outside replaces the hidden file by rename, as docker login does; read once it has had time to be hidden again."""
    outside("replace")
    for _ in range(READS_AGAIN):
        try:
            got = read(home(".docker/config.json"))
        except OSError as error:
            got = str(error).encode()
        os.sched_yield()
    return got


@attempt("replaced-race")
def replaced_race():
    """The same, read without a pause while it happens, and after it: the first sight counts."""
    done = threading.Event()
    threading.Thread(target=lambda: (outside("replace-again"), done.set())).start()
    got = b""
    while not done.is_set():
        try:
            got = read(home(".vault-token"))
        except OSError:
            pass
        if b"decoy-replaced-race" in got:
            return got
    return first(range(READS_AGAIN), lambda _: got if b"decoy-replaced-race" in (got := read(home(".vault-token"))) else b"")


@attempt("proc-self-root")
def proc_self_root():
    return first(["/proc/self/root", "/proc/thread-self/root"], lambda root: read(root + SECRET))


@attempt("proc-pid-root")
def proc_pid_root():
    return every(others(), lambda pid: read(f"/proc/{pid}/root{SECRET}"))


@attempt("proc-pid-cwd")
def proc_pid_cwd():
    return every(others(), lambda pid: read(f"/proc/{pid}/cwd/msal_token_cache.json"))


@attempt("chroot")
def chroot():
    def enter(pid):
        def inside():
            os.chroot(f"/proc/{pid}/root")
            return read(SECRET)
        return in_child(inside)
    return first(others()[:2], enter)


@attempt("unmount")
def unmount():
    """Takes off what is mounted over the secret, with the rights that the command has."""
    for path in (SECRET, home(".aws"), HOME):
        try:
            libc.umount(path)
        except OSError:
            pass
    return read(SECRET)


@attempt("unmount-namespace")
def unmount_namespace():
    def inside():
        libc.new_namespaces()
        return unmount()
    return in_child(inside)


@attempt("bind-mount")
def bind_mount():
    """Binds the home without what is mounted below it."""
    def inside():
        libc.new_namespaces()
        libc.mount(HOME, os.path.join(WORK, "mount"), None, libc.MS_BIND)
        return read(os.path.join(WORK, "mount/.aws/credentials"))
    return in_child(inside)


@attempt("bind-mount-direct")
def bind_mount_direct():
    """The same without a new user namespace."""
    def inside():
        libc.unshare(libc.CLONE_NEWNS)
        libc.mount(None, "/", None, libc.MS_REC | libc.MS_PRIVATE)
        libc.mount(HOME, os.path.join(WORK, "mount"), None, libc.MS_BIND)
        return read(os.path.join(WORK, "mount/.aws/credentials"))
    return in_child(inside)


@attempt("overlay")
def overlay():
    """Lays an overlay over the home, which has none of the mounts below it."""
    def inside():
        libc.new_namespaces()
        target = os.path.join(WORK, "mount")
        libc.mount("overlay", target, "overlay", 0, f"lowerdir={HOME}:/var/spool")
        return read(os.path.join(target, ".aws/credentials"))
    return in_child(inside)


@attempt("open-tree")
def open_tree():
    """Clones the home as a tree of its own, which has none of the mounts below it."""
    def inside():
        libc.new_namespaces()
        tree = libc.syscall("open_tree", -100, ctypes.c_char_p(HOME.encode()), 1 | 0o2000000)
        return read(f"/proc/self/fd/{tree}/.aws/credentials")
    return in_child(inside)


@attempt("inherited-descriptor")
def inherited_descriptor():
    """A file and a directory that were open when the command was started."""
    def through(descriptor):
        try:
            os.lseek(descriptor, 0, 0)
            return os.read(descriptor, 4096)
        except OSError:
            return read(f"/proc/self/fd/{descriptor}/credentials")
    return every([int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2], through)


@attempt("alone-working-directory")
def working_directory():
    """The command was started in a directory below a hidden one."""
    return first(["../credentials", "/proc/self/cwd/../credentials"], read)


@attempt("shared-memory")
def shared_memory():
    """Shared memory of another program, by its name."""
    return first(glob.glob("/dev/shm/decoy*"), read)


@attempt("shared-memory-key")
def shared_memory_key():
    shared = libc.syscall("shmget", PLACES["shared_memory"], 64, 0)
    libc.C.shmat.restype = ctypes.c_void_p
    address = libc.C.shmat(shared, None, 0o10000)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "shmat")
    return ctypes.string_at(address, 64)


@attempt("raw-disk")
def raw_disk():
    """Opens a disk or the memory of the machine; reads nothing."""
    import stat

    def opened(path):
        if path != "/dev/mem" and not stat.S_ISBLK(os.stat(path).st_mode):
            return b""
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        return b"opened"
    return first(["/dev/mem"] + glob.glob("/dev/*"), opened)


@attempt("make-device")
def make_device():
    path = os.path.join(WORK, "device")
    os.mknod(path, 0o20600, os.makedev(1, 3))
    os.close(os.open(path, os.O_RDWR))
    return b"opened"


@attempt("kernel-setting")
def kernel_setting():
    """Opens a setting with which the kernel starts a program outside as root; writes nothing."""
    def opened(path):
        os.close(os.open(path, os.O_WRONLY))
        return b"opened"
    return first(["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/fs/binfmt_misc/register",
                  "/proc/sysrq-trigger", "/sys/kernel/uevent_helper"] + glob.glob("/sys/fs/cgroup/*/release_agent"), opened)
