//! A plan with what its tensors hold before, and shall hold after; run twice, compared, and looked at for stray writes.

use super::{Finding, Setting};
use crate::error::Result;
use crate::gpu::{Plan, Tensor};
use crate::reference::Bounded;
use bytemuck::Pod;

/// Outputs hold these before a replay: a NaN, and a large number that is no valid index.
const DIRT: [u32; 2] = [0x7fc0_dead, 0x4996_02d2];

/// The one phase of a bench's plan.
const PHASE: &str = "op";

/// What an element shall hold after a replay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Expected {
    /// These bits: integers, and floats that no kernel may round.
    Bits(u32),
    /// A float within a bound.
    Within(Bounded),
    /// Anything, as long as both replays give the same.
    Any,
}

impl Expected {
    /// These values, bit for bit, signs of zeros included.
    pub fn bits<T: Pod>(values: &[T]) -> Vec<Self> {
        let words: &[u32] = bytemuck::cast_slice(values);
        words.iter().copied().map(Self::Bits).collect()
    }

    /// Floats within bounds.
    pub fn within(values: &[Bounded]) -> Vec<Self> {
        values.iter().copied().map(Self::Within).collect()
    }

    /// The error of these bits as a share of what is allowed.
    fn share(&self, actual: u32) -> f64 {
        match self {
            Self::Bits(bits) if *bits != actual => f64::INFINITY,
            Self::Within(bounded) => bounded.share(f32::from_bits(actual)),
            Self::Bits(_) | Self::Any => 0.0,
        }
    }

    fn miss(&self, actual: u32) -> String {
        match self {
            Self::Within(Bounded { value, bound }) => {
                format!(
                    "is {}, not {value} within {bound:e}",
                    f32::from_bits(actual)
                )
            }
            Self::Bits(bits) => format!(
                "is {actual:#x} ({:e}), not {bits:#x} ({:e})",
                f32::from_bits(actual),
                f32::from_bits(*bits)
            ),
            Self::Any => "may be anything".into(),
        }
    }
}

/// A tensor that the op changes.
struct Changed {
    tensor: Tensor,
    direction: &'static str,
    /// What it holds before; dirt if there is nothing that it should.
    before: Option<Vec<u32>>,
    expected: Vec<Expected>,
}

/// An op being checked: the plan that it is recorded into, and what is known of its tensors.
pub struct Bench {
    setting: Setting,
    /// Where the op is recorded.
    pub plan: Plan,
    direction: &'static str,
    inputs: Vec<(Tensor, Vec<u32>)>,
    changed: Vec<Changed>,
}

/// What [`Bench::run`] found, and what the tensors hold.
pub struct Run {
    /// One for each direction, in the order in which they began; one more where memory was touched that should not be.
    pub findings: Vec<Finding>,
    after: Vec<(Tensor, Vec<u32>)>,
}

