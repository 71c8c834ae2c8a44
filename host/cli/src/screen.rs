//! Standard output and standard error: who may write where, in colour or not.
//!
//! With `--json` standard output carries objects, one a line, and nothing else. Colour and
//! progress appear only on a terminal, and never under `NO_COLOR` or `CI`. A reader that goes
//! away ends the program quietly. Knows nothing of what it shows.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use console::Style;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::picture::Ink;
use crate::problem::Problem;

/// Columns of a picture where there is no terminal to ask.
const COLUMNS: usize = 100;

/// The two standard streams.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    json: bool,
    colour: bool,
    progress: bool,
}

impl Screen {
    /// Looks at the streams and the environment once.
    pub fn new(json: bool) -> Self {
        let set = |name: &str| {
            std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false" && value != "0")
        };
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let plain = set("CI") || dumb;
        Self {
            json,
            colour: !plain && !no_colour && io::stdout().is_terminal(),
            progress: !plain && !json && io::stderr().is_terminal(),
        }
    }

    /// Whether standard output carries objects.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person sits at both ends: keys can be read and answered.
    pub fn is_interactive(self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// How pictures are drawn here.
    pub fn ink(self) -> Ink {
        let deep = std::env::var("COLORTERM").is_ok_and(|depth| depth == "truecolor" || depth == "24bit");
        match (self.colour, deep) {
            (false, _) => Ink::Plain,
            (true, true) => Ink::True,
            (true, false) => Ink::Indexed,
        }
    }

    /// Whether a compiler's text, which goes to standard error, may be coloured.
    pub fn ink_is_coloured(self) -> bool {
        self.progress && self.colour
    }

    /// How many columns a line may have.
    pub fn columns(self) -> usize {
        let size = console::Term::stdout().size_checked();
        if io::stdout().is_terminal() {
            size.map_or(COLUMNS, |(_, columns)| columns as usize)
        } else {
            COLUMNS
        }
    }

    /// Text for people on standard output; dropped under `--json`.
    pub fn print(self, text: &str) {
        if !self.json {
            write(io::stdout().lock(), text);
        }
    }

    /// One object on standard output, on a line of its own.
    pub fn object(self, value: &Value) {
        write(io::stdout().lock(), &format!("{value}\n"));
    }

    /// A line for people on standard error.
    pub fn note(self, text: &str) {
        write(io::stderr().lock(), &format!("{text}\n"));
    }

    /// What went wrong: an object on standard output under `--json`, text on standard error otherwise.
    pub fn problem(self, problem: &Problem) {
        if self.json {
            if !problem.detail.is_empty() {
                self.note(problem.detail.trim_end());
            }
            self.object(&json!({ "error": problem.json() }));
            return;
        }
        let text = problem.to_string();
        let colour = self.progress && self.colour;
        self.note(&text.replacen(
            "error:",
            &Style::new().red().bold().force_styling(colour).apply_to("error:").to_string(),
            1,
        ));
    }

    /// Bold, where there is colour.
    pub fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    /// Faint, where there is colour.
    pub fn faint(self, text: &str) -> String {
        self.styled(Style::new().dim(), text)
    }

    /// Green for good, red for bad, where there is colour.
    pub fn verdict(self, good: bool, text: &str) -> String {
        let style = if good { Style::new().green() } else { Style::new().red() };
        self.styled(style.bold(), text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    /// A place to say what is being done: a spinner on a terminal, lines on standard error elsewhere.
    pub fn busy(self) -> Busy {
        let bar = if self.progress { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        Busy { bar, screen: self }
    }
}

/// Something that takes a while; its spinner goes away with it.
pub struct Busy {
    bar: ProgressBar,
    screen: Screen,
}

impl Busy {
    /// Shows what is being done.
    pub fn show(&self, doing: Doing) {
        match doing {
            Doing::Stage(text) | Doing::Share(text) if self.screen.progress => {
                self.bar.set_message(text.to_owned());
                self.bar.enable_steady_tick(Duration::from_millis(100));
            }
            Doing::Share(_) => {}
            Doing::Note(line) if self.screen.progress => self.bar.println(line),
            Doing::Stage(line) | Doing::Note(line) => self.screen.note(line),
        }
    }
}

impl Busy {
    /// Shows how far it is, on a terminal only.
    pub fn update(&self, text: &str) {
        if self.screen.progress {
            self.show(Doing::Stage(text));
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What is being done.
#[derive(Clone, Copy, Debug)]
pub enum Doing<'a> {
    /// Until the next one.
    Stage(&'a str),
    /// How far it is; only for whoever watches.
    Share(&'a str),
    /// Worth keeping on the screen.
    Note(&'a str),
}

/// Writes all of it now. A reader that went away (`| head`) has what it wanted; any other failure
/// (a full disk) ends the program, for its result is lost.
fn write(mut to: impl io::Write, text: &str) {
    let Err(error) = to.write_all(text.as_bytes()).and_then(|()| to.flush()) else { return };
    if error.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    // Where standard error is what failed, there is nobody left to tell.
    let _ = io::Write::write_all(
        &mut io::stderr(),
        format!("error: cannot write the output: {error}\n").as_bytes(),
    );
    std::process::exit(2);
}
