//! Rows as columns of text, as wide as the terminal.

use super::columns;
use audex_core::printable::is_hidden;

/// The maximum number of characters in a table cell. Longer cells are cut: no screen is that wide, and the
/// JSON output has the whole records.
const CELL_CHARACTERS: usize = 200;

/// Formats rows as columns under `headings`, as wide as the terminal. Long cells are cut.
///
/// If standard output is not a terminal, each row is one line of any length.
#[must_use]
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(headings, rows, columns().map(Fit::Wrapped))
}

/// Formats rows like [`table`], but each row is one line on a terminal too: its last cell is cut.
#[must_use]
pub fn lines(headings: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(headings, rows, columns().map(Fit::Cut))
}

/// The way to fit a table into a number of characters.
#[derive(Clone, Copy, Debug)]
enum Fit {
    /// Long cells continue on the next line.
    Wrapped(usize),
    /// The last cell is cut at the end of the line.
    Cut(usize),
}

/// The text between two columns.
const GAP: &str = "  ";
/// The minimum width of a column. Words are not broken into shorter pieces.
const LEAST_COLUMN: usize = 12;
/// The maximum length of a word that is kept whole while another column can be made narrower. A time, the
/// name of a session and a digest fit into this length.
const WORD: usize = 24;

fn laid_out(headings: &[&str], rows: &[Vec<String>], fit: Option<Fit>) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    let mut rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    match fit {
        Some(Fit::Wrapped(most)) => {
            let word = |cell: &String| {
                pieces(cell).map(|(piece, _)| piece.chars().count()).max().unwrap_or(0)
            };
            let longest = |column| {
                rows.iter().filter_map(|row: &Vec<String>| row.get(column)).map(word).max()
            };
            let least = (0..widths.len())
                .map(|column| longest(column).unwrap_or(0).clamp(LEAST_COLUMN, WORD));
            narrow(&mut widths, &least.collect::<Vec<_>>(), most);
        }
        Some(Fit::Cut(most)) => cut(&mut widths, &mut rows, most),
        None => {}
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        // Not with a format string: its width has 16 bits, and a larger number panics.
        let pad = |(cell, width): (&str, &usize)| {
            cell.to_owned() + &" ".repeat(width.saturating_sub(cell.chars().count()))
        };
        let padded: Vec<String> = cells.zip(&widths).map(pad).collect();
        padded.join(GAP).trim_end().to_owned() + "\n"
    };
    let mut out = line(&mut headings.iter().copied());
    for row in &rows {
        let wrapped: Vec<Vec<String>> =
            row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or_default();
        for at in 0..height {
            out += &line(&mut wrapped.iter().map(|lines| lines.get(at).map_or("", String::as_str)));
        }
    }
    out
}

/// Makes the widest columns narrower until all columns fit into `most` characters, or until no column can be
/// made narrower. Columns are reduced to their `least` width first, and then to `LEAST_COLUMN`.
fn narrow(widths: &mut [usize], least: &[usize], most: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(most);
    while over > 0 {
        let can_give = widths.iter_mut().zip(least).filter(|(width, least)| **width > **least);
        let widest = match can_give.map(|(width, _)| width).max() {
            Some(widest) => Some(widest),
            None => widths.iter_mut().max().filter(|widest| **widest > LEAST_COLUMN),
        };
        let Some(widest) = widest else { return };
        *widest -= 1;
        over -= 1;
    }
}

/// Cuts the last column to the width that the other columns leave of `most` characters.
fn cut(widths: &mut [usize], rows: &mut [Vec<String>], most: usize) {
    let Some((last, others)) = widths.split_last_mut() else { return };
    let left =
        most.saturating_sub(others.iter().map(|width| width + GAP.len()).sum()).max(LEAST_COLUMN);
    if *last <= left {
        return;
    }
    *last = left;
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(others.len())) {
        if cell.chars().count() > left {
            *cell = cell.chars().take(left - 1).chain(['…']).collect();
        }
    }
}

/// Returns the parts of a cell that stay together: words and the items of lists. The flag is true if a space
/// comes before the part.
fn pieces(cell: &str) -> impl Iterator<Item = (&str, bool)> {
    cell.split(' ').enumerate().flat_map(|(word, text)| {
        text.split_inclusive(',')
            .enumerate()
            .map(move |(item, piece)| (piece, word > 0 && item == 0))
    })
}

