//! A loopback server for this module's tests. It sends canned answers and records the requests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[derive(Clone, Debug)]
pub(crate) struct Canned {
    pub status: u16,
    pub body: String,
    pub date: Option<String>,
}

/// A request as the server received it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub authorization: String,
    pub amz_date: String,
    pub body: String,
}

impl Canned {
    pub(super) fn ok(body: &str) -> Self {
        Self { status: 200, body: body.to_owned(), date: None }
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>req-7</RequestId></ErrorResponse>"
        );
        Self { status, body, date: None }
    }

    pub(crate) fn dated(self, date: &str) -> Self {
        Self { date: Some(date.to_owned()), ..self }
    }
}

/// A loopback server that lives as long as the runtime that started it.
pub(super) struct Double {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    /// Starts a server that sends `answers` in turn and then repeats the last one.
    pub(super) async fn start(answers: Vec<Canned>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, seen) = (answers.clone(), Arc::clone(&seen));
                let service =
                    service_fn(move |request| answer(request, answers.clone(), Arc::clone(&seen)));
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, asked }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: Vec<Canned>,
    seen: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    let (authorization, amz_date) = (header("authorization"), header("x-amz-date"));
    let body = String::from_utf8(request.into_body().collect().await.unwrap().to_bytes().to_vec())
        .unwrap();
    let index = {
        let mut seen = seen.lock().unwrap();
        seen.push(Asked { authorization, amz_date, body });
        seen.len() - 1
    };
    let canned = &answers[index.min(answers.len() - 1)];
    let mut response =
        Response::builder().status(canned.status).header("x-amzn-requestid", "req-7");
    if let Some(date) = &canned.date {
        response = response.header("date", date);
    }
    Ok(response.body(Full::from(canned.body.clone())).unwrap())
}
