//! The verbs: the words for each verb, and the actions that it stands for.

/// The table; its first lines explain the format.
const TABLE: &str = include_str!("../verbs.txt");

/// Words in the names of actions that only read.
const LOOKING: &[&str] = &[
    "get", "list", "describe", "read", "head", "lookup", "query", "scan", "search", "select",
    "view", "batchget", "filter", "simulate",
];

struct Row {
    name: &'static str,
    words: &'static str,
    does: &'static str,
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.splitn(3, " | ");
        Some(Row { name: columns.next()?, words: columns.next()?, does: columns.next()? })
    })
}

/// Returns the verb that `word`, in lower case, stands for.
#[must_use]
pub fn named(word: &str) -> Option<&'static str> {
    rows().find(|row| row.words.split(' ').any(|known| known == word)).map(|row| row.name)
}

/// Returns the words that occur in the names of actions for `verb`.
pub fn beginnings(verb: &str) -> impl Iterator<Item = &'static str> {
    rows()
        .find(|row| row.name == verb)
        .into_iter()
        .flat_map(|row| row.does.split(' '))
        .filter(|word| *word != "*")
}

/// Returns true if `action`, of any cloud, does or could do what `verb` says. A wildcard hides the actions
/// that it stands for.
#[must_use]
pub fn does(verb: &str, action: &str) -> bool {
    let own = own_name(action);
    let words = split(own.trim_end_matches(['*', '?']));
    let whole = own.to_lowercase();
    let Some(row) = rows().find(|row| row.name == verb) else { return false };
    let is_open = own.contains(['*', '?']);
    let looks = || words.first().is_some_and(|first| LOOKING.contains(&first.as_str()));
    if is_open && !looks() {
        return true;
    }
    row.does.split(' ').any(|word| match word {
        "*" => !looks() && !words.iter().any(|word| LOOKING.contains(&word.as_str())),
        _ => words.iter().any(|own| own == word) || whole == word || whole.starts_with(word),
    })
}

/// Returns the part of an action's name that says what it does: the part after the service, or the last
/// segment.
fn own_name(action: &str) -> &str {
    if let Some((_, name)) = action.split_once(':') {
        return name;
    }
    if action.contains('/') {
        let mut parts = action.rsplit('/').filter(|part| !part.eq_ignore_ascii_case("action"));
        return parts.next().unwrap_or(action);
    }
    action.rsplit('.').next().unwrap_or(action)
}

/// Returns the words of a camel-case name in lower case. Several capitals in a row are one word.
#[must_use]
pub fn split(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let is_upper = |at: Option<usize>| {
        at.and_then(|at| letters.get(at))
            .is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    for (at, letter) in letters.iter().enumerate() {
        let follows_lower = !is_upper(at.checked_sub(1));
        let leads_lower = letters.get(at.saturating_add(1)).is_some_and(char::is_ascii_lowercase);
        let begins = letter.is_ascii_uppercase() && (follows_lower || leads_lower);
        match words.last_mut() {
            Some(word) if !begins => word.push(letter.to_ascii_lowercase()),
            _ => words.push(letter.to_ascii_lowercase().to_string()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_does_what_its_actions_are_called() {
        for action in [
            "s3:DeleteObject",
            "ec2:TerminateInstances",
            "dynamodb:BatchWriteDeleteX",
            "storage.objects.delete",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
            "s3:*",
            "s3:Del*",
            "*",
        ] {
            assert!(does("delete", action), "{action}");
        }
        for action in ["s3:GetObject", "s3:PutObject", "s3:Get*", "storage.objects.create"] {
            assert!(!does("delete", action), "{action}");
        }
    }

    #[test]
    fn change_is_everything_that_does_not_look() {
        for action in
            ["s3:PutObject", "glue:StartJobRun", "storage.objects.create", "s3:DeleteObject"]
        {
            assert!(does("change", action), "{action}");
        }
        for action in [
            "s3:GetObject",
            "ec2:DescribeInstances",
            "bigquery.tables.getData",
            "dynamodb:BatchGetItem",
        ] {
            assert!(!does("change", action), "{action}");
        }
    }

    #[test]
    fn names_are_split_where_words_begin() {
        assert_eq!(split("RebootDBInstance"), ["reboot", "db", "instance"]);
        assert_eq!(split("GetJobRun"), ["get", "job", "run"]);
        assert_eq!(split("AdminCreateUser"), ["admin", "create", "user"]);
    }

    #[test]
    fn no_word_is_two_verbs() {
        let mut seen = std::collections::BTreeMap::new();
        for row in rows() {
            for word in row.words.split(' ') {
                assert_eq!(seen.insert(word, row.name), None, "{word}");
            }
        }
        assert!(seen.len() > 200);
    }
}
