//! A part of a sweep, for a process of many.

use std::fmt;
use std::str::FromStr;

/// Part `index` of `count`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// The whole.
    pub const ALL: Self = Self { index: 1, count: 1 };

    /// From what a Slurm job array sets (`SLURM_ARRAY_TASK_ID`, `SLURM_ARRAY_TASK_MIN` and `SLURM_ARRAY_TASK_COUNT`), if this
    /// is a task of one. `variable` reads the environment.
    pub fn of_slurm(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name: &str| variable(name)?.parse::<u32>().ok();
        let (id, count) = (
            number("SLURM_ARRAY_TASK_ID")?,
            number("SLURM_ARRAY_TASK_COUNT")?,
        );
        let first = number("SLURM_ARRAY_TASK_MIN").unwrap_or(0);
        Self::new(id.checked_sub(first)?.checked_add(1)?, count)
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

    fn from_str(text: &str) -> Result<Self, String> {
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
        let slurm = |id: &'static str, first: &'static str| {
            Shard::of_slurm(move |name| match name {
                "SLURM_ARRAY_TASK_ID" => Some(id.into()),
                "SLURM_ARRAY_TASK_MIN" => Some(first.into()),
                "SLURM_ARRAY_TASK_COUNT" => Some("4".into()),
                _ => None,
            })
        };
        assert_eq!(slurm("0", "0"), Shard::new(1, 4));
        assert_eq!(slurm("5", "2"), Shard::new(4, 4));
        assert_eq!(Shard::of_slurm(|_| None), None);
    }
}
