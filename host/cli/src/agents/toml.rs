//! An entry in Codex's table of MCP servers.

use ::toml_edit::{Array, DocumentMut, Item, Table, TableLike, TomlError, value};

use super::ENTRY;
use super::target::{EditError, Ours};
use audex_core::toml_place;

/// The table of MCP servers. Source: "Configuration reference" (Codex), `mcp_servers.<id>`.
const SERVERS: &str = "mcp_servers";

/// Returns `text` with the entry.
///
/// # Errors
/// When the text is not TOML, or `mcp_servers` is not a table.
pub(super) fn with(text: &str, ours: &Ours) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let args: Array = ["mcp"].into_iter().collect();
    let top = document.as_table_mut();
    let servers = top.entry(SERVERS).or_insert_with(|| {
        let mut servers = Table::new();
        servers.set_implicit(true);
        Item::Table(servers)
    });
    let is_inline = servers.is_inline_table();
    let servers = servers.as_table_like_mut().ok_or_else(|| kind(text))?;
    if let Some(entry) = servers.get_mut(ENTRY).and_then(Item::as_table_like_mut) {
        // The values alone change, so that comments and further keys stay.
        set(entry, &ours.program, args);
    } else {
        let mut entry = Table::new();
        set(&mut entry, &ours.program, args);
        let entry = if is_inline { value(entry.into_inline_table()) } else { Item::Table(entry) };
        servers.insert(ENTRY, entry);
    }
    Ok(document.to_string())
}

fn set(entry: &mut dyn TableLike, program: &str, args: Array) {
    for (key, new) in [("command", value(program)), ("args", value(args))] {
        let is_same =
            entry.get(key).is_some_and(|old| old.to_string().trim() == new.to_string().trim());
        if !is_same {
            entry.insert(key, new);
        }
    }
}

/// Returns `text` without the entry, and without a table of servers that has no other.
///
/// # Errors
/// As [`with`].
pub(super) fn without(text: &str) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let Some(servers) = document.get_mut(SERVERS) else { return Ok(text.to_owned()) };
    let servers = servers.as_table_like_mut().ok_or_else(|| kind(text))?;
    if servers.remove(ENTRY).is_none() {
        return Ok(text.to_owned());
    }
    if servers.is_empty() {
        document.remove(SERVERS);
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|error: TomlError| EditError::Malformed {
        line: error.span().map_or(1, |span| toml_place::line(text, span.start)),
        reason: error.message().to_owned(),
    })
}

fn kind(text: &str) -> EditError {
    let line = text.find(SERVERS).map_or(1, |at| toml_place::line(text, at));
    EditError::Kind { line, key: SERVERS.to_owned(), expected: "a table" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::Agent;

    fn ours() -> Ours {
        Ours {
            agent: Agent::Codex,
            program: "/bin/tryaudex".to_owned(),
            profile: "p".to_owned(),
            provider: "aws".to_owned(),
        }
    }

    #[test]
    fn an_entry_is_added_and_everything_else_stays() {
        let text = "# mine\nmodel = \"x\" # keep\n\n[mcp_servers.other]\ncommand = 'y'\n\n[tui]\ntheme = \"z\"\n";
        let set = with(text, &ours()).unwrap();
        let expected = "[mcp_servers.audex]\ncommand = \"/bin/tryaudex\"\nargs = [\"mcp\"]\n";
        assert!(set.contains(expected), "{set}");
        assert!(set.starts_with("# mine\nmodel = \"x\" # keep\n\n[mcp_servers.other]\n"), "{set}");
        assert!(!set.contains("[mcp_servers]\n"), "{set}");
        assert_eq!(with(&set, &ours()).unwrap(), set);
        assert_eq!(without(&set).unwrap(), text);
    }

    #[test]
    fn further_keys_of_the_entry_stay() {
        let text = "[mcp_servers.audex]\ncommand = \"old\" # why\nargs = [\"mcp\"]\nstartup_timeout_sec = 60\n";
        let set = with(text, &ours()).unwrap();
        assert!(set.contains("/bin/tryaudex") && set.contains("startup_timeout_sec = 60"), "{set}");
    }

    #[test]
    fn an_inline_table_gets_an_inline_entry() {
        let set = with("mcp_servers = { other = { command = \"y\" } }\n", &ours()).unwrap();
        let read: ::toml::Table = set.parse().unwrap();
        assert_eq!(read["mcp_servers"]["audex"]["command"].as_str(), Some("/bin/tryaudex"));
        assert_eq!(read["mcp_servers"]["other"]["command"].as_str(), Some("y"));
    }

    #[test]
    fn what_is_not_a_table_is_refused_with_its_line() {
        let refused = |text: &str| with(text, &ours()).unwrap_err().to_string();
        assert_eq!(refused("a = 1\nmcp_servers = 2\n"), "line 2: `mcp_servers` is not a table");
        assert!(refused("a = 1\nb = \n").starts_with("line 2: "), "{}", refused("a = 1\nb = \n"));
    }
}
