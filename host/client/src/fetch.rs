//! What a client gets over HTTP: snapshots, manifests, components, a session.
//!
//! Promises that nothing larger than its bound is read, and that content is what its digest says:
//! verified with BLAKE3 when it arrives, and again when it comes from the disk.

use std::path::PathBuf;

use reqwest::header::AUTHORIZATION;
use spellhost_sim::World;
use spellhost_wire::{Code, Digest};

use crate::address::Address;
use crate::error::ClientError;
use crate::limits::{LOGIN_BYTES_MAX, MANIFEST_BYTES_MAX, PATIENCE, SNAPSHOT_BYTES_MAX};

/// The largest component that is fetched; admission says what may run.
const COMPONENT_BYTES_MAX: usize = spellhost_runtime::limits::COMPONENT_BYTES_CEILING;

/// A host over HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    http: reqwest::Client,
    address: Address,
    token: Option<String>,
    /// Where content is kept, by digest.
    folder: Option<PathBuf>,
}

#[derive(serde::Deserialize)]
struct LoggedIn {
    session_token: String,
}

#[derive(serde::Deserialize)]
struct Problem {
    code: Code,
    detail: String,
}

impl Fetch {
    pub fn new(
        address: Address,
        token: Option<String>,
        folder: Option<PathBuf>,
    ) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).no_proxy();
        let http = http.build().map_err(|source| unreachable(&address, source))?;
        Ok(Self { http, address, token, folder })
    }

    /// The token that requests carry.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Opens a session under a name; requests carry its token from then on.
    pub async fn log_in(&mut self, username: &str) -> Result<(), ClientError> {
        let body = serde_json::json!({"username": username}).to_string();
        let request = self.http.post(self.address.http("/login")).body(body);
        let bytes = self.read(request, "/login", LOGIN_BYTES_MAX).await?;
        let logged_in: LoggedIn =
            serde_json::from_slice(&bytes).map_err(|error| ClientError::Unreadable(error.to_string()))?;
        self.token = Some(logged_in.session_token);
        Ok(())
    }

    /// The world as it is now.
    pub async fn snapshot(&self, world: &str) -> Result<World, ClientError> {
        let path = format!("/worlds/{world}/snapshot");
        let bytes = self.get(&path, SNAPSHOT_BYTES_MAX).await?;
        World::restore(&bytes).map_err(|error| ClientError::Unreadable(error.to_string()))
    }

    /// The canonical bytes of a revision's manifest.
    pub async fn manifest(&self, spell: &str, revision: Digest) -> Result<Vec<u8>, ClientError> {
        if spellhost_sim::SpellId::parse(spell).is_none() {
            return Err(ClientError::Unreadable("a frame names a spell that has no name".into()));
        }
        let path = format!("/api/spells/{spell}/revisions/{revision}/manifest");
        self.content(revision, &path, MANIFEST_BYTES_MAX).await
    }

    /// The bytes of a component.
    pub async fn component(&self, digest: Digest) -> Result<Vec<u8>, ClientError> {
        self.content(digest, &format!("/components/{digest}"), COMPONENT_BYTES_MAX).await
    }

    /// Content by its digest: from the disk where it is kept, or else from the host.
    async fn content(&self, digest: Digest, path: &str, most: usize) -> Result<Vec<u8>, ClientError> {
        if let Some(bytes) = self.kept(digest) {
            return Ok(bytes);
        }
        let bytes = self.get(path, most).await?;
        if Digest::of(&bytes) != digest {
            return Err(ClientError::WrongContent { named: digest });
        }
        self.keep(digest, &bytes);
        Ok(bytes)
    }

    fn file(&self, digest: Digest) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(digest.to_string().replace(':', "-")))
    }

    /// What the disk has of a digest, unless it is damaged.
    fn kept(&self, digest: Digest) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.file(digest)?).ok()?;
        (Digest::of(&bytes) == digest).then_some(bytes)
    }

    /// Keeps content; a disk that does not is only slower.
    fn keep(&self, digest: Digest, bytes: &[u8]) {
        let Some(file) = self.file(digest) else { return };
        let part = file.with_extension(format!("{}-part", std::process::id()));
        let parent = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        let _ =
            parent.and_then(|()| std::fs::write(&part, bytes)).and_then(|()| std::fs::rename(&part, &file));
    }

    async fn get(&self, path: &str, most: usize) -> Result<Vec<u8>, ClientError> {
        self.read(self.http.get(self.address.http(path)), path, most).await
    }

    /// Sends a request and reads at most so many bytes of its answer.
    async fn read(
        &self,
        request: reqwest::RequestBuilder,
        path: &str,
        most: usize,
    ) -> Result<Vec<u8>, ClientError> {
        let request = match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        };
        let failed = |error: reqwest::Error| unreachable(&self.address, error);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let too_large = || ClientError::TooLarge { path: path.into(), most };
        if answer.content_length().is_some_and(|length| length > most as u64) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(bytes);
        }
        Err(match serde_json::from_slice(&bytes) {
            Ok(Problem { code, detail }) => ClientError::Refused { code, message: detail },
            Err(_) => ClientError::Status { path: path.into(), status: status.as_u16() },
        })
    }
}

