//! The shared network code: HTTP clients, the loopback server, AWS signatures, retries, and the search of replies for secrets.

pub mod aws_http;
pub mod body;
pub mod client;
pub mod echo;
pub mod exchange;
pub mod header;
pub mod patience;
pub mod public_address;
pub mod roots;
pub mod seen_request;
pub mod server;
pub mod sigv4;
