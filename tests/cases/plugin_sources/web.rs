//! A web server with a component and its signature, as an author might have one.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::NAME;
use crate::support::guests::Guest;
use crate::support::{Output, Sandbox, python};

/// Python's own web server over a directory, as an author might have one.
pub(in crate::cases) struct Web {
    process: Child,
    pub url: String,
    pub directory: PathBuf,
}

impl Web {
    fn over(directory: &Path) -> Self {
        let serve = "import http.server, functools, sys\n\
            handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])\n\
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)\n\
            print(server.server_port, flush=True)\nserver.serve_forever()";
        let mut process = Command::new(python::interpreter())
            .args(["-c", serve])
            .arg(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self {
            process,
            url: format!("http://127.0.0.1:{}", port.trim()),
            directory: directory.to_path_buf(),
        }
    }

    /// Puts a component there; its address.
    pub(in crate::cases) fn put(&self, guest: &Guest) -> String {
        fs::write(self.file(), guest.bytes()).unwrap();
        let _ = fs::remove_file(self.signature());
        format!("{}/no-deletes.wasm", self.url)
    }

    pub(in crate::cases) fn file(&self) -> PathBuf {
        self.directory.join("no-deletes.wasm")
    }

    pub(in crate::cases) fn signature(&self) -> PathBuf {
        self.directory.join("no-deletes.wasm.minisig")
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Signs `file` with the key of that name, made at first use; the public key.
pub(in crate::cases) fn sign(sandbox: &Sandbox, key: &str, file: &Path) -> String {
    let program = python::tests().join("support/minisign.py");
    let key = sandbox.home().join(key);
    let output =
        Command::new(python::interpreter()).arg(program).arg(key).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(in crate::cases) fn of_version(version: &str) -> Guest {
    Guest::of(NAME).encoded().replacing("version 0.1.0", &format!("version {version}"))
}

pub(in crate::cases) fn install(sandbox: &Sandbox, words: &[&str]) -> Output {
    sandbox.run([&["plugin", "install"], words].concat())
}

pub(in crate::cases) fn inspect(sandbox: &Sandbox, field: &str) -> String {
    let json = sandbox.run(["plugin", "inspect", NAME, "--json"]).success().json();
    json[field].as_str().unwrap_or_default().to_owned()
}

pub(in crate::cases) fn web(sandbox: &Sandbox) -> Web {
    let directory = sandbox.home().join("web");
    fs::create_dir(&directory).unwrap();
    Web::over(&directory)
}
