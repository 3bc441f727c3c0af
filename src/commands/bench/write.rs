//! `bench kernel --write-tuning`: the fastest variant of each shape, in a file that later runs can name.

use super::variant::Variant;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wgprune::bench::{LaunchTime, median};
use wgprune::config::{AdapterChoices, Choice, Config, ProductKind, TuningFile};
use wgprune::error::{Error, Result};
use wgprune::gpu::{AdapterFacts, Workload};

/// A tuning file that is to be written.
pub(super) struct Writer {
    path: PathBuf,
    file: TuningFile,
}

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    path: PathBuf,
    shapes: usize,
    /// Of all launches for these shapes, with the winners and with the default.
    seconds: f64,
    default_seconds: f64,
}

/// A variant in place of the default takes at most so much of its time: less is noise, and would change the last digits of
/// a run for nothing.
const WORTHWHILE: f64 = 0.95;

/// What a variant took for one shape.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    product: ProductKind,
    winograd: bool,
    seconds: f64,
}

impl Writer {
    /// Asked before minutes of measuring.
    ///
    /// # Errors
    /// There is another file of that name, or no such folder; or the configuration leaves nothing to choose from.
    pub(super) fn open(path: &Path, config: &Config) -> Result<Self> {
        let tuning = &config.tuning;
        if tuning.product != ProductKind::Auto || !tuning.winograd {
            return Err(Error::config(
                "--write-tuning chooses among all variants, but tuning.product or tuning.winograd allows only some",
                "leave both as they are by default",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            file: TuningFile::read_or_new(path)?,
        })
    }

    /// Adds the winners to the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(
        mut self,
        adapter: &AdapterFacts,
        default: ProductKind,
        variants: &[Variant],
    ) -> Result<Written> {
        let mut written = Written {
            path: self.path.clone(),
            shapes: 0,
            seconds: 0.0,
            default_seconds: 0.0,
        };
        let mut choices = Vec::new();
        for (workload, candidates) in candidates(variants) {
            let fastest = candidates
                .iter()
                .min_by(|a, b| a.seconds.total_cmp(&b.seconds));
            // The first one of a kind has Winograd's algorithm where it may.
            let usual = candidates.iter().find(|own| own.product == default);
            let (Some(fastest), Some(usual)) = (fastest, usual) else {
                continue;
            };
            let is_gain = fastest.seconds < WORTHWHILE * usual.seconds;
            let fastest = if is_gain { fastest } else { usual };
            written.shapes += 1;
            written.seconds += fastest.seconds;
            written.default_seconds += usual.seconds;
            let Workload(shape, direction) = workload;
            choices.push(Choice {
                product: fastest.product,
                winograd: fastest.winograd,
                direction,
                shape,
            });
        }
        self.file.merge(AdapterChoices::new(adapter, choices));
        self.file.write(&self.path)?;
        Ok(written)
    }
}

/// What each variant takes for each shape. Where Winograd's algorithm computes nothing, a variant without it is the same
/// one again, and only noise could make it the winner.
fn candidates(variants: &[Variant]) -> BTreeMap<Workload, Vec<Candidate>> {
    let mut all: BTreeMap<Workload, Vec<Candidate>> = BTreeMap::new();
    for variant in variants.iter().filter(|variant| !variant.is_from_file) {
        for (workload, (seconds, winograd)) in sums(&variant.launches) {
            let product = variant.product;
            let others = all.entry(workload).or_default();
            let is_same = |own: &Candidate| (own.product, own.winograd) == (product, winograd);
            if !others.iter().any(is_same) {
                others.push(Candidate {
                    product,
                    winograd,
                    seconds,
                });
            }
        }
    }
    all
}

/// Seconds of each shape, and whether Winograd's algorithm computes it.
fn sums(launches: &[LaunchTime]) -> BTreeMap<Workload, (f64, bool)> {
    let mut sums: BTreeMap<Workload, (f64, bool)> = BTreeMap::new();
    for launch in launches {
        if let Some(workload) = launch.workload {
            let (seconds, winograd) = sums.entry(workload).or_default();
            *seconds += median(&launch.seconds);
            *winograd |= launch.is_winograd();
        }
    }
    sums
}

impl Written {
    /// A line for people.
    pub(super) fn line(&self) -> String {
        let Self {
            path,
            shapes,
            seconds,
            default_seconds,
        } = self;
        format!(
            "{} has {shapes} shapes of this network and batch now; their launches take {:.3} ms, and by default {:.3} ms ({:.2} times)",
            path.display(),
            1e3 * seconds,
            1e3 * default_seconds,
            default_seconds / seconds
        )
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "file": self.path.to_string_lossy(),
            "shapes": self.shapes,
            "seconds": self.seconds,
            "default_seconds": self.default_seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgprune::gpu::{Direction, Geometry};

    const CONV: Workload = Workload(
        Geometry::Conv2d {
            n: 1,
            h: 8,
            w: 8,
            c: 32,
            k: 32,
            kernel: 3,
            stride: 1,
            pad: 1,
        },
        Direction::Forward,
    );
    const LINEAR: Workload = Workload(Geometry::Linear { n: 1, c: 2, k: 3 }, Direction::Backward);

    fn launch(workload: Option<Workload>, kernel: &str, seconds: f64) -> LaunchTime {
        LaunchTime {
            phase: "forward",
            layer: "layer".into(),
            workload,
            kernel: kernel.into(),
            seconds: vec![seconds],
            submission_seconds: 0.0,
            device_seconds: None,
            flops: 0,
            bytes: 0,
        }
    }

    #[test]
    fn launches_of_a_shape_add_up_and_a_variant_counts_once() {
        let variant = |kernels: [(&str, f64); 2], linear, is_from_file| Variant {
            name: String::new(),
            product: ProductKind::Block,
            is_from_file,
            launches: vec![
                launch(Some(CONV), kernels[0].0, kernels[0].1),
                launch(None, "relu", 100.0),
                launch(Some(CONV), kernels[1].0, kernels[1].1),
                launch(Some(LINEAR), "linear", linear),
            ],
        };
        let all = candidates(&[
            variant(
                [("conv2d_winograd_input", 1.0), ("linear", 2.0)],
                5.0,
                false,
            ),
            variant([("conv2d_forward", 3.0), ("sum", 4.0)], 4.0, false),
            variant([("conv2d_forward", 0.5), ("sum", 0.5)], 0.5, true),
        ]);
        let candidate = |winograd, seconds| Candidate {
            product: ProductKind::Block,
            winograd,
            seconds,
        };
        assert_eq!(all[&CONV], [candidate(true, 3.0), candidate(false, 7.0)]);
        assert_eq!(all[&LINEAR], [candidate(false, 5.0)]);
    }
}
