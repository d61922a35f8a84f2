//! The names that options hold: fields of the dataset, and words of a list. What is not known is
//! told with the one that was probably meant. The errors are messages for the customer.

use crate::Dataset;
use crate::issue::{did_you_mean, listed};

/// The field of that name, which must not be among `earlier` ones, by its index.
pub(super) fn field(name: &str, dataset: &Dataset, earlier: &[usize]) -> Result<usize, String> {
    let Some(field) = dataset.field_index(name) else {
        let near = dataset.nearest_field(name);
        let hint = near.map_or_else(
            || format!("; `/datasets/{}/fields` lists them", dataset.name),
            |near| format!(" (did you mean `{near}`?)"),
        );
        return Err(format!(
            "`{}` is not a field of `{}`{hint}",
            name.escape_debug(),
            dataset.name
        ));
    };
    if earlier.contains(&field) {
        return Err(format!("`{name}` is named twice; each field can be pushed once"));
    }
    Ok(field)
}

/// The one of `all` that has that name, in whatever case.
pub(super) fn word<T: Copy>(
    word: &str,
    all: &[T],
    name_of: fn(T) -> &'static str,
) -> Result<T, String> {
    let meant = all.iter().copied().find(|&one| name_of(one).eq_ignore_ascii_case(word));
    meant.ok_or_else(|| {
        let known = || all.iter().map(|&one| name_of(one));
        format!(
            "`{}` is not allowed{}; allowed are {}",
            word.escape_debug(),
            did_you_mean(word, known()),
            listed(known())
        )
    })
}
