//! One file of the AWS CLI, read as botocore reads it: by the rules of Python's `configparser.RawConfigParser`.
//!
//! Source: Python 3.11, `Lib/configparser.py` (`_read`); botocore 1.43, `configloader.py` (`raw_config_parse`).

/// The section whose properties all other sections inherit, unless they set them.
const COMMON: &str = "DEFAULT";

/// The error for a file that botocore rejects as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct IniError {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// The reason in words, without the text of the line, which may contain a key.
    pub reason: &'static str,
}

/// A section, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The text between the brackets, unchanged.
    pub name: String,
    /// The line of the header.
    pub line: usize,
    /// The properties; each name occurs once.
    pub entries: Vec<Entry>,
}

/// A property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name in lower case.
    pub name: String,
    /// The line where the property begins.
    pub line: usize,
    /// The value.
    pub value: Value,
}

/// The value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text without spaces around it; several lines if the later ones are indented.
    Text(String),
    /// Nested properties, indented below a name without a value on its line.
    Table(Vec<(String, String)>),
}

/// Reads the text of a file.
///
/// # Errors
/// [`IniError`] for the first line that botocore rejects.
pub fn parse(text: &str) -> Result<Vec<Section>, IniError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader::default();
    for (index, line) in text.split('\n').enumerate() {
        reader.read(index + 1, line)?;
    }
    reader.finish()
}

/// Returns the result of Python's `str.isspace`: true for Unicode's white space and for four ASCII
/// separators.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\x1c'..='\x1f').contains(&character)
}

fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// A section whose values are still lists of lines.
struct Open {
    name: String,
    line: usize,
    entries: Vec<(String, usize, Vec<String>)>,
}

impl Open {
    fn new(name: &str, line: usize) -> Self {
        Self { name: name.to_owned(), line, entries: Vec::new() }
    }
}

#[derive(Default)]
struct Reader {
    sections: Vec<Open>,
    common: Option<Open>,
    /// True while the current section is the common one.
    in_common: bool,
    /// True while the last line that counts belongs to a property, which the next line may continue.
    in_property: bool,
    indent: usize,
}

impl Reader {
    fn current(&mut self) -> Option<&mut Open> {
        if self.in_common { self.common.as_mut() } else { self.sections.last_mut() }
    }

    /// Returns the lines of the property that the next line may continue.
    fn open_value(&mut self) -> Option<&mut Vec<String>> {
        if !self.in_property {
            return None;
        }
        self.current()?.entries.last_mut().map(|(_, _, lines)| lines)
    }

    fn read(&mut self, number: usize, line: &str) -> Result<(), IniError> {
        let value = strip(line);
        if value.starts_with(['#', ';']) {
            return Ok(());
        }
        if value.is_empty() {
            if let Some(lines) = self.open_value() {
                lines.push(String::new());
            }
            return Ok(());
        }
        let indent = line.chars().take_while(|character| is_space(*character)).count();
        if indent > self.indent
            && let Some(lines) = self.open_value()
        {
            lines.push(value.to_owned());
            return Ok(());
        }
        self.indent = indent;
        match header(value) {
            Some(name) => self.open(name, number),
            None => self.property(value, number),
        }
    }

    fn open(&mut self, name: &str, line: usize) -> Result<(), IniError> {
        self.in_property = false;
        self.in_common = name == COMMON;
        if self.in_common {
            self.common.get_or_insert_with(|| Open::new(name, line));
            return Ok(());
        }
        if self.sections.iter().any(|section| section.name == name) {
            return Err(IniError { line, reason: "this section is in the file twice" });
        }
        self.sections.push(Open::new(name, line));
        Ok(())
    }

    fn property(&mut self, text: &str, line: usize) -> Result<(), IniError> {
        let refuse = |reason| Err(IniError { line, reason });
        let Some(section) = self.current() else {
            return refuse("there is no section header such as `[default]` before this line");
        };
        let Some((name, value)) = text.split_once(['=', ':']) else {
            return refuse("this line is not a section header and has no `=`");
        };
        let name = strip(name).to_lowercase();
        if name.is_empty() {
            return refuse("there is no name before the `=`");
        }
        if section.entries.iter().any(|(other, ..)| *other == name) {
            return refuse("this property is in its section twice");
        }
        section.entries.push((name, line, vec![strip(value).to_owned()]));
        self.in_property = true;
        Ok(())
    }

