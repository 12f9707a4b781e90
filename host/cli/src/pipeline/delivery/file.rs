//! The delivery `file`: a private credentials file, as the AWS CLI and SDKs read it.

use std::fmt::Write as _;

use super::{Arranged, DeliveryError, Scene, no_keys};
use crate::pipeline::aws_keys::AwsKeys;
use crate::settings::delivery::Deliver;
use audex_core::delivery::{SessionFile, Value};
use audex_core::secret::Secret;

/// The name of the file in the session's directory.
const NAME: &str = "aws-session-credentials";

/// Returns a file with the keys as the profile `default`, and the variables that lead to it.
///
/// Sources: AWS SDKs and Tools Reference Guide, "Shared config and credentials files"; AWS SDK for Java 1,
/// `AwsProfileFileLocationProvider`, for the second variable.
pub(super) fn arrange(scene: &Scene<'_>) -> Result<Arranged, DeliveryError> {
    let keys = AwsKeys::of(scene.minted).ok_or_else(|| no_keys(Deliver::File, scene.minted))?;
    let mut text = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        keys.id,
        keys.secret.expose()
    );
    if let Some(token) = keys.token {
        let _ = writeln!(text, "aws_session_token = {}", token.expose());
    }
    let mut arranged = Arranged::without_keys(scene);
    let path = scene.directory.join(NAME).display().to_string();
    let settings = &mut arranged.endpoint_settings;
    settings.variables.push(("AWS_CREDENTIAL_PROFILES_FILE".to_owned(), Value::Plain(path)));
    settings.files.push(SessionFile {
        name: NAME.to_owned(),
        contents: Value::Secret(Secret::new(text)),
        variable: Some("AWS_SHARED_CREDENTIALS_FILE".to_owned()),
    });
    Ok(arranged)
}
