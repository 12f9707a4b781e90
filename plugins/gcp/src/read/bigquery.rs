//! BigQuery: jobs, and what a query does.
//!
//! Sources: BigQuery, "Required permissions" of "Running jobs", "Loading data", "Copying a table", "Exporting
//! table data"; GoogleSQL reference, "Query syntax" and "Data manipulation language".

use audex_sdk::provider::Scope;
use serde_json::Value;

use super::body::{list, text};
use super::needs::Needs;

const GET_DATA: &str = "bigquery.tables.getData";
const UPDATE_DATA: &str = "bigquery.tables.updateData";
const CREATE: &str = "bigquery.tables.create";

/// Adds what a job of `jobs.insert` or `jobs.query` needs.
///
/// # Errors
/// The reason why the job is not read.
pub fn job(needs: &mut Needs, operation: &str, body: &Value) -> Result<(), String> {
    if operation == "bigquery.jobs.query" {
        return query(needs, body);
    }
    let kinds = ["query", "load", "copy", "extract"];
    let configuration = body.get("configuration").unwrap_or(&Value::Null);
    let mut named = kinds.into_iter().filter(|kind| configuration.get(kind).is_some());
    let (Some(kind), None) = (named.next(), named.next()) else {
        return Err("the job is not of one kind".to_owned());
    };
    let part = configuration.get(kind).unwrap_or(&Value::Null);
    match kind {
        "query" => {
            query(needs, part)?;
            if part.get("destinationTable").is_some_and(|table| !table.is_null()) {
                written(needs, part)?;
            }
        }
        "load" => {
            written(needs, part)?;
            needs.on("bigquery.tables.update", table(part.pointer("/destinationTable"))?);
            objects(needs, part, "/sourceUris", &["storage.objects.get"])?;
        }
        "copy" => {
            written(needs, part)?;
            let mut sources: Vec<&Value> = list(part, "/sourceTables").iter().collect();
            sources.extend(part.get("sourceTable"));
            if sources.is_empty() {
                return Err("the job copies nothing".to_owned());
            }
            for source in sources {
                let source = table(Some(source))?;
                needs.on(GET_DATA, source.clone());
                needs.on("bigquery.tables.get", source);
            }
        }
        _ => {
            if part.get("sourceModel").is_some() {
                needs.unseen("bigquery.models.export");
            } else {
                let source = table(part.get("sourceTable"))?;
                needs.on(GET_DATA, source.clone());
                needs.on("bigquery.tables.export", source);
            }
            let write = ["storage.objects.create", "storage.objects.delete"];
            objects(needs, part, "/destinationUris", &write)?;
            objects(needs, part, "/destinationUri", &write)?;
        }
    }
    Ok(())
}

/// Adds what writing to the destination needs; the job may create it.
fn written(needs: &mut Needs, part: &Value) -> Result<(), String> {
    let destination = table(part.get("destinationTable"))?;
    needs.on(CREATE, destination.clone());
    needs.on(UPDATE_DATA, destination);
    Ok(())
}

/// Adds permissions on the objects of these addresses, in which `*` stands for any text.
fn objects(needs: &mut Needs, part: &Value, path: &str, actions: &[&str]) -> Result<(), String> {
    let addresses = match part.pointer(path) {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        Some(_) => return Err("an address of the job is not read".to_owned()),
    };
    for address in addresses {
        let place = address.strip_prefix("gs://").and_then(|rest| rest.split_once('/'));
        let named = place.filter(|(bucket, object)| {
            !bucket.is_empty()
                && !object.is_empty()
                && !address.contains('?')
                && !bucket.contains('*')
        });
        for action in actions {
            match named {
                Some((bucket, object)) => {
                    let pattern = super::storage::name(bucket, object)?;
                    needs.add(action, Scope::These(vec![pattern]));
                }
                None => needs.unseen(action),
            }
        }
    }
    Ok(())
}

/// Returns the full name of a table that is named by its parts.
fn table(value: Option<&Value>) -> Result<String, String> {
    let value = value.unwrap_or(&Value::Null);
    let part = |name: &str| {
        let part = text(value, name);
        let is_odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '?' | '*');
        let is_name = !part.is_empty() && !part.contains(is_odd);
        is_name.then_some(part).ok_or_else(|| "a table of the job is not named whole".to_owned())
    };
    let (project, dataset) = (part("/projectId")?, part("/datasetId")?);
    // A partition, `table$20260101`, is a part of its table.
    let table = part("/tableId")?.split('$').next().unwrap_or_default();
    Ok(format!("//bigquery.googleapis.com/projects/{project}/datasets/{dataset}/tables/{table}"))
}