/// Breaks a cell into lines of `width` characters, between words and after commas. Only a part that is longer
/// than a line is broken elsewhere.
fn wrap(cell: &str, width: usize) -> Vec<String> {
    if cell.chars().count() <= width || width == 0 {
        return vec![cell.to_owned()];
    }
    let (mut lines, mut line, mut length) = (Vec::new(), String::new(), 0);
    for (piece, is_word) in pieces(cell) {
        let space = usize::from(is_word && length > 0);
        if length > 0 && length + space + piece.chars().count() > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if space > 0 {
            line.push(' ');
            length += 1;
        }
        for c in piece.chars() {
            if length == width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            line.push(c);
            length += 1;
        }
    }
    lines.push(line);
    lines
}

/// Returns a cell as one line, because a line break in a cell would look like another row.
fn cell(text: &str) -> String {
    let mut characters = text.chars().map(|c| if is_hidden(c) { ' ' } else { c });
    let mut cell: String = characters.by_ref().take(CELL_CHARACTERS).collect();
    if characters.next().is_some() {
        cell.push('…');
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_any_length_is_laid_out_and_cut() {
        let rows =
            [vec!["a".to_owned(), "x".repeat(70_000), "b".to_owned()], vec!["é\n".to_owned()]];
        let shown = laid_out(&["ONE", "TWO", "THREE"], &rows, None);
        let cut = "x".repeat(CELL_CHARACTERS) + "…";
        let heading = format!("ONE  TWO{}  THREE", " ".repeat(CELL_CHARACTERS + 1 - 3));
        assert_eq!(shown, format!("{heading}\na    {cut}  b\né\n"));
        let fits = "x".repeat(CELL_CHARACTERS);
        assert_eq!(cell(&fits), fits);
    }

    #[test]
    fn a_table_fits_the_terminal_and_loses_nothing() {
        let long = "words of one cell that are many more than one line of a narrow terminal takes";
        let rows =
            [vec!["aws".to_owned(), long.to_owned(), "x".repeat(30)], vec!["gcp".to_owned()]];
        let shown = laid_out(&["PROVIDER", "NOTE", "NAME"], &rows, Some(Fit::Wrapped(60)));
        assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
        assert!(shown.lines().count() > 3, "{shown}");
        for word in long.split(' ') {
            assert!(shown.contains(word), "{word}: {shown}");
        }
        assert_eq!(shown.matches('x').count(), 30);
        // A width below the minimum of the columns still gives a table.
        assert!(
            laid_out(&["A", "B"], &[vec!["y".repeat(40), "z".repeat(40)]], Some(Fit::Wrapped(5)))
                .contains("zzzz")
        );
    }

    #[test]
    fn words_are_whole_as_long_as_another_column_has_more() {
        let row = [
            "2026-11-30T03:01:04Z",
            "a:One,b:Two,c:Three,d:Four",
            "some words that are wrapped before",
        ];
        let shown = laid_out(
            &["TIME", "LIST", "WHAT"],
            &[row.map(str::to_owned).to_vec()],
            Some(Fit::Wrapped(56)),
        );
        assert!(
            shown.contains("2026-11-30T03:01:04Z") && shown.lines().all(|line| line.len() <= 56),
            "{shown}"
        );
        for item in row[1].split_inclusive(',') {
            assert!(shown.contains(item), "{item}: {shown}");
        }
    }

    #[test]
    fn a_list_has_one_line_for_each_row() {
        let rows =
            [vec!["first".to_owned(), "x".repeat(90)], vec!["second".to_owned(), "é".to_owned()]];
        let shown = laid_out(&["NAME", "WHAT"], &rows, Some(Fit::Cut(40)));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            (lines[1].chars().count(), lines[1].ends_with('…'), lines[2]),
            (40, true, "second  é")
        );
    }

    #[test]
    fn a_cell_is_wrapped_between_words_and_in_long_ones() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("a:One,b:Two,c d", 8), ["a:One,", "b:Two,c", "d"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
