//! A recording that is read, record by record, with errors that name the record.
//!
//! Knows files and the order of records; plays nothing.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use spellhost_wire::{Digest, FORMAT, Header, Record, RecordingError, RecordingReader};

use crate::file::check_regular;
use crate::problem::Problem;

/// A recording, read up to some record.
pub struct Log {
    reader: RecordingReader<BufReader<File>>,
    path: PathBuf,
    /// What it was made of.
    pub header: Header,
    /// The number of the record that was read last; the header's is 0.
    record: u64,
}

impl Log {
    /// Opens a recording and reads its header.
    ///
    /// # Errors
    /// Where there is no such file, or it does not begin as a recording does.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        check_regular(path)?;
        let file = File::open(path).map_err(|error| unread(path, &error))?;
        let mut reader = RecordingReader::new(BufReader::new(file)).map_err(|error| broken(path, &error))?;
        match reader.next_record().map_err(|error| broken(path, &error))? {
            Some(Record::Header(header)) if header.format == FORMAT => {
                Ok(Self { reader, path: path.into(), header, record: 0 })
            }
            Some(Record::Header(header)) => {
                let format = header.format;
                let message =
                    format!("`{}` has form {format}, and this version reads {FORMAT}", path.display());
                Err(Problem::failed("bad_recording", message))
            }
            _ => Err(broken(path, &RecordingError::NotARecording)),
        }
    }

    /// Whether a file begins as a recording does.
    pub fn is_one(path: &Path) -> bool {
        File::open(path).is_ok_and(|file| RecordingReader::new(file).is_ok())
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn next(&mut self) -> Result<Option<Record>, Problem> {
        let record = self.reader.next_record().map_err(|error| broken(&self.path, &error))?;
        self.record += 1;
        Ok(record)
    }

    /// Refuses a recording of another engine: what it holds would come out otherwise here.
    ///
    /// # Errors
    /// Both ids.
    pub fn require(&self, engine: Digest) -> Result<(), Problem> {
        let own = self.header.engine_id;
        if own == engine {
            return Ok(());
        }
        let message =
            format!("`{}` was recorded by the engine {own}, and this is {engine}", self.path.display());
        Err(Problem::failed("other_engine", message)
            .hint("replay it with the spellhost that recorded it: another engine may give other results"))
    }

    /// What is wrong with the record that was read last.
    pub fn wrong(&self, what: impl std::fmt::Display) -> Problem {
        let path = self.path.display();
        Problem::failed("bad_recording", format!("`{path}`: record {}: {what}", self.record))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn unread(path: &Path, error: &std::io::Error) -> Problem {
    Problem::file("read the recording", path, error).hint("spellhost run SPELL --once --record FILE")
}

fn broken(path: &Path, error: &RecordingError) -> Problem {
    match error {
        RecordingError::Io(error) => unread(path, error),
        RecordingError::NotARecording => {
            Problem::failed("bad_recording", format!("`{}` is {error}", path.display()))
                .hint("spellhost run SPELL --once --record FILE")
        }
        RecordingError::Damaged { .. } => {
            Problem::failed("bad_recording", format!("`{}`: {error}", path.display()))
                .hint("use a copy that is whole: what follows a damaged record cannot be trusted")
        }
    }
}
