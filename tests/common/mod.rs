//! What the tests of ops share: devices, random data, and a bench that runs a plan on each of them.

#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

pub(crate) mod product;

use bytemuck::Pod;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use wgprune::gpu::{Gpu, Machine, Options, Plan, Tensor, Tuning, list_adapters};
use wgprune::ops::StepParams;
use wgprune::random::{Stream, unit, words};
use wgprune::reference::{Bounded, sums};

/// Outputs hold these before a replay: a NaN, and a large number that is no valid index.
const DIRT: [u32; 2] = [0x7fc0_dead, 0x4996_02d2];

/// Every adapter, opened with bounds checks and without, and whether it has them; between canaries both times.
fn gpus() -> &'static [(Arc<Gpu>, bool)] {
    static GPUS: OnceLock<Vec<(Arc<Gpu>, bool)>> = OnceLock::new();
    GPUS.get_or_init(|| {
        let adapters = list_adapters();
        assert!(
            !adapters.is_empty(),
            "these tests need a graphics adapter; a software one will do: apt-get install mesa-vulkan-drivers libvulkan1"
        );
        if !adapters.iter().any(|a| a.name.contains("SwiftShader")) {
            eprintln!("skipped: SwiftShader is not among the adapters; VK_DRIVER_FILES can list it");
        }
        let open = |index: usize, checked| {
            let options = Options {
                selector: Some(index.to_string()),
                checked,
                canaries: true,
            };
            (Arc::new(Gpu::open(options).unwrap()), checked)
        };
        let pairs = adapters.iter().map(|a| [true, false].map(|checked| open(a.index, checked)));
        pairs.flatten().collect()
    })
}

/// One way to run an op.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) checked: bool,
    pub(crate) tuning: Tuning,
}

/// Every adapter, checked and unchecked, with every tuning that it supports.
pub(crate) fn settings() -> Vec<Setting> {
    let tunings = |(gpu, checked): &(Arc<Gpu>, bool)| {
        let (gpu, checked) = (Arc::clone(gpu), *checked);
        let all = Tuning::supported(&gpu.adapter).into_iter();
        all.map(move |tuning| Setting {
            gpu: Arc::clone(&gpu),
            checked,
            tuning,
        })
    };
    gpus().iter().flat_map(tunings).collect()
}

/// The settings of training, without bounds checks. For shapes that are there for their size, not for their edges:
/// a software adapter takes seconds to compile a kernel.
pub(crate) fn unchecked_settings() -> Vec<Setting> {
    let all = settings().into_iter();
    all.filter(|setting| !setting.checked).collect()
}

/// A plan with what its tensors shall hold before each replay.
pub(crate) struct Bench {
    setting: Setting,
    pub(crate) plan: Plan,
    inputs: Vec<(Tensor, Vec<u32>)>,
    states: Vec<(Tensor, Vec<u32>)>,
    outputs: Vec<Tensor>,
}

