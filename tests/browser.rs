//! A Chromium without a window, over its debugging protocol: what a person does with a page.
//!
//! Knows the browser, and nothing of what is on the page. Where the machine has no browser, says so.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket, connect};

const NAMES: [&str; 5] =
    ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long the browser may take for one answer before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page in a browser of its own; dropping it ends the browser.
pub struct Page {
    child: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    id: u64,
    complaints: Vec<Value>,
    _profile: TempDir,
}

/// The browser of this machine; `SPELLHOST_BROWSER` names another. Without one, how to get it is said
/// where nobody swallows it.
pub fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("SPELLHOST_BROWSER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let browser = named.or_else(|| found.find(|file| file.is_file()));
    if browser.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "no browser: the page at / is NOT tried; type `apt-get install chromium-headless-shell`, or name a Chromium \
             in SPELLHOST_BROWSER"
        );
    }
    browser
}

impl Page {
    /// Opens an address in a window of this size.
    pub fn open(browser: PathBuf, url: &str, size: (u32, u32)) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("the browser starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = lines
            .find_map(|line| line.ok()?.strip_prefix("DevTools listening on ").map(str::to_owned))
            .expect("the browser says where it listens");
        // What it says later is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = connect(address).expect("the browser listens");
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
        }
        let mut page =
            Self { child, socket, session: None, id: 0, complaints: Vec::new(), _profile: profile };
        let target = page.command("Target.createTarget", json!({"url": "about:blank"}));
        let attached =
            page.command("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        page.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.command(domain, json!({}));
        }
        page.resize(size);
        page.command("Page.navigate", json!({"url": url}));
        // What is evaluated before that would be in the page that was there before.
        while page.message()["method"] != "Page.loadEventFired" {}
        page
    }

    /// Gives the window another size.
    pub fn resize(&mut self, (width, height): (u32, u32)) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.command("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// The value of an expression, awaited where it is a promise.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.command("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer:#}");
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, condition: &str) {
        let waiting = format!(
            "new Promise((done) => {{ const look = () => (({condition}) ? done() : setTimeout(look, 20)); look(); }})"
        );
        self.value(&waiting);
    }

    /// The text of the first element that a selector finds.
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector({selector:?}).textContent"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Presses and releases the mouse.
    pub fn click(&mut self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.command("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses and releases a key, by its name and number.
    pub fn key(&mut self, name: &str, number: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({
                "type": kind, "key": name, "code": name, "windowsVirtualKeyCode": number, "text": text,
            });
            self.command("Input.dispatchKeyEvent", event);
        }
    }

    /// What the browser complained of so far: errors, and what the page's policy forbade.
    pub fn complaints(&self) -> &[Value] {
        &self.complaints
    }

    fn command(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let mut command = json!({"id": self.id, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        self.socket.send(Message::text(command.to_string())).expect("the browser listens");
        loop {
            let mut message = self.message();
            if message["id"] == self.id {
                assert!(message["error"].is_null(), "{method}: {message:#}");
                return message["result"].take();
            }
        }
    }

    /// The next message; a complaint is noted.
    fn message(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().expect("the browser answers in time") {
                let message = serde_json::from_str(&text).expect("messages are JSON");
                self.note(&message);
                return message;
            }
        }
    }

    fn note(&mut self, message: &Value) {
        let is_error = |params: &Value| params["entry"]["level"] == "error" || params["type"] == "error";
        let complains = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Log.entryAdded" | "Runtime.consoleAPICalled") => is_error(&message["params"]),
            _ => false,
        };
        if complains {
            self.complaints.push(message["params"].clone());
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // The whole group: what was started may be a script, and the browser its child. It may have ended already.
        let group = i32::try_from(self.child.id()).expect("a process id is small");
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
