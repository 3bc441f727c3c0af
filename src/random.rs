//! Counted random numbers: a draw is a pure function of seed, purpose and position, never of what was drawn before.
//!
//! The same function in WGSL is `shaders/shared/philox.wgsl`.

/// What a draw is for. Draws of different streams never share a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Initial weights, one sub-stream for each tensor.
    Init = 0,
    /// The order of the samples, one sub-stream for each epoch.
    Shuffle = 1,
    /// The split into training and validation samples.
    Split = 2,
    /// Augmentation, counted by sample and epoch; drawn on the device.
    Augment = 3,
    /// Which elements a layer drops, counted by step, with the layer in the upper bits; drawn on the device.
    Dropout = 4,
    /// By what weights are ranked where that is chance, counted by step; drawn on the device.
    Score = 5,
    /// Which weights grow back where that is chance, counted by step; drawn on the device.
    Regrow = 6,
    /// Masks and labels of sanity checks, one sub-stream for each tensor and one for the labels.
    Control = 7,
}

/// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): four
/// random words for a counter and a key.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let wide = |a: u32, b: u32| {
        let product = u64::from(a) * u64::from(b);
        ((product >> 32) as u32, (product & 0xffff_ffff) as u32)
    };
    let (mut c, mut k) = (counter, key);
    for _ in 0..10 {
        let (high_0, low_0) = wide(0xD251_1F53, c[0]);
        let (high_1, low_1) = wide(0xCD9E_8D57, c[2]);
        c = [high_1 ^ c[1] ^ k[0], low_1, high_0 ^ c[3] ^ k[1], low_0];
        k = [
            k[0].wrapping_add(0x9E37_79B9),
            k[1].wrapping_add(0xBB67_AE85),
        ];
    }
    c
}

/// The key that a run's seed stands for.
pub fn key(seed: u64) -> [u32; 2] {
    [(seed & 0xffff_ffff) as u32, (seed >> 32) as u32]
}

/// The `index`-th group of four words of a stream's sub-stream.
pub fn words(seed: u64, stream: Stream, sub: u32, index: u32) -> [u32; 4] {
    philox([index, sub, 0, stream as u32], key(seed))
}

/// A number in (0, 1) from 24 random bits; exact in f64, so the same on every machine.
pub fn unit(word: u32) -> f64 {
    (f64::from(word >> 8) + 0.5) / f64::from(1u32 << 24)
}

/// Two independent standard normals from two words (Box and Muller 1958), by `libm`, so that every machine gets the same.
pub fn normals(first: u32, second: u32) -> [f64; 2] {
    let radius = libm::sqrt(-2.0 * libm::log(unit(first)));
    let angle = 2.0 * std::f64::consts::PI * unit(second);
    [radius * libm::cos(angle), radius * libm::sin(angle)]
}

/// A permutation of `0..count` (Fisher and Yates), the same for the same seed, stream and sub-stream.
pub fn permutation(seed: u64, stream: Stream, sub: u32, count: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count).collect();
    for i in (1..count).rev() {
        let [low, high, ..] = words(seed, stream, sub, i);
        // A 64-bit draw makes the bias of the remainder smaller than any run could notice.
        let draw = (u64::from(high) << 32 | u64::from(low)) % u64::from(i + 1);
        order.swap(i as usize, usize::try_from(draw).unwrap_or_default());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{Gpu, Kernel, Options, Plan, kernel, list_adapters};
    use std::sync::Arc;

    /// Six words of `inputs`, a counter and a key, to each draw.
    const PROBE: Kernel = kernel!("philox_probe" => concat!(
        "@group(0) @binding(0) var<storage, read> inputs: array<u32>;
        @group(0) @binding(1) var<storage, read_write> draws: array<u32>;
        override LENGTH: u32;
        @compute @workgroup_size(WORKGROUP_SIZE)
        fn main(
            @builtin(global_invocation_id) id: vec3<u32>,
            @builtin(num_workgroups) groups: vec3<u32>,
        ) {
            let i = flat_index(id, groups);
            if i >= LENGTH { return; }
            let at = i * 6u;
            let counter = vec4(inputs[at], inputs[at + 1u], inputs[at + 2u], inputs[at + 3u]);
            let draw = philox(counter, vec2(inputs[at + 4u], inputs[at + 5u]));
            for (var j = 0u; j < 4u; j++) { draws[i * 4u + j] = draw[j]; }
        }
        ",
        include_str!("../shaders/shared/grid.wgsl"),
        include_str!("../shaders/shared/philox.wgsl"),
    ));

    /// On every adapter. The kernel is none of an op, so this test is not among those in `tests/`.
    #[test]
    fn philox_on_the_device_equals_philox_on_the_host() {
        const DRAWS: u32 = 1003;
        let mut inputs: Vec<u32> = (0..DRAWS * 6 / 4 + 1)
            .flat_map(|i| words(1, Stream::Init, 1, i))
            .take(DRAWS as usize * 6)
            .collect();
        // Where carries of the 16-bit halves are largest, and where there are none.
        inputs[..6].fill(u32::MAX);
        inputs[6..12].fill(0);
        inputs[12..18].fill(0xffff);
        inputs[18..24].fill(0xffff_0000);
        let expected: Vec<u32> = inputs
            .chunks(6)
            .flat_map(|v| philox([v[0], v[1], v[2], v[3]], [v[4], v[5]]))
            .collect();
        for adapter in list_adapters() {
            for checked in [true, false] {
                let gpu = Gpu::open(Options {
                    selector: Some(adapter.index.to_string()),
                    checked,
                    ..Options::default()
                });
                let gpu = Arc::new(gpu.expect("an adapter that opens"));
                let mut plan = Plan::new(gpu.tuning);
                let source = plan.tensor("inputs", &[DRAWS, 6]);
                let draws = plan.tensor("draws", &[DRAWS, 4]);
                plan.phase("draw");
                let length = [("LENGTH", DRAWS.into())];
                plan.elementwise(&PROBE, &length, &[&source, &draws], DRAWS);
                let machine = gpu.load(&plan).expect("a valid plan");
                machine.write(&source, &inputs);
                machine.replay(&["draw"]).expect("a device that works");
                let drawn = machine.read::<u32>(&draws);
                assert!(drawn.expect("a device that works") == expected);
            }
        }
    }

    #[test]
    fn philox_gives_the_known_answers() {
        // The three vectors that Random123 ships for philox4x32 with 10 rounds.
        assert_eq!(
            philox([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn a_permutation_has_every_index_once_and_follows_its_seed() {
        let order = permutation(7, Stream::Shuffle, 3, 1000);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
        assert_eq!(order, permutation(7, Stream::Shuffle, 3, 1000));
        assert_ne!(order, permutation(7, Stream::Shuffle, 4, 1000));
        assert_ne!(order, permutation(8, Stream::Shuffle, 3, 1000));
    }

    #[test]
    fn normals_have_mean_zero_and_deviation_one() {
        let values: Vec<f64> = (0..50_000)
            .flat_map(|i| {
                let [a, b, ..] = words(1, Stream::Init, 0, i);
                normals(a, b)
            })
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance =
            values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64;
        assert!(
            mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02,
            "{mean} {variance}"
        );
    }
}
