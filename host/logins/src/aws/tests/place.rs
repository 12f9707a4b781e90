//! Tests of the choice of a region and of the endpoint.

use super::*;

#[test]
fn the_region_option_wins_then_the_variables_in_order() {
    let environment = Environment::from_pairs([
        ("AWS_REGION", "eu-north-1"),
        ("AWS_DEFAULT_REGION", "us-west-2"),
        ("AWS_CA_BUNDLE", " "),
    ]);
    let options = Options::from_environment(&environment);
    assert!(options.ca_bundle.is_none());
    assert!(!options.environment_keys);
    assert_eq!(options.missing_key, None);
    for (set, missing) in [(ACCESS_KEY_ID, SECRET_ACCESS_KEY), (SECRET_ACCESS_KEY, ACCESS_KEY_ID)] {
        let half = Options::from_environment(&Environment::from_pairs([(set, "x")]));
        assert_eq!((half.environment_keys, half.missing_key), (false, Some(missing)));
    }
    let both = Environment::from_pairs(KEY_VARIABLES.map(|name| (name, "x")));
    assert!(Options::from_environment(&both).environment_keys);
    let chosen = Options { region: Some("sa-east-1".to_owned()), ..options.clone() };
    let fallback = Options { aws_region: None, ..options.clone() };
    let of_profile =
        Options { profile_region: Some("eu-south-1".to_owned()), ..Options::default() };
    assert_eq!(region(&chosen), "sa-east-1");
    assert_eq!(region(&options), "eu-north-1");
    assert_eq!(region(&fallback), "us-west-2");
    assert_eq!(region(&of_profile), "eu-south-1");
    assert_eq!(region(&Options::default()), DEFAULT_REGION);
}

#[test]
fn the_endpoint_is_the_regional_one() {
    run(async {
        for region in ["us-east-1", "eu-west-1", "cn-north-1"] {
            let options = Options { region: Some(region.to_owned()), ..Options::default() };
            // This test does not use `loader`, because no endpoint is configured here.
            let bare = aws_config::defaults(BehaviorVersion::latest()).no_credentials();
            let aws = Aws::with_loader(options, AwsHttp::new(None), bare).await;
            let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
            assert_eq!(
                aws.sts_endpoint().await.unwrap().to_string(),
                format!("https://sts.{region}.amazonaws.com{suffix}/")
            );
        }
    });
}
