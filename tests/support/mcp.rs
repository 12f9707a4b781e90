//! A client of the Model Context Protocol for tests: it speaks JSON lines with `tryaudex mcp`, in both eras of the protocol.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc::Sender;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::Sandbox;
use super::scan::Captured;

/// A revision with a handshake.
pub(crate) const OLD: &str = "2025-11-25";
/// The revision without one.
pub(crate) const NEW: &str = "2026-07-28";

/// How a client answers the questions of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    /// The client declares no elicitation.
    None,
    Yes,
    No,
}

/// A client and its server.
pub(crate) struct Client<'a> {
    sandbox: &'a Sandbox,
    child: Child,
    watchdog: Sender<()>,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    said: Vec<u8>,
    version: &'static str,
    person: Person,
    last: u64,
    /// The questions that the person was asked.
    pub questions: Vec<Value>,
    /// The notifications of the server.
    pub notifications: Vec<Value>,
}

impl<'a> Client<'a> {
    /// Starts a server, and with an old revision makes the handshake.
    pub(crate) fn start(sandbox: &'a Sandbox, version: &'static str, person: Person) -> Self {
        let (mut child, watchdog) = sandbox.tryaudex(["mcp"]).converse();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut client = Self {
            sandbox,
            child,
            watchdog,
            stdin,
            stdout: BufReader::new(stdout),
            said: Vec::new(),
            version,
            person,
            last: 0,
            questions: Vec::new(),
            notifications: Vec::new(),
        };
        if version == OLD {
            let params = json!({
                "protocolVersion": version, "capabilities": client.capabilities(),
                "clientInfo": { "name": "test", "version": "1" },
            });
            let started = client.request("initialize", params);
            assert_eq!(started["result"]["protocolVersion"], version, "{started}");
            client.notify("notifications/initialized", json!({}));
        }
        client
    }

    fn capabilities(&self) -> Value {
        match self.person {
            Person::None => json!({}),
            _ => json!({ "elicitation": { "form": {} } }),
        }
    }

    /// Writes a line as it is.
    pub(crate) fn write(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
        stdin.write_all(b"\n").unwrap();
    }

    /// Reads the next line of the server.
    pub(crate) fn read(&mut self) -> Value {
        let mut line = Vec::new();
        self.stdout.read_until(b'\n', &mut line).unwrap();
        self.said.extend_from_slice(&line);
        serde_json::from_slice(&line)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&line)))
    }

    fn notify(&mut self, method: &str, params: Value) {
        let params = self.with_meta(params);
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    fn with_meta(&self, mut params: Value) -> Value {
        if self.version == NEW {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(self.version);
            params["_meta"]["io.modelcontextprotocol/clientInfo"] =
                json!({ "name": "test", "version": "1" });
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = self.capabilities();
        }
        params
    }

    /// Sends a request, and returns its id.
    pub(crate) fn send(&mut self, method: &str, params: Value) -> u64 {
        self.last += 1;
        let params = self.with_meta(params);
        let request =
            json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params });
        self.write(&request.to_string());
        self.last
    }

    /// Waits for the response to a request. Questions of the server are answered meanwhile.
    pub(crate) fn wait(&mut self, id: u64) -> Value {
        loop {
            let message = self.read();
            if message["method"] == "elicitation/create" {
                self.questions.push(message["params"].clone());
                let answer =
                    json!({ "jsonrpc": "2.0", "id": message["id"], "result": self.answer() });
                self.write(&answer.to_string());
            } else if message.get("method").is_some() {
                self.notifications.push(message);
            } else {
                assert_eq!(message["id"], id, "{message}");
                return message;
            }
        }
    }

    fn answer(&self) -> Value {
        match self.person {
            Person::Yes => json!({ "action": "accept", "content": { "approve": true } }),
            Person::No | Person::None => json!({ "action": "decline" }),
        }
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        self.wait(id)
    }

    /// Calls a tool, and answers questions as the person does.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let mut params = json!({ "name": tool, "arguments": arguments });
        loop {
            let response = self.request("tools/call", params.clone());
            let result = response["result"].clone();
            assert!(result.is_object(), "{response}");
            if result["resultType"] != "input_required" {
                return result;
            }
            self.questions.push(result["inputRequests"]["approve"]["params"].clone());
            params["inputResponses"] = json!({ "approve": self.answer() });
            params["requestState"] = result["requestState"].clone();
        }
    }

    /// Calls a tool that succeeds, and returns its structured result.
    pub(crate) fn succeed(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], true, "{tool}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        let structured = &result["structuredContent"];
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), *structured, "the same as text");
        structured.clone()
    }

    /// Calls a tool that fails, and returns the error's text.
    pub(crate) fn fail(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{tool}: {result}");
        assert_eq!(result.get("structuredContent"), None, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        assert!(text.contains("\nhint: "), "an error says what to do: {text}");
        text
    }

    /// Cancels a request.
    pub(crate) fn cancel(&mut self, id: u64) {
        self.notify("notifications/cancelled", json!({ "requestId": id, "reason": "test" }));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Leaves, waits for the server's end, and returns its exit status. What it wrote is scanned for secrets.
    pub(crate) fn leave(mut self) -> Option<i32> {
        drop(self.stdin.take());
        self.end()
    }

    /// Waits for the server's end without leaving.
    pub(crate) fn end(mut self) -> Option<i32> {
        std::io::Read::read_to_end(&mut self.stdout, &mut self.said).unwrap();
        let status = self.child.wait().unwrap();
        let _ = self.watchdog.send(());
        let mut stderr = Vec::new();
        let mut stream = self.child.stderr.take().unwrap();
        std::io::Read::read_to_end(&mut stream, &mut stderr).unwrap();
        let label = format!("mcp {}", self.version);
        let stdout = std::mem::take(&mut self.said);
        let captured = Captured { label, stdout, stderr, shows_issued: false };
        self.sandbox.captured.lock().unwrap().push(captured);
        status.code()
    }
}
