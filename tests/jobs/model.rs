//! A language model that says what it is told to: HTTP as a real endpoint speaks it, on a port of its
//! own, and what it was asked kept.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

/// One question that reached it.
pub struct Asked {
    /// The request line.
    pub line: String,
    /// The key it came with.
    pub authorization: String,
    /// The body.
    pub body: Value,
}

/// Starts a model that gives these answers, one after the other; its address, and what it is asked.
pub fn model(answers: Vec<String>) -> (String, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let (send, asked) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream);
            let (mut line, mut length, mut authorization) = (String::new(), 0, String::new());
            reader.read_line(&mut line).expect("a request line");
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).expect("a header");
                let Some((name, value)) = header.trim().split_once(':') else { break };
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().expect("a length"),
                    "authorization" => authorization = value.trim().to_owned(),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let body = serde_json::from_slice(&body).expect("JSON");
            let choice = json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}});
            let reply = json!({"id": "1", "object": "chat.completion", "choices": [choice]}).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                reply.len()
            );
            reader.get_mut().write_all(&[head.as_bytes(), reply.as_bytes()].concat()).expect("it reads");
            if send.send(Asked { line: line.trim().to_owned(), authorization, body }).is_err() {
                return;
            }
        }
    });
    (address, asked)
}