impl Bench {
    /// An empty plan.
    pub fn new(setting: &Setting) -> Self {
        let mut plan = Plan::new(setting.tuning);
        plan.phase(PHASE);
        Self {
            setting: setting.clone(),
            plan,
            direction: "",
            inputs: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// What is declared and recorded from here on belongs to this direction.
    pub fn direction(&mut self, name: &'static str) {
        self.direction = name;
        self.plan.layer(name);
    }

    /// A tensor that holds `values` and that the op only reads.
    pub fn input<T: Pod>(&mut self, name: &str, values: &[T]) -> Tensor {
        let words: Vec<u32> = bytemuck::cast_slice(values).to_vec();
        let tensor = self.tensor(name, words.len());
        self.inputs.push((tensor.clone(), words));
        tensor
    }

    /// A tensor that holds `values` and that the op changes.
    pub fn state<T: Pod>(&mut self, name: &str, values: &[T], expected: Vec<Expected>) -> Tensor {
        self.changed(name, Some(bytemuck::cast_slice(values).to_vec()), expected)
    }

    /// A tensor that the op sets, whatever it held before.
    pub fn output(&mut self, name: &str, expected: Vec<Expected>) -> Tensor {
        self.changed(name, None, expected)
    }

    fn changed(&mut self, name: &str, before: Option<Vec<u32>>, expected: Vec<Expected>) -> Tensor {
        let tensor = self.tensor(name, expected.len());
        self.changed.push(Changed {
            tensor: tensor.clone(),
            direction: self.direction,
            before,
            expected,
        });
        tensor
    }

    fn tensor(&mut self, name: &str, length: usize) -> Tensor {
        let length = u32::try_from(length).expect("a check is small");
        self.plan.tensor(name, &[length])
    }

    /// Replays the plan twice, from the same states and with different dirt in the outputs. Both replays must give
    /// the same bits and those that are expected, leave the inputs as they were, and write to nothing else.
    ///
    /// # Errors
    /// The device was lost, or refused a kernel or the memory.
    pub fn run(self) -> Result<Run> {
        let machine = self.setting.gpu.load(&self.plan)?;
        for (tensor, words) in &self.inputs {
            machine.write(tensor, words);
        }
        let replay = |dirt: u32| -> Result<Vec<Vec<u32>>> {
            for Changed { tensor, before, .. } in &self.changed {
                let dirty = || vec![dirt; tensor.len() as usize];
                machine.write(tensor, &before.clone().unwrap_or_else(dirty));
            }
            machine.replay(&[PHASE])?;
            let changed = self.changed.iter();
            changed
                .map(|changed| machine.read(&changed.tensor))
                .collect()
        };
        let [first, second] = DIRT.map(replay);
        let (first, second) = (first?, second?);
        let mut stray: Vec<String> = Vec::new();
        for (tensor, words) in &self.inputs {
            if machine.read::<u32>(tensor)? != *words {
                stray.push(format!("{} was written to", tensor.name));
            }
        }
        for name in machine.broken_canaries(&self.plan)? {
            stray.push(format!("written past {name}"));
        }
        let mut findings = self.findings(&first, &second);
        if !stray.is_empty() {
            findings.push(Finding {
                fault: Some(stray.join("; ")),
                ..self.finding("memory", |_| true)
            });
        }
        let tensors = self.changed.into_iter().map(|changed| changed.tensor);
        Ok(Run {
            findings,
            after: tensors.zip(second).collect(),
        })
    }

    /// Nothing wrong yet, with the kernels of the directions that `is_own` names.
    fn finding(&self, direction: &'static str, is_own: impl Fn(&str) -> bool) -> Finding {
        let dispatches = self
            .plan
            .phases()
            .iter()
            .flat_map(|phase| &phase.dispatches);
        let mut kernels: Vec<String> = Vec::new();
        for dispatch in dispatches.filter(|dispatch| is_own(&dispatch.layer)) {
            let label = dispatch.kernel.label();
            if !kernels.contains(&label) {
                kernels.push(label);
            }
        }
        Finding {
            direction,
            kernels,
            worst: 0.0,
            repeats: true,
            fault: None,
        }
    }

    /// Compares every tensor of both replays with what is expected.
    fn findings(&self, first: &[Vec<u32>], second: &[Vec<u32>]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for (changed, (first, second)) in self.changed.iter().zip(first.iter().zip(second)) {
            let known = findings
                .iter()
                .position(|f| f.direction == changed.direction);
            let index = known.unwrap_or_else(|| {
                findings.push(self.finding(changed.direction, |layer| layer == changed.direction));
                findings.len() - 1
            });
            let finding = &mut findings[index];
            let mut fault = None;
            for words in [first, second] {
                let (worst, miss) = changed.compare(words);
                finding.worst = finding.worst.max(worst);
                fault = fault.or(miss);
            }
            if first != second {
                finding.repeats = false;
                let name = &changed.tensor.name;
                fault = fault.or_else(|| Some(format!("{name} differs from replay to replay")));
            }
            finding.fault = finding.fault.take().or(fault);
        }
        findings
    }
}

impl Changed {
    /// The worst share of a bound, and the first value that passes its own.
    fn compare(&self, words: &[u32]) -> (f64, Option<String>) {
        let shares: Vec<f64> = (self.expected.iter().zip(words))
            .map(|(expected, &word)| expected.share(word))
            .collect();
        let fault = shares.iter().position(|&share| share > 1.0).map(|i| {
            format!(
                "{}[{i}] {}; {} of {} values miss",
                self.tensor.name,
                self.expected[i].miss(words[i]),
                shares.iter().filter(|&&share| share > 1.0).count(),
                words.len()
            )
        });
        (shares.into_iter().fold(0.0, f64::max), fault)
    }
}

impl Run {
    /// What a tensor that the op changed holds after the second replay.
    ///
    /// # Panics
    /// If it is none of those.
    pub fn read<T: Pod>(&self, tensor: &Tensor) -> Vec<T> {
        let own = self.after.iter().find(|(own, _)| own == tensor);
        let (_, words) = own.expect("a tensor that the op changed");
        bytemuck::pod_collect_to_vec(words)
    }
}
