//! The table of a `PartiQL` statement. Source: Amazon DynamoDB Developer Guide, "`PartiQL` for DynamoDB",
//! statements.

/// The action that a statement needs, its table, and the index that it reads.
#[derive(Debug, PartialEq, Eq)]
pub struct Statement {
    pub action: &'static str,
    pub table: String,
    pub index: Option<String>,
}

/// A piece of a statement.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A keyword or a name without quotes.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// Any other character, or a text in single quotes.
    Other(char),
}

/// Reads a statement; returns `None` if it is not one of the four forms or names more than one table.
pub fn read(text: &str) -> Option<Statement> {
    let tokens = tokens(text)?;
    let is_word = |token: &Token, word: &str| matches!(token, Token::Word(is) if is.eq_ignore_ascii_case(word));
    let first = tokens.first()?;
    let places = |word: &str| -> Vec<usize> {
        tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| is_word(token, word))
            .map(|(place, _)| place)
            .collect()
    };
    let (action, at) = if is_word(first, "SELECT") {
        ("dynamodb:PartiQLSelect", places("FROM"))
    } else if is_word(first, "DELETE") {
        ("dynamodb:PartiQLDelete", places("FROM"))
    } else if is_word(first, "INSERT") {
        ("dynamodb:PartiQLInsert", places("INTO"))
    } else if is_word(first, "UPDATE") {
        ("dynamodb:PartiQLUpdate", places("UPDATE"))
    } else {
        return None;
    };
    // A nested statement has its own table.
    let (&[at], true) =
        (at.as_slice(), places("SELECT").len() == usize::from(is_word(first, "SELECT")))
    else {
        return None;
    };
    let name = |place: usize| match tokens.get(place) {
        Some(Token::Word(name) | Token::Name(name)) => Some(name.clone()),
        _ => None,
    };
    let table = name(at + 1)?;
    let index =
        if tokens.get(at + 2) == Some(&Token::Other('.')) { Some(name(at + 3)?) } else { None };
    let after = tokens.get(at + if index.is_some() { 4 } else { 2 });
    let is_end = !matches!(after, Some(Token::Other(',' | '.')));
    is_end.then_some(Statement { action, table, index })
}

/// Splits a statement into tokens; returns `None` if a quote is not closed or a comment begins.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if matches!(first, '"' | '\'') {
            let (inner, after) = quoted(rest, first)?;
            tokens.push(if first == '"' { Token::Name(inner) } else { Token::Other(first) });
            rest = after.trim_start();
            continue;
        }
        if rest.starts_with("--") || rest.starts_with("/*") {
            return None;
        }
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (token, after) = if end == 0 {
            (Token::Other(first), rest.get(first.len_utf8()..)?)
        } else {
            (Token::Word(rest.get(..end)?.to_owned()), rest.get(end..)?)
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

/// Reads a text in quotes, where a doubled quote stands for one, and returns the rest too.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut inner = String::new();
    let mut rest = text.strip_prefix(quote)?;
    loop {
        let (part, after) = rest.split_once(quote)?;
        inner.push_str(part);
        match after.strip_prefix(quote) {
            Some(more) => {
                inner.push(quote);
                rest = more;
            }
            None => return Some((inner, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_its_action_its_table_and_its_index() {
        for (text, action, table, index) in [
            (r#"SELECT * FROM "tbl" WHERE id='1'"#, "Select", "tbl", None),
            ("select a, 'x from y' from tbl", "Select", "tbl", None),
            (
                r#"SELECT * FROM "t.1-x"."by-name" WHERE "from" = ?"#,
                "Select",
                "t.1-x",
                Some("by-name"),
            ),
            (r#"INSERT INTO "tbl" VALUE {'id': 'SELECT 1'}"#, "Insert", "tbl", None),
            ("UPDATE tbl SET a=1 WHERE id='x''s'", "Update", "tbl", None),
            (r#"DELETE FROM "tbl" WHERE id=?"#, "Delete", "tbl", None),
        ] {
            let expected = Statement {
                action: read(text).unwrap().action,
                table: table.to_owned(),
                index: index.map(str::to_owned),
            };
            assert_eq!(read(text), Some(expected), "{text}");
            assert!(read(text).unwrap().action.ends_with(action), "{text}");
        }
    }

    #[test]
    fn a_statement_of_several_tables_or_another_form_is_not_read() {
        for text in [
            "",
            "EXISTS(SELECT * FROM a WHERE id=1)",
            "SELECT * FROM a, b",
            "SELECT * FROM a WHERE x IN (SELECT y FROM b)",
            "DELETE FROM a WHERE x IN (SELECT y)",
            "SELECT * FROM \"a",
            "SELECT * FROM 'a'",
            "SELECT 1",
            "SELECT * FROM a.b.c",
            "SELECT /* FROM a */ * FROM b",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