impl Bench {
    pub(crate) fn new(setting: &Setting) -> Self {
        let mut plan = Plan::new(setting.tuning);
        plan.phase("op");
        Self {
            setting: setting.clone(),
            plan,
            inputs: Vec::new(),
            states: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// A tensor that holds `values` and that the op only reads.
    pub(crate) fn input<T: Pod>(&mut self, name: &str, values: &[T]) -> Tensor {
        let (tensor, words) = self.filled(name, values);
        self.inputs.push((tensor.clone(), words));
        tensor
    }

    /// A tensor that holds `values` and that the op changes.
    pub(crate) fn state<T: Pod>(&mut self, name: &str, values: &[T]) -> Tensor {
        let (tensor, words) = self.filled(name, values);
        self.states.push((tensor.clone(), words));
        tensor
    }

    fn filled<T: Pod>(&mut self, name: &str, values: &[T]) -> (Tensor, Vec<u32>) {
        let words: Vec<u32> = bytemuck::cast_slice(values).to_vec();
        (self.plan.tensor(name, &[words.len() as u32]), words)
    }

    /// A tensor of `length` elements that the op sets, whatever it held before.
    pub(crate) fn output(&mut self, name: &str, length: u32) -> Tensor {
        let tensor = self.plan.tensor(name, &[length]);
        self.outputs.push(tensor.clone());
        tensor
    }

    /// A machine with inputs and states written.
    pub(crate) fn load(&self) -> Machine {
        let machine = self.setting.gpu.load(&self.plan).unwrap();
        for (tensor, words) in self.inputs.iter().chain(&self.states) {
            machine.write(tensor, words);
        }
        machine
    }

    /// Replays the plan twice, from the same states and with different dirt in the outputs. Both replays must give
    /// the same bits, leave the inputs as they were, and write to nothing but the plan's tensors.
    pub(crate) fn run(&self) -> Machine {
        let machine = self.load();
        let [first, second] = DIRT.map(|dirt| {
            for (tensor, words) in &self.states {
                machine.write(tensor, words);
            }
            for tensor in &self.outputs {
                machine.write(tensor, &vec![dirt; tensor.len() as usize]);
            }
            machine.replay(&["op"]).unwrap();
            let changed = self
                .outputs
                .iter()
                .chain(self.states.iter().map(|(t, _)| t));
            changed
                .map(|tensor| machine.read::<u32>(tensor).unwrap())
                .collect::<Vec<_>>()
        });
        assert!(
            first == second,
            "two replays differ on {}",
            self.setting.name()
        );
        for (tensor, words) in &self.inputs {
            let now = machine.read::<u32>(tensor).unwrap();
            assert!(now == *words, "{} was written to", tensor.name);
        }
        self.assert_whole(&machine);
        machine
    }

    /// Asserts that no kernel wrote past its tensors.
    pub(crate) fn assert_whole(&self, machine: &Machine) {
        let broken = machine.broken_canaries(&self.plan).unwrap();
        assert!(
            broken.is_empty(),
            "written past {broken:?} on {}",
            self.setting.name()
        );
    }
}

impl Setting {
    pub(crate) fn name(&self) -> String {
        let Self {
            gpu,
            checked,
            tuning,
        } = self;
        format!("{}, checked: {checked}, {tuning:?}", gpu.adapter.name)
    }
}

/// Even random numbers between -1 and 1.
pub(crate) fn floats(seed: u64, count: u32) -> Vec<f32> {
    let numbers = (0..count.div_ceil(4)).flat_map(|i| words(seed, Stream::Init, 0, i));
    let numbers = numbers.map(|word| (2.0 * unit(word) - 1.0) as f32);
    numbers.take(count as usize).collect()
}

/// Random integers within `range`.
pub(crate) fn integers(seed: u64, count: u32, range: Range<u32>) -> Vec<u32> {
    let numbers = (0..count.div_ceil(4)).flat_map(|i| words(seed, Stream::Init, 1, i));
    let numbers = numbers.map(|word| range.start + word % range.len() as u32);
    numbers.take(count as usize).collect()
}

/// A step of `count` samples; everything else at a plain value.
pub(crate) fn step(count: u32) -> StepParams {
    StepParams {
        position: 0,
        count,
        record: 0,
        epoch: 0,
        seed: [0, 0],
        learning_rate: 0.1,
        correction_1: 1.0,
        correction_2: 1.0,
        padding: 0,
    }
}

/// Asserts that each value is within the bound of what is expected.
#[track_caller]
pub(crate) fn assert_close(what: &str, actual: &[f32], expected: &[Bounded]) {
    assert_eq!(actual.len(), expected.len(), "length of {what}");
    let mut misses = (0..actual.len()).filter(|&i| !expected[i].admits(actual[i]));
    if let Some(i) = misses.next() {
        let Bounded { value, bound } = expected[i];
        panic!(
            "{what}[{i}] is {}, not {value} within {bound:e}; {} of {} values miss",
            actual[i],
            misses.count() + 1,
            actual.len()
        );
    }
}

/// Asserts that each sum is right; `magnitudes` are the sums of the magnitudes of the terms.
#[track_caller]
pub(crate) fn assert_sums_close(what: &str, actual: &[f32], expected: &[f64], magnitudes: &[f64]) {
    assert_eq!(expected.len(), magnitudes.len());
    assert_close(what, actual, &sums(expected, magnitudes));
}

/// Asserts that floats are the same bits, signs of zeros included.
#[track_caller]
pub(crate) fn assert_same_bits(what: &str, actual: &[f32], expected: &[f32]) {
    assert_eq!(actual.len(), expected.len(), "length of {what}");
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        assert_eq!(a.to_bits(), b.to_bits(), "{what}[{i}] is {a:e}, not {b:e}");
    }
}
