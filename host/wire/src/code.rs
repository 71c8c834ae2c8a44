//! The closed list of error codes that a client may meet, over HTTP and over WebSockets.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// A stable error code. Messages may change, codes do not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code { $($(#[$meta])* #[serde(rename = $text)] $name,)* }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as clients see it.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// The message or body is not of the form that its type asks for.
    BadMessage = "bad_message", 400;
    /// There is no such message.
    UnknownType = "unknown_type", 400;
    /// A parameter has the wrong kind or is out of range.
    BadParam = "bad_param", 400;
    /// The spell takes no such parameter.
    UnknownParam = "unknown_param", 400;
    /// Not `[a-z0-9][a-z0-9_-]{0,63}`.
    BadSpellId = "bad_spell_id", 400;
    /// There is nothing to build from.
    NoSource = "no_source", 400;
    /// The channel has no earlier entry.
    NothingToRollBack = "nothing_to_roll_back", 400;
    /// Nobody, or a token that is unknown or has expired.
    Unauthorized = "unauthorized", 401;
    /// Somebody, without the right.
    Forbidden = "forbidden", 403;
    /// There is no such route.
    NotFound = "not_found", 404;
    /// There is no such spell.
    UnknownSpell = "unknown_spell", 404;
    /// The spell has no such revision.
    UnknownRevision = "unknown_revision", 404;
    /// The revision has no such file.
    UnknownFile = "unknown_file", 404;
    /// There is no such component.
    UnknownComponent = "unknown_component", 404;
    /// There is no such world.
    UnknownWorld = "unknown_world", 404;
    /// There is no such job.
    UnknownJob = "unknown_job", 404;
    /// No channel that the caller may use points to a revision.
    NoActiveRevision = "no_active_revision", 404;
    /// The route has no such method.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The request took too long to arrive.
    TooSlow = "too_slow", 408;
    /// The spell is somebody else's.
    SpellExists = "spell_exists", 409;
    /// Somebody else moved the channel meanwhile.
    PublishConflict = "publish_conflict", 409;
    /// More bytes than allowed.
    TooLarge = "too_large", 413;
    /// The range that was asked for lies outside.
    RangeNotSatisfiable = "range_not_satisfiable", 416;
    /// The component is refused; the message names the limit.
    NotASpell = "not_a_spell", 422;
    /// A trial cast went wrong too often.
    TrialFailed = "trial_failed", 422;
    /// Too far from the caster.
    OutOfReach = "out_of_reach", 422;
    /// Too many messages, casts or connections.
    RateLimited = "rate_limited", 429;
    /// The host's own fault; the log has the rest under the correlation id.
    Internal = "internal", 500;
    /// Source cannot be built safely here.
    SandboxUnavailable = "sandbox_unavailable", 503;
    /// No model is configured.
    PromptNotConfigured = "prompt_not_configured", 503;
    /// Too many jobs wait.
    QueueFull = "queue_full", 503;
    /// The disk is full.
    StoreFull = "store_full", 503;
    /// The host is going down or not up yet.
    Unavailable = "unavailable", 503;
}

impl std::fmt::Display for Code {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.text())
    }
}
