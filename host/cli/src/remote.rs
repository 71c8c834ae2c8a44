//! A host over HTTP, as an author's or operator's terminal sees it: requests with a token, answers as
//! JSON, refusals as problems.
//!
//! Promises one timeout for everything and a next step for whoever cannot reach the host. Knows no
//! route's meaning.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use spellhost_wire::Code;

use crate::interrupt::Interrupt;
use crate::logins::Logins;
use crate::problem::Problem;

/// How long reaching the host may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one answer may take: a component is compiled and tried meanwhile.
const ANSWER: Duration = Duration::from_secs(300);

/// Which host, and as whom.
#[derive(Clone, Debug, clap::Args)]
pub struct Which {
    /// The host
    #[arg(long, env = "SPELLHOST_SERVER", default_value = "http://127.0.0.1:5000", value_name = "URL")]
    pub server: String,
    /// Who asks: a session's token, or the operator's [default: that of `spellhost login`]
    #[arg(long, env = "SPELLHOST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
}

/// A host that can be asked.
pub struct Remote {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    server: String,
    token: Option<String>,
}

/// What is sent with a request.
pub enum Body {
    /// Nothing.
    None,
    /// JSON.
    Json(Value),
    /// Bytes of a type.
    Bytes(&'static str, Vec<u8>),
}

impl Which {
    /// The host's address without a slash at its end.
    ///
    /// # Errors
    /// Where it is none.
    pub fn address(&self) -> Result<String, Problem> {
        let text = self.server.trim_end_matches('/');
        let wrong =
            |message: String| Problem::usage("server", message).hint("--server http://127.0.0.1:5000");
        let url = reqwest::Url::parse(text)
            .map_err(|error| wrong(format!("`{text}` is no address of a host")).because(&error))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong(format!(
                "`{text}` is no address of a host: it begins with http:// or https://"
            )));
        }
        Ok(text.to_owned())
    }

    /// Gets ready to ask it.
    ///
    /// # Errors
    /// An address that is none, logins that cannot be read.
    pub fn remote(&self) -> Result<Remote, Problem> {
        let server = self.address()?;
        let given = self.token.clone().filter(|token| !token.is_empty());
        let token = match given {
            Some(token) => Some(token),
            None => Logins::read()?.token(&server),
        };
        Remote::new(server, token)
    }
}

