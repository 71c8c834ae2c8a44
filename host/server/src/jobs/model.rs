//! A talk with a language model that writes a spell: what it is told, what it answers, what was wrong.
//!
//! Speaks `/v1/chat/completions` as OpenAI, Ollama and most others do. Promises that every answer is
//! bounded in time and size, and that no key is in an error. Its answer is source like any other:
//! nothing here trusts it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spellhost_forge::{Cancel, entry_of, guide};
use spellhost_store::Diagnostic;

use crate::config::Model;
use crate::limits::{MODEL_PATIENCE, MODEL_REPLY_BYTES_MAX, SAID_BYTES_MAX, SOURCE_CODE_BYTES_MAX};

/// How often a wish to cancel is looked at.
const ATTENTION: Duration = Duration::from_millis(50);

/// Why there is no source.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Nobody wants it any more.
    #[error("cancelled")]
    Cancelled,
    /// It thinks too long.
    #[error("it gave no answer for {} s", MODEL_PATIENCE.as_secs())]
    Late,
    /// It cannot be reached.
    #[error("it cannot be reached ({0})")]
    Unreachable(&'static str),
    /// It answers with an error.
    #[error("it answered with status {0}")]
    Status(u16),
    /// It says too much.
    #[error("its answer has more than {} KiB", MODEL_REPLY_BYTES_MAX >> 10)]
    TooLarge,
    /// It says something else.
    #[error("its answer is no source: {0}")]
    NotSource(&'static str),
}

/// What was said so far.
pub struct Talk {
    messages: Vec<Value>,
    code: String,
}

impl Talk {
    /// A talk that begins with a wish.
    pub fn new(language: &str, wish: &str) -> Self {
        let entry = entry_of(language).unwrap_or_default();
        let system = format!(
            "You write spells for spellhost, in {language}. Answer with the whole file `{entry}` in one code \
             block and nothing else. Only what this guide names exists; there are no other dependencies.\n\n{}",
            guide(language)
        );
        let messages =
            vec![json!({"role": "system", "content": system}), json!({"role": "user", "content": wish})];
        Self { messages, code: String::new() }
    }

    /// Says what was wrong with the last answer.
    pub fn complain(&mut self, message: &str, diagnostics: &[Diagnostic]) {
        let mut said = format!("That does not work: {message}\n");
        for one in diagnostics {
            let file = one.file.as_deref().unwrap_or_default();
            said +=
                &format!("{file}:{}:{}: {}\n", one.line.unwrap_or(0), one.column.unwrap_or(0), one.message);
        }
        said.truncate(said.floor_char_boundary(SAID_BYTES_MAX));
        said += "Answer with the whole corrected file in one code block.";
        // Only the last try stays: what is sent does not grow with the tries.
        self.messages.truncate(2);
        let code = std::mem::take(&mut self.code);
        self.messages.push(json!({"role": "assistant", "content": format!("```\n{code}\n```")}));
        self.messages.push(json!({"role": "user", "content": said}));
    }

    /// Asks for source.
    ///
    /// # Errors
    /// [`ModelError`].
    pub async fn ask(&mut self, model: &Model, cancel: &Cancel) -> Result<String, ModelError> {
        let begin = Instant::now();
        let mut answer = std::pin::pin!(exchange(model, &self.messages));
        let content = loop {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            if begin.elapsed() >= MODEL_PATIENCE {
                return Err(ModelError::Late);
            }
            if let Ok(answer) = tokio::time::timeout(ATTENTION, &mut answer).await {
                break answer?;
            }
        };
        let code = source(&content);
        if code.trim().is_empty() {
            return Err(ModelError::NotSource("it is empty"));
        }
        if code.len() > SOURCE_CODE_BYTES_MAX {
            return Err(ModelError::NotSource("it is too long"));
        }
        self.code = code.to_owned();
        Ok(self.code.clone())
    }
}

async fn exchange(model: &Model, messages: &[Value]) -> Result<String, ModelError> {
    // An endpoint that redirects could lead anywhere, with the key.
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(MODEL_PATIENCE)
        .build()
        .map_err(|_| ModelError::Unreachable("no client"))?;
    let body = json!({"model": model.name, "messages": messages, "stream": false, "temperature": 0.2});
    let mut request = client.post(endpoint(&model.url)).json(&body);
    if let Some(key) = &model.key {
        request = request.bearer_auth(key);
    }
    let mut reply = request.send().await.map_err(|error| unreachable(&error))?;
    if !reply.status().is_success() {
        return Err(ModelError::Status(reply.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = reply.chunk().await.map_err(|error| unreachable(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MODEL_REPLY_BYTES_MAX {
            return Err(ModelError::TooLarge);
        }
    }
    let answer: Value = serde_json::from_slice(&bytes).map_err(|_| ModelError::NotSource("it is no JSON"))?;
    let content = answer["choices"][0]["message"]["content"].as_str();
    content.map(str::to_owned).ok_or(ModelError::NotSource("it has no message"))
}

/// The kind of an error alone: its text has the address, which may hold a secret.
fn unreachable(error: &reqwest::Error) -> ModelError {
    match () {
        () if error.is_timeout() => ModelError::Late,
        () if error.is_connect() => ModelError::Unreachable("no connection"),
        () => ModelError::Unreachable("the connection broke"),
    }
}

/// Where completions are, from a host, `…/v1`, or the whole address.
fn endpoint(url: &str) -> String {
    let url = url.trim_end_matches('/');
    if url.ends_with("/chat/completions") {
        url.to_owned()
    } else if url.ends_with("/v1") {
        format!("{url}/chat/completions")
    } else {
        format!("{url}/v1/chat/completions")
    }
}

/// The first code block of an answer, or all of it where it has none.
fn source(content: &str) -> &str {
    let Some((_, block)) = content.split_once("```") else { return content.trim() };
    let code = block.split_once('\n').map_or(block, |(_, code)| code);
    code.split_once("```").map_or(code, |(code, _)| code).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_completed_and_a_block_is_unpacked() {
        for url in ["http://a:1", "http://a:1/", "http://a:1/v1", "http://a:1/v1/chat/completions"] {
            assert_eq!(endpoint(url), "http://a:1/v1/chat/completions");
        }
        assert_eq!(source("Here:\n```rust\nfn a() {}\n```\nDone."), "fn a() {}");
        assert_eq!(source(" fn a() {} "), "fn a() {}");
        assert_eq!(source("```\nfn a() {}"), "fn a() {}");
    }

    #[test]
    fn a_talk_does_not_grow_with_the_tries() {
        let mut talk = Talk::new("rust", "a ball of fire");
        for _ in 0..9 {
            talk.code = "x".repeat(10);
            talk.complain(&"y".repeat(3 * SAID_BYTES_MAX), &[]);
        }
        assert_eq!(talk.messages.len(), 4);
        let said = talk.messages[3]["content"].as_str().unwrap_or_default();
        assert!(said.len() < 2 * SAID_BYTES_MAX && said.contains("does not work"));
    }
}
