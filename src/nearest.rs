//! "Did you mean": the known name that is nearest to a mistyped one.

/// The nearest of `known`, unless more than half of its letters would have to change.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (edit_distance(&name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len() / 2)
        .map(|(_, candidate)| candidate)
}

/// The question to put before a list of what is known, with a space after it; empty where nothing is near.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or(String::new(), |known| format!("did you mean {known}? "))
}

/// The question, and then all that is known: `they` are the methods, the models or whatever was named.
pub(crate) fn known_names<'a>(
    name: &str,
    they: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let guess = did_you_mean(name, known.iter().copied());
    format!("{guess}{they} are {}", known.join(", "))
}

/// Levenshtein's distance: letters to insert, delete or replace.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name_and_nonsense_finds_none() {
        let known = ["sparsity", "method", "scope"];
        assert_eq!(nearest("sparisty", known), Some("sparsity"));
        assert_eq!(nearest("Metod", known), Some("method"));
        assert_eq!(nearest("learning_rate", known), None);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }
}
