//! The front in TLS: serves connections to the cloud's hosts that a command opens through the session's proxy.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use http::Response;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;

use super::{Fronts, SessionCa, exchange};
use audex_wire::server::{self, Request};

/// The longest time for a handshake, so that a silent client does not keep its place.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// The protocol of gRPC, which the front does not read.
const HTTP_2: &[u8] = b"h2";

/// Serves connections with certificates of the session's own authority.
pub struct Interception {
    fronts: Arc<Fronts>,
    ca: SessionCa,
}

impl Interception {
    /// Makes the authority of a session that ends at `ends_at`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// As [`SessionCa::new`].
    pub fn new(fronts: Arc<Fronts>, ends_at: u64) -> io::Result<Self> {
        let ca = SessionCa::new(fronts.patterns(), ends_at)?;
        Ok(Self { fronts, ca })
    }

    /// Returns the authority's certificate in PEM, for the command.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.ca.pem()
    }

    /// Returns true if connections to this host and port are served here.
    #[must_use]
    pub fn covers(&self, host: &str, port: u16) -> bool {
        self.fronts.covers(host, port)
    }

    /// Serves a connection to `host` until the client ends it.
    pub async fn serve<S>(&self, host: &str, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // A client that gives up, or does not trust the authority, concerns only itself.
        let accepting = tokio::time::timeout(HANDSHAKE_TIME, self.accept(host, stream));
        let Ok(Ok(stream)) = accepting.await else { return };
        let (fronts, host) = (Arc::clone(&self.fronts), host.to_owned());
        let answer = move |request: Request, _| {
            let (fronts, host) = (Arc::clone(&fronts), host.clone());
            async move { answer(&fronts, &host, request).await }
        };
        server::serve(stream, answer, std::future::pending()).await;
    }

    async fn accept<S>(
        &self,
        host: &str,
        stream: S,
    ) -> io::Result<tokio_rustls::server::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = rustls::server::Acceptor::default();
        let start = LazyConfigAcceptor::new(acceptor, stream).await?;
        let hello = start.client_hello();
        let speaks = |protocol: &[u8]| {
            hello.alpn().is_none_or(|mut offered| offered.any(|one| one == protocol))
        };
        if !speaks(b"http/1.1") && speaks(HTTP_2) {
            self.fronts.shared.lost(&format!(
                "a connection to {host} was refused: it offers HTTP/2 alone, as gRPC does, and the gateway reads HTTP/1.1; set the client library to REST"
            ));
            return Err(io::ErrorKind::Unsupported.into());
        }
        // Security: a client that expects another host would take its requests for that host's.
        if hello.server_name().is_some_and(|name| !name.eq_ignore_ascii_case(host)) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        start.into_stream(self.ca.config(host)?).await
    }
}

async fn answer(fronts: &Fronts, host: &str, request: Request) -> Response<SdkBody> {
    exchange::answer(fronts, host, host, request).await
}