    fn finish(self) -> Result<Vec<Section>, IniError> {
        let common = self.common.map(|common| common.entries).unwrap_or_default();
        self.sections
            .into_iter()
            .map(|mut open| {
                for entry in &common {
                    if !open.entries.iter().any(|(name, ..)| *name == entry.0) {
                        open.entries.push(entry.clone());
                    }
                }
                let entries = open.entries.into_iter().map(entry).collect::<Result<_, _>>()?;
                Ok(Section { name: open.name, line: open.line, entries })
            })
            .collect()
    }
}

/// Returns the name in `[name]`, without the text after the last bracket.
fn header(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('[')?;
    let name = rest.get(..rest.rfind(']')?)?;
    (!name.is_empty()).then_some(name)
}

fn entry((name, line, lines): (String, usize, Vec<String>)) -> Result<Entry, IniError> {
    let joined = lines.join("\n");
    let text = joined.trim_end_matches(is_space);
    let value =
        if text.starts_with('\n') { table(text, line)? } else { Value::Text(text.to_owned()) };
    Ok(Entry { name, line, value })
}

fn table(text: &str, line: usize) -> Result<Value, IniError> {
    let mut entries: Vec<(String, String)> = Vec::new();
    for inner in text.split(ends_line).map(strip).filter(|inner| !inner.is_empty()) {
        let Some((name, value)) = inner.split_once('=') else {
            return Err(IniError {
                line,
                reason: "a line that is indented below this one has no `=`",
            });
        };
        let (name, value) = (strip(name).to_owned(), strip(value).to_owned());
        match entries.iter_mut().find(|(other, _)| *other == name) {
            Some(entry) => entry.1 = value,
            None => entries.push((name, value)),
        }
    }
    Ok(Value::Table(entries))
}

/// Returns true for the characters at which Python's `str.splitlines` splits.
pub(super) fn ends_line(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns sections and properties, one line each.
    fn shown(text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for section in parse(text).unwrap() {
            lines.push(format!("[{}]", section.name));
            lines.extend(
                section.entries.iter().map(|entry| format!("{}={:?}", entry.name, entry.value)),
            );
        }
        lines
    }

    #[test]
    fn an_indented_first_property_is_a_property() {
        assert_eq!(shown("[default]\n  region = eu-west-1\n  output=json\n").len(), 3);
        assert_eq!(
            shown("  [default]\n  region = eu-west-1\n"),
            ["[default]", "region=Text(\"eu-west-1\")"]
        );
    }

    #[test]
    fn text_after_the_bracket_is_left_out() {
        assert_eq!(shown("[default] # mine\na=b")[0], "[default]");
        assert_eq!(shown("[a] ; [b] x\n")[0], "[a] ; [b]");
    }

    #[test]
    fn a_value_goes_on_in_deeper_lines_and_comments_do_not_end_it() {
        let text = "[a]\nx = 1\n  2\n # no\n\n  3\ny: 4 # yes\n";
        assert_eq!(shown(text), ["[a]", "x=Text(\"1\\n2\\n\\n3\")", "y=Text(\"4 # yes\")"]);
    }

    #[test]
    fn a_table_is_read_and_one_without_equals_signs_is_refused() {
        let text = "[a]\ns3 =\n  Addressing_Style = path\n  # note\n  x= y = z\n";
        assert_eq!(shown(text)[1], r#"s3=Table([("Addressing_Style", "path"), ("x", "y = z")])"#);
        assert_eq!(parse("[a]\ns3 =\n  path\n").unwrap_err().line, 2);
    }

    #[test]
    fn the_common_section_is_in_all() {
        assert_eq!(
            shown("[DEFAULT]\na=1\nb=2\n[x]\nb=3\n"),
            ["[x]", "b=Text(\"3\")", "a=Text(\"1\")"]
        );
    }

    #[test]
    fn a_refused_file_names_the_line_and_never_its_text() {
        for (text, line) in [
            ("secret = x\n", 1),
            ("[a]\n\nsecret\n", 3),
            ("[a]\n= secret\n", 2),
            ("[a]\n[b]\n[a]\n", 3),
            ("[a]\nsecret=1\nSECRET=2\n", 3),
            ("\u{feff}[a]\n", 1),
            ("[]\n", 1),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
