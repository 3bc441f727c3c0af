//! Which variant is the fastest for a shape: from the times of all to one.

use super::variant::Variant;
use std::collections::BTreeMap;
use wgprune::bench::LaunchTime;
use wgprune::config::ProductKind;
use wgprune::gpu::Workload;

/// A variant in place of the default takes at most so much of its time: less is noise, and would change the last digits of
/// a run for nothing.
const WORTHWHILE: f64 = 0.95;

/// What a variant took for one shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) product: ProductKind,
    pub(super) winograd: bool,
    /// By the wall clock, without submissions, of which a training step has far fewer.
    wall: f64,
    /// By the clock of the device, if all its stamps can be trusted.
    device: Option<f64>,
}

/// What a shape is to be computed by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chosen {
    pub(super) candidate: Candidate,
    /// Whether that is not the default.
    pub(super) is_other: bool,
    pub(super) seconds: f64,
    pub(super) default_seconds: f64,
}

/// The fastest of the candidates for a shape, if it is clearly faster than the first one of the kind `default`; or else that
/// one. None if there is none of that kind.
pub(super) fn choose(candidates: &[Candidate], default: ProductKind) -> Option<Chosen> {
    // One clock for all of them, as the wall clock has more in it.
    let is_stamped = candidates.iter().all(|own| own.device.is_some());
    let seconds = |own: &Candidate| own.device.filter(|_| is_stamped).unwrap_or(own.wall);
    let default = candidates.iter().find(|own| own.product == default)?;
    let fastest = candidates
        .iter()
        .min_by(|a, b| seconds(a).total_cmp(&seconds(b)))?;
    let is_other = seconds(fastest) < WORTHWHILE * seconds(default);
    let candidate = if is_other { fastest } else { default };
    Some(Chosen {
        candidate: *candidate,
        is_other,
        seconds: seconds(candidate),
        default_seconds: seconds(default),
    })
}

/// What each variant takes for each shape; the first one of a kind has Winograd's algorithm where it may. Where that
/// computes nothing, a variant without it is the same one again, and only noise could make it the winner.
pub(super) fn candidates(variants: &[Variant]) -> BTreeMap<Workload, Vec<Candidate>> {
    let mut all: BTreeMap<Workload, Vec<Candidate>> = BTreeMap::new();
    for variant in variants.iter().filter(|variant| !variant.is_from_file()) {
        let product = variant.config.tuning.product;
        for (workload, launches) in by_workload(&variant.launches) {
            let own = Candidate::of(product, &launches);
            let others = all.entry(workload).or_default();
            let is_same = |other: &Candidate| other.winograd == own.winograd;
            let mut of_kind = others.iter().filter(|other| other.product == product);
            if !of_kind.any(is_same) {
                others.push(own);
            }
        }
    }
    all
}

fn by_workload(launches: &[LaunchTime]) -> BTreeMap<Workload, Vec<&LaunchTime>> {
    let mut groups: BTreeMap<Workload, Vec<&LaunchTime>> = BTreeMap::new();
    for launch in launches {
        if let Some(workload) = launch.workload {
            groups.entry(workload).or_default().push(launch);
        }
    }
    groups
}

