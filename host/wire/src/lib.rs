//! What several parts speak over the network: HTTP clients, AWS signatures, bounded exchanges, and the search of replies for secrets.

pub mod aws_http;
pub mod client;
pub mod echo;
pub mod patience;
pub mod roots;
pub mod seen_request;
pub mod sigv4;
