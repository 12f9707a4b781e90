//! Properties of the decision, tried with requests of every operation of AWS that botocore knows.

mod change;
mod coverage;
mod grant;
mod models;
mod page;
mod policy;
mod reading;

/// Returns `text` with each name of the generator (`q7q`, and `q7r` for the second value of a list) replaced.
fn with_names(text: &str, mut replace: impl FnMut(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('q') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let digits = from[1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = digits + 2;
        let is_name =
            digits > 0 && from.get(end - 1..end).is_some_and(|last| last == "q" || last == "r");
        let length = if is_name { end } else { 1 };
        out.push_str(&if is_name { replace(&from[..length]) } else { from[..length].to_owned() });
        rest = &from[length..];
    }
    out + rest
}