impl Remote {
    /// A host at an address, asked with a token.
    ///
    /// # Errors
    /// What the system does not give.
    pub fn new(server: String, token: Option<String>) -> Result<Self, Problem> {
        let failed = |error: &dyn std::error::Error| {
            Problem::usage("http", "cannot make requests here").because(error)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        let client = reqwest::Client::builder().connect_timeout(CONNECT).read_timeout(ANSWER);
        let client = client.build().map_err(|error| failed(&error))?;
        Ok(Self { runtime, client, server, token })
    }

    /// Where it is.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Reads something.
    ///
    /// # Errors
    /// As [`Remote::ask`].
    pub fn get(&self, path: &str) -> Result<Value, Problem> {
        self.ask(Method::GET, path, Body::None)
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// As [`Remote::ask`].
    pub fn post(&self, path: &str, body: Value) -> Result<Value, Problem> {
        self.ask(Method::POST, path, Body::Json(body))
    }

    /// Asks.
    ///
    /// # Errors
    /// That the host cannot be reached (usage), or why it refuses (failed).
    pub fn ask(&self, method: Method, path: &str, body: Body) -> Result<Value, Problem> {
        let mut request = self.client.request(method, format!("{}{path}", self.server)).timeout(ANSWER);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request = match body {
            Body::None => request,
            Body::Json(json) => request.json(&json),
            Body::Bytes(kind, bytes) => request.header("content-type", kind).body(bytes),
        };
        let answered = self.runtime.block_on(async {
            let answer = request.send().await?;
            let status = answer.status();
            Ok((status, answer.bytes().await?))
        });
        let (status, bytes) = answered.map_err(|error: reqwest::Error| self.unreachable(&error))?;
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if !status.is_success() {
            return Err(self.refused(status, json));
        }
        Ok(json)
    }

    /// Reads something long, piece by piece; `take` gets each with how many bytes are to come in all, where
    /// the host says it. What the host says of it is given back.
    ///
    /// # Errors
    /// As [`Remote::ask`], where a piece cannot be taken, or Ctrl-C.
    pub fn download(
        &self,
        path: &str,
        interrupt: &Interrupt,
        take: impl FnMut(&[u8], Option<u64>) -> Result<(), Problem>,
    ) -> Result<HeaderMap, Problem> {
        let stop = Arc::new(tokio::sync::Notify::new());
        let stopper = stop.clone();
        interrupt.tell(move || stopper.notify_one());
        self.runtime.block_on(async {
            tokio::select! {
                done = self.pieces(path, take) => done,
                () = stop.notified() => Err(Problem::interrupted()),
            }
        })
    }

    async fn pieces(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8], Option<u64>) -> Result<(), Problem>,
    ) -> Result<HeaderMap, Problem> {
        let mut request = self.client.get(format!("{}{path}", self.server));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let mut answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        if !status.is_success() {
            let json = answer.json().await.unwrap_or_default();
            return Err(self.refused(status, json));
        }
        let total = answer.content_length();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.broken_off(&error))? {
            take(&piece, total)?;
        }
        Ok(std::mem::take(answer.headers_mut()))
    }

    fn broken_off(&self, error: &reqwest::Error) -> Problem {
        let message = format!("{} went away before all of it had come", self.server);
        Problem::usage("unreachable", message).because(error).hint("try again: nothing was written")
    }

    fn unreachable(&self, error: &reqwest::Error) -> Problem {
        let message = format!("no host answers at {}", self.server);
        let here = self.server.contains("127.0.0.1") || self.server.contains("localhost");
        let next = if here { "spellhost serve" } else { "--server URL, or SPELLHOST_SERVER" };
        Problem::usage("unreachable", message).because(error).hint(next)
    }

    fn refused(&self, status: StatusCode, json: Value) -> Problem {
        let known = |text: &str| Code::ALL.iter().find(|code| code.text() == text).map(|code| code.text());
        let code = json["code"].as_str().and_then(known).unwrap_or("refused");
        let message = match json["detail"].as_str() {
            Some(detail) => detail.to_owned(),
            None => format!("{} answers with {status}", self.server),
        };
        let mut problem = Problem::failed(code, message);
        if status == StatusCode::UNAUTHORIZED {
            problem = problem.hint(format!("spellhost login --server {}", self.server));
        }
        if let Some(trial) = json.get("trial") {
            problem.more = Some(("trial", trial.clone()));
        }
        problem
    }
}

/// A list that may come in pages.
///
/// # Errors
/// As [`Remote::ask`].
pub fn pages(remote: &Remote, path: &str) -> Result<Vec<Value>, Problem> {
    let (mut items, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let query = cursor.map_or(String::new(), |cursor| format!("?cursor={}", escaped(&cursor)));
        let mut page = remote.get(&format!("{path}{query}"))?;
        if let Value::Array(more) = page["items"].take() {
            items.extend(more);
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

/// A text as part of an address.
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_and_ends_without_a_slash() {
        let address = |server: &str| Which { server: server.into(), token: None }.address();
        assert_eq!(address("http://127.0.0.1:5000/").ok().as_deref(), Some("http://127.0.0.1:5000"));
        assert_eq!(address("https://spells.example/").ok().as_deref(), Some("https://spells.example"));
        for wrong in ["127.0.0.1:5000", "ftp://example", "nonsense", ""] {
            assert_eq!(address(wrong).map_err(|problem| problem.exit_code()), Err(2), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_letter_is_escaped() {
        assert_eq!(escaped("a b/ü?"), "a%20b%2F%C3%BC%3F");
    }
}
