//! Random numbers are the same on the device as on the host.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::{Bench, integers, settings};
use std::borrow::Cow;
use wgprune::gpu::Kernel;
use wgprune::random::philox;

/// Counters with a key each, six words to a draw.
const PROBE: Kernel = Kernel {
    name: "philox_probe",
    variant: Cow::Borrowed(""),
    source: Cow::Borrowed(concat!(
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
    )),
};

#[test]
fn philox_on_the_device_equals_philox_on_the_host() {
    const DRAWS: u32 = 1003;
    let mut inputs = integers(1, DRAWS * 6, 0..u32::MAX);
    // Where carries of the 16-bit halves are largest, and where there are none.
    inputs[..6].fill(u32::MAX);
    inputs[6..12].fill(0);
    inputs[12..18].fill(0xffff);
    inputs[18..24].fill(0xffff_0000);
    let expected: Vec<u32> = inputs
        .chunks(6)
        .flat_map(|v| philox([v[0], v[1], v[2], v[3]], [v[4], v[5]]))
        .collect();
    for setting in settings() {
        let mut bench = Bench::new(&setting);
        let source = bench.input("inputs", &inputs);
        let draws = bench.output("draws", DRAWS * 4);
        bench.plan.elementwise(
            &PROBE,
            &[("LENGTH", DRAWS.into())],
            &[&source, &draws],
            DRAWS,
        );
        assert!(bench.run().read::<u32>(&draws).unwrap() == expected);
    }
}
