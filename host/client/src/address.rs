//! Where a host is: one form for HTTP and WebSockets.

use crate::error::ClientError;

/// The address of a host, such as `127.0.0.1:5000` or `http://127.0.0.1:5000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads an address; `http://` and `ws://` and whatever follows the port may be left out.
    ///
    /// # Errors
    /// Where it is none, or asks for TLS.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let wrong = |reason| ClientError::Address { address: text.chars().take(128).collect(), reason };
        if text.starts_with("https://") || text.starts_with("wss://") {
            return Err(wrong("a proxy speaks TLS; name the host behind it"));
        }
        let rest = ["http://", "ws://"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_plain = !place.is_empty() && !place.contains(['@', ' ', '\\']);
        let url = reqwest::Url::parse(&format!("http://{place}/")).ok().filter(|_| is_plain);
        url.map(|_| Self(place.to_owned())).ok_or_else(|| wrong("HOST:PORT, or http://HOST:PORT"))
    }

    /// The place, as in a URL.
    pub fn place(&self) -> &str {
        &self.0
    }

    pub(crate) fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.0)
    }

    pub(crate) fn socket(&self) -> String {
        format!("ws://{}/ws", self.0)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "http://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_is_read_in_every_form() {
        for text in ["127.0.0.1:5000", "http://127.0.0.1:5000", "ws://127.0.0.1:5000/ws?world=a"] {
            assert_eq!(Address::parse(text).expect(text).place(), "127.0.0.1:5000");
        }
        for text in ["", "https://a", "http://", "a b", "user@host:1", "host:port"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
