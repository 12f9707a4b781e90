//! Waits for the keys of an IAM user that something else has just created.
//!
//! IAM is eventually consistent: for some seconds STS does not know a new user's keys, and then not yet the
//! user's policies (IAM User Guide, "Troubleshoot IAM", "Changes that I make are not always immediately
//! visible").

use std::time::{Duration, Instant};

use audex_logins::aws::AwsError;

/// A new user usually works after 5 to 10 seconds; if the denial lasts longer than this limit, it is
/// reported.
const SETTLE_TIME: Duration = Duration::from_secs(20);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_secs(2);

/// Repeats `attempt` while it is rejected or denied. Returns the first other answer, or the last one.
pub(super) async fn settled<T>(
    attempt: impl AsyncFnMut() -> Result<T, AwsError>,
) -> Result<T, AwsError> {
    settled_within(SETTLE_TIME, PAUSE, attempt).await
}

async fn settled_within<T>(
    time: Duration,
    pause: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, AwsError>,
) -> Result<T, AwsError> {
    let began = Instant::now();
    loop {
        match attempt().await {
            Err(AwsError::SourceRejected(_) | AwsError::Denied(_))
                if began.elapsed() + pause < time =>
            {
                tokio::time::sleep(pause).await;
            }
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_logins::aws::Service;

    const PAUSE: Duration = Duration::from_millis(1);

    fn said() -> Service {
        let (action, code, message) = ("GetFederationToken", String::new(), String::new());
        Service { action, code, message, status: 403, request_id: None }
    }

    fn run(
        time: Duration,
        mut answers: Vec<Result<u8, AwsError>>,
    ) -> (Result<u8, AwsError>, usize) {
        answers.reverse();
        let mut attempts = 0;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(settled_within(time, PAUSE, async || {
            attempts += 1;
            answers.pop().unwrap_or_else(|| Err(AwsError::Denied(said())))
        }));
        (answer, attempts)
    }

    #[test]
    fn keys_that_are_too_new_are_tried_again_until_they_work() {
        let answers =
            vec![Err(AwsError::SourceRejected(said())), Err(AwsError::Denied(said())), Ok(7)];
        let (answer, attempts) = run(Duration::from_mins(1), answers);
        assert_eq!((answer.unwrap(), attempts), (7, 3));
    }

    #[test]
    fn a_denial_that_stays_one_and_any_other_error_are_told() {
        let (answer, attempts) = run(Duration::from_millis(20), Vec::new());
        assert!(matches!(answer, Err(AwsError::Denied(_))) && attempts > 1, "{attempts}");
        let (answer, attempts) = run(Duration::from_mins(1), vec![Err(AwsError::Invalid(said()))]);
        assert!(matches!(answer, Err(AwsError::Invalid(_))) && attempts == 1);
    }
}
