//! A part of a sweep, for a process of many.

use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// Part `index` of `count`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    pub(super) count: u32,
}

impl Shard {
    /// The whole.
    pub const ALL: Self = Self { index: 1, count: 1 };

    /// From what a Slurm job array sets (`SLURM_ARRAY_TASK_ID`, `_MIN`, `_STEP` and `_COUNT`), if this is a task of one.
    /// `variable` reads the environment.
    ///
    /// # Errors
    /// An array whose numbers have other gaps, so that they do not say which part a task is.
    pub fn of_slurm(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let number = |name: &str| {
            variable(&format!("SLURM_ARRAY_TASK_{name}"))?
                .parse::<u32>()
                .ok()
        };
        let (Some(id), Some(count)) = (number("ID"), number("COUNT")) else {
            return Ok(None);
        };
        let step = number("STEP").unwrap_or(1).max(1);
        let index = match number("MIN") {
            Some(first) => (id.checked_sub(first))
                .filter(|from| from.is_multiple_of(step))
                .map(|from| from / step),
            // Numbers in a row have a rest each.
            None => id.checked_rem(count),
        };
        let shard = index.and_then(|index| Self::new(index.checked_add(1)?, count));
        shard.map(Some).ok_or_else(|| {
            Error::config(
                format!("task {id} of a Slurm array of {count}, which may have gaps, is no part of a sweep"),
                "number the tasks without gaps, or say which part this is with --shard I/N",
            )
        })
    }

    fn new(index: u32, count: u32) -> Option<Self> {
        (1..=count)
            .contains(&index)
            .then_some(Self { index, count })
    }

    /// Whether the part has the run at this position. Neighbours go to different parts, as they take alike long.
    pub fn has(self, position: usize) -> bool {
        position % self.count as usize == self.index as usize - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let shard = text.split_once('/').and_then(|(index, count)| {
            Self::new(index.trim().parse().ok()?, count.trim().parse().ok()?)
        });
        shard.ok_or_else(|| "write a part of the whole, from 1/4 to 4/4 of four".to_owned())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_in_one_part() {
        for position in 0..20 {
            let parts = (1..=3).filter_map(|index| Shard::new(index, 3));
            assert_eq!(parts.filter(|part| part.has(position)).count(), 1);
            assert!(Shard::ALL.has(position));
        }
    }

    #[test]
    fn parts_are_counted_from_one_and_slurm_counts_as_it_likes() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, count: 3 }));
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        let slurm = |id: &'static str, first: &'static str, step: &'static str| {
            let set = [("ID", id), ("MIN", first), ("STEP", step), ("COUNT", "4")];
            Shard::of_slurm(move |name| {
                let of = |(end, _): &&(&str, _)| name == format!("SLURM_ARRAY_TASK_{end}");
                set.iter().find(of).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(slurm("0", "0", "1").expect("a part"), Shard::new(1, 4));
        assert_eq!(slurm("5", "2", "1").expect("a part"), Shard::new(4, 4));
        assert_eq!(slurm("20", "0", "10").expect("a part"), Shard::new(3, 4));
        assert!(slurm("9", "2", "1").is_err() && slurm("3", "0", "2").is_err());
        assert_eq!(Shard::of_slurm(|_| None).expect("no array"), None);
        // Where there is but the number of the task, and of all.
        let bare = |id: &'static str| {
            let value = move |name: &str| match name {
                "SLURM_ARRAY_TASK_ID" => Some(id.to_owned()),
                "SLURM_ARRAY_TASK_COUNT" => Some("4".to_owned()),
                _ => None,
            };
            Shard::of_slurm(value).expect("a part")
        };
        let parts = ["1", "2", "3", "4"].map(|id| bare(id).expect("a part").index);
        assert_eq!(parts, [2, 3, 4, 1]);
    }
}