pub(crate) fn unreachable(
    address: &Address,
    source: impl std::error::Error + Send + Sync + 'static,
) -> ClientError {
    ClientError::Unreachable { address: address.to_string(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// A host that answers one request after the other with these heads and bodies.
    fn host(answers: Vec<(&'static str, Vec<u8>)>) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        std::thread::spawn(move || {
            for (head, body) in answers {
                let (mut stream, _) = listener.accept().expect("a request");
                let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n\r\n");
                // Who has read enough hangs up.
                let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            }
        });
        Address::parse(&address).expect("an address")
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread").block_on(test)
    }

    fn fetch(address: Address, folder: Option<PathBuf>) -> Fetch {
        Fetch::new(address, None, folder).expect("a client")
    }

    #[test]
    fn content_that_is_not_what_it_is_called_is_refused() {
        let named = Digest::of(b"what was asked for");
        let fetch = fetch(host(vec![("x: y", b"something else".to_vec())]), None);
        let wrong = run(fetch.component(named));
        assert!(matches!(wrong, Err(ClientError::WrongContent { named: is }) if is == named), "{wrong:?}");
    }

    #[test]
    fn nothing_over_its_bound_is_read() {
        let (long, endless) = (MANIFEST_BYTES_MAX + 1, vec![b' '; MANIFEST_BYTES_MAX + 1]);
        let said: &'static str = format!("content-length: {long}").leak();
        for answer in [(said, Vec::new()), ("x: y", endless)] {
            let fetch = fetch(host(vec![answer]), None);
            let refused = run(fetch.manifest("ember", Digest::of(b"")));
            assert!(matches!(refused, Err(ClientError::TooLarge { .. })), "{refused:?}");
        }
        let fetch = fetch(host(vec![("x: y", b"no snapshot".to_vec())]), None);
        assert!(matches!(run(fetch.snapshot("default")), Err(ClientError::Unreadable(_))));
    }

    #[test]
    fn what_is_kept_is_not_fetched_again_unless_it_is_damaged() {
        let folder = std::env::temp_dir().join(format!("spellhost-client-{}", std::process::id()));
        let content = b"a component".to_vec();
        let digest = Digest::of(&content);
        let fetch =
            fetch(host(vec![("x: y", content.clone()), ("x: y", content.clone())]), Some(folder.clone()));
        assert_eq!(run(fetch.component(digest)).expect("the host has it"), content);
        assert_eq!(run(fetch.component(digest)).expect("the disk has it"), content);
        let file = fetch.file(digest).expect("a folder");
        std::fs::write(&file, b"another").expect("a file of ours");
        assert_eq!(run(fetch.component(digest)).expect("the host has it"), content);
        assert_eq!(std::fs::read(&file).expect("it is kept again"), content);
        std::fs::remove_dir_all(folder).expect("a folder of ours");
    }
}
