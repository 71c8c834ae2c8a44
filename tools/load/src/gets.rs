//! One path, asked for again and again over connections that stay: how many answers a second, and what one
//! costs who serves it. Reads no more of HTTP than a status and a length.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::process::Span;

/// A connection that stays.
struct Getter {
    stream: BufReader<TcpStream>,
    request: String,
    body: Vec<u8>,
}

impl Getter {
    fn connect(arguments: &Arguments) -> Result<Self> {
        let stream = TcpStream::connect(&arguments.server)?;
        stream.set_nodelay(true)?;
        let request = format!("GET {} HTTP/1.1\r\nhost: {}\r\n\r\n", arguments.path(), arguments.server);
        Ok(Self { stream: BufReader::with_capacity(64 * 1_024, stream), request, body: Vec::new() })
    }

    /// One answer; the bytes of its body.
    fn get(&mut self) -> Result<u64> {
        self.stream.get_mut().write_all(self.request.as_bytes())?;
        let status = self.line()?;
        ensure!(status.contains(" 200 "), "the answer is `{status}`");
        let mut length = None;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(number) = line.strip_prefix("content-length:") {
                length = Some(number.trim().parse()?);
            }
        }
        let Some(length) = length else { bail!("the answer has no length") };
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(length as u64)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "the connection ended");
        Ok(line.trim_end().to_owned())
    }

    fn get_until(&mut self, until: Instant) -> Result<(u64, u64)> {
        let (mut answers, mut bytes) = (0, 0);
        while Instant::now() < until {
            bytes += self.get()?;
            answers += 1;
        }
        Ok((answers, bytes))
    }
}

/// Asks for so long, over so many connections.
pub fn measure(arguments: &Arguments) -> Result<Value> {
    let connect = |_| -> Result<Getter> {
        let mut getter = Getter::connect(arguments)?;
        // Whatever is made at the first request is there from now on.
        getter.get()?;
        Ok(getter)
    };
    let getters = (0..arguments.clients).map(connect).collect::<Result<Vec<_>>>()?;
    let (span, begin) = (Span::begin(arguments.pid), Instant::now());
    let until = begin + Duration::from_secs(arguments.seconds);
    let (answers, bytes) = std::thread::scope(|scope| -> Result<(u64, u64)> {
        let ask = |mut getter: Getter| scope.spawn(move || getter.get_until(until));
        let threads: Vec<_> = getters.into_iter().map(ask).collect();
        threads.into_iter().try_fold((0, 0), |(answers, bytes), thread| {
            let own = thread.join().ok().context("a thread that asks has ended")??;
            Ok((answers + own.0, bytes + own.1))
        })
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(json!({
        "connections": arguments.clients,
        "seconds": seconds,
        "answers": answers,
        "answers_per_second": answers as f64 / seconds,
        "bytes_per_answer": bytes / answers.max(1),
        "host": span.end(),
    }))
}