/// Adds what a query needs. The tables are in its text, which is not read: it needs its permissions on every
/// table.
fn query(needs: &mut Needs, part: &Value) -> Result<(), String> {
    needs.unseen(GET_DATA);
    let text = text(part, "/query");
    let more: &[&str] = match statement(text)?.as_str() {
        "SELECT" | "WITH" => &[],
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => &[UPDATE_DATA],
        "CREATE TABLE" => &[CREATE, UPDATE_DATA, "bigquery.tables.delete"],
        other => {
            return Err(format!(
                "a query that begins with `{other}` is not read: it can do anything"
            ));
        }
    };
    for action in more {
        needs.unseen(action);
    }
    if text.to_ascii_uppercase().contains("EXTERNAL_QUERY") {
        needs.unseen("bigquery.connections.use");
    }
    if part.get("tableDefinitions").is_some_and(|tables| !tables.is_null()) {
        needs.unseen("storage.objects.get");
    }
    Ok(())
}

/// Returns the first words of the only statement of a query, in capitals.
fn statement(text: &str) -> Result<String, String> {
    let bare = bare(text)?;
    let bare = bare.trim().trim_end_matches(';').trim_end();
    if bare.contains(';') {
        return Err("a script of several statements is not read: it can do anything".to_owned());
    }
    // The operators of a pipe can write as well.
    if bare.contains("|>") {
        return Err("a query with pipes is not read: it can do anything".to_owned());
    }
    let upper = bare.to_ascii_uppercase();
    let mut words = upper
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_owned();
    if first != "CREATE" {
        return Ok(first);
    }
    let kind = words.find(|word| !["OR", "REPLACE", "TEMP", "TEMPORARY"].contains(word));
    Ok(format!("CREATE {}", kind.unwrap_or_default()))
}

/// Returns the text without comments and contents of literals. Source: GoogleSQL, "Lexical structure and syntax".
fn bare(text: &str) -> Result<String, String> {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let until = |text: &str, end: &str| text.find(end).map(|at| at + end.len());
        let skipped = if rest.starts_with("--") || first == '#' {
            Some(rest.find('\n').unwrap_or(rest.len()))
        } else if let Some(comment) = rest.strip_prefix("/*") {
            Some(until(comment, "*/").map(|length| length + 2).ok_or("a comment does not end")?)
        } else if matches!(first, '\'' | '"' | '`') {
            Some(literal(rest, first)?)
        } else {
            None
        };
        let length = skipped.unwrap_or(first.len_utf8());
        bare.push(if skipped.is_some() { ' ' } else { first });
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(bare)
}

/// Returns the length of the literal that `text` begins with. In a raw literal a backslash does not hide a quote
/// either: it stays before it (GoogleSQL, "String and bytes literals").
fn literal(text: &str, quote: char) -> Result<usize, String> {
    let triple: String = [quote; 3].iter().collect();
    let end = if quote != '`' && text.starts_with(&triple) { triple } else { quote.to_string() };
    let mut at = end.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(&end) {
            return Ok(at + end.len());
        }
        let mut characters = rest.chars();
        let first = characters.next().map_or(1, char::len_utf8);
        at += first;
        if rest.starts_with('\\') {
            at += characters.next().map_or(0, char::len_utf8);
        }
    }
    Err("a text in the query does not end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_say_what_a_query_does() {
        for (text, expected) in [
            ("select 1", "SELECT"),
            (" -- drop\n SELECT ';' ; ", "SELECT"),
            ("# x\n/* ; */ with t as (select 1) select * from t", "WITH"),
            ("(SELECT 1)", "SELECT"),
            ("INSERT INTO t VALUES (1)", "INSERT"),
            ("create or replace temp table d.t as select 1", "CREATE TABLE"),
            ("CREATE FUNCTION f() AS (1)", "CREATE FUNCTION"),
            ("SELECT r'\\';' ", "SELECT"),
            ("SELECT '''a'b;''' ", "SELECT"),
            ("", ""),
        ] {
            assert_eq!(statement(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "SELECT 1; DROP TABLE t",
            "SELECT 1 /* ",
            "SELECT 'a",
            "SELECT '\\'; DROP TABLE t",
            "FROM t |> EXTEND 1",
            "SELECT 1 ';' ; DROP TABLE t --'",
        ] {
            assert!(statement(text).is_err(), "{text}");
        }
    }
}
