//! What a value must be to be taken for a field.

/// What a value must be to be taken, and how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Shape {
    /// What happened, in words.
    Message,
    /// How bad it is.
    Severity,
    /// The level of a log line.
    Level,
    /// A time.
    Time,
    /// A kind of event: a word or a few.
    Type,
    /// Who reports it; an address is where it came from instead.
    Source,
    /// Words to find it by.
    Tags,
    /// A text, or a number as one.
    Text,
    /// The same without white space.
    Name,
    /// A text, number or truth value as it is.
    Scalar,
    /// A whole number, also written as a text.
    Number,
    /// An IP address, with or without a port.
    Address,
    /// A port.
    Port,
    /// A name of a host; an address is the host's address instead.
    Host,
    /// A program's name.
    Process,
    /// `tcp`, `udp`, or their numbers.
    Transport,
    /// The same; any other word is the application's protocol instead.
    Protocol,
    /// `inbound`, `outbound` and the like.
    Direction,
    /// A word or truth value for success or failure.
    Outcome,
    /// An HTTP method.
    Method,
    /// An HTTP status; a word for success or failure is the outcome instead.
    Status,
    /// A digest in hexadecimal digits.
    Sha,
    /// Names or ids of MITRE ATT&CK, one or a list.
    Technique,
}