impl Candidate {
    fn of(product: ProductKind, launches: &[&LaunchTime]) -> Self {
        let stamped = |own: &&LaunchTime| own.device_seconds.filter(|_| own.stamps_agree());
        Self {
            product,
            winograd: launches.iter().any(|own| own.is_winograd()),
            wall: launches.iter().map(|own| own.own_seconds()).sum(),
            device: launches.iter().map(stamped).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProductKind::{Block, Lanes, Tiles};
    use wgprune::config::{Config, Measured};
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

    fn launch(workload: Option<Workload>, kernel: &str, seconds: f64, stamp: f64) -> LaunchTime {
        LaunchTime {
            phase: "forward",
            layer: "layer".into(),
            workload,
            kernel: kernel.into(),
            seconds: vec![seconds + 0.25],
            submission_seconds: 0.25,
            device_seconds: Some(stamp),
            flops: 0,
            bytes: 0,
        }
    }

    fn candidate(product: ProductKind, winograd: bool, wall: f64) -> Candidate {
        Candidate {
            product,
            winograd,
            wall,
            device: None,
        }
    }

    #[test]
    fn launches_of_a_shape_add_up_and_a_variant_counts_once() {
        let variant = |kernels: [(&str, f64); 2], linear: [f64; 2], file: bool| {
            let mut config = Config::default();
            config.tuning.product = Block;
            config.tuning.measured = file.then(|| Measured {
                file: "tuning.json".into(),
                adapters: Vec::new(),
            });
            let of_conv = kernels.map(|(name, time)| launch(Some(CONV), name, time, time));
            let mut launches = Vec::from(of_conv);
            launches.push(launch(None, "relu", 100.0, 100.0));
            launches.push(launch(Some(LINEAR), "linear", linear[0], linear[1]));
            Variant {
                name: String::new(),
                config,
                launches,
            }
        };
        let winograd = [("conv2d_winograd_input", 1.0), ("linear", 2.0)];
        let plain = [("conv2d_forward", 3.0), ("sum", 4.0)];
        let all = candidates(&[
            // No clock of a device may say so much less.
            variant(winograd, [5.0, 1.0], false),
            variant(plain, [4.0, 4.0], false),
            variant([("conv2d_forward", 0.5), ("sum", 0.5)], [0.5, 0.5], true),
        ]);
        let stamped = |winograd, seconds| Candidate {
            device: Some(seconds),
            ..candidate(Block, winograd, seconds)
        };
        assert_eq!(all[&CONV], [stamped(true, 3.0), stamped(false, 7.0)]);
        assert_eq!(all[&LINEAR], [candidate(Block, false, 5.0)]);
    }

    #[test]
    fn the_default_stays_unless_another_one_is_clearly_faster() {
        let chosen = |others: &[Candidate]| {
            let all = [&[candidate(Lanes, true, 1.0)][..], others].concat();
            let chosen = choose(&all, Lanes).expect("the default is there");
            assert!((chosen.default_seconds - 1.0).abs() < f64::EPSILON);
            assert_eq!(chosen.candidate == all[0], !chosen.is_other);
            let Candidate {
                product, winograd, ..
            } = chosen.candidate;
            (product, winograd, chosen.seconds)
        };
        let default = (Lanes, true, 1.0);
        assert_eq!(chosen(&[]), default);
        assert_eq!(chosen(&[candidate(Block, true, 2.0)]), default);
        assert_eq!(chosen(&[candidate(Block, true, 0.96)]), default);
        assert_eq!(chosen(&[candidate(Block, true, 0.94)]), (Block, true, 0.94));
        // Its own plain sums are another variant, too.
        let plain = candidate(Lanes, false, 0.5);
        let slower = candidate(Tiles, false, 0.6);
        assert_eq!(chosen(&[plain, slower]), (Lanes, false, 0.5));
        assert_eq!(chosen(&[slower, plain]), (Lanes, false, 0.5));
        assert_eq!(choose(&[slower], Lanes), None);
        assert_eq!(choose(&[], Lanes), None);
    }

    #[test]
    fn all_candidates_are_compared_by_one_clock() {
        let own = |product, wall, device| Candidate {
            device,
            ..candidate(product, false, wall)
        };
        let [slow, quick] = [own(Block, 1.0, Some(0.9)), own(Tiles, 2.0, Some(0.1))];
        let chosen = choose(&[slow, quick], Block).expect("a default");
        assert_eq!((chosen.candidate, chosen.is_other), (quick, true));
        assert!((chosen.default_seconds - 0.9).abs() < f64::EPSILON);
        // One without a stamp has all of them timed by the wall clock.
        let unstamped = own(Lanes, 1.5, None);
        let chosen = choose(&[slow, quick, unstamped], Block).expect("a default");
        assert_eq!((chosen.candidate, chosen.is_other), (slow, false));
        assert!((chosen.seconds - 1.0).abs() < f64::EPSILON);
    }
}
