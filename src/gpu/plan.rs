//! A plan: the tensors and dispatches of a run, recorded once, as plain data.

use super::{Choices, Kernel, Tuning, Workload};
use std::collections::HashSet;
use std::fmt;

/// One override constant of a kernel.
pub type Constant = (&'static str, f64);

/// Views begin at multiples of this many elements: 256 bytes, the most that WebGPU lets a device ask for.
pub const VIEW_ALIGNMENT: u32 = 64;

/// WebGPU's limit of workgroups along one axis.
const MAX_GROUPS_PER_AXIS: u32 = 65_535;

/// A named range of a buffer, of elements of four bytes. Cheap to clone; owns no memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Where it comes from in the network, for example `conv1.weight`.
    pub name: String,
    /// Extent along each axis, outermost first.
    pub shape: Vec<u32>,
    pub(super) buffer: usize,
    /// First element within the buffer.
    pub(super) offset: u32,
}

impl Tensor {
    /// Number of elements.
    pub fn len(&self) -> u32 {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What tells its buffer and its beginning there from those of other tensors of a plan.
    pub fn place(&self) -> String {
        format!("buffer {}, element {}", self.buffer, self.offset)
    }

    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        u64::from(self.len()) * 4
    }

    /// Asserts as many elements as these extents span. Kernels index by the geometry of their op without bounds
    /// checks, so an op asserts this of every tensor that it binds.
    ///
    /// # Panics
    /// With the name and both numbers, if there are more or fewer.
    #[track_caller]
    pub fn expect_len(&self, extents: &[u32]) {
        // Saturated at what no tensor has, so that a product above 32 bits is refused instead of wrapped.
        let wanted = extents.iter().fold(1u64, |product, &extent| {
            product.saturating_mul(extent.into())
        });
        assert!(
            wanted == u64::from(self.len()),
            "{} has {} elements, not {wanted}",
            self.name,
            self.len()
        );
    }

    /// A part of this tensor from `first` on.
    ///
    /// # Panics
    /// If `first` is not a multiple of [`VIEW_ALIGNMENT`], or the part passes the end.
    pub fn view(&self, name: impl Into<String>, first: u32, shape: &[u32]) -> Self {
        let part = Self {
            name: name.into(),
            shape: shape.to_vec(),
            buffer: self.buffer,
            offset: self.offset + first,
        };
        assert!(
            first.is_multiple_of(VIEW_ALIGNMENT),
            "{} begins off a binding boundary",
            part.name
        );
        assert!(
            first + part.len() <= self.len(),
            "{} passes the end of {}",
            part.name,
            self.name
        );
        part
    }
}

/// How many workgroups a dispatch starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid(pub [u32; 3]);

impl Grid {
    /// One invocation for each of `count` elements. Long grids fold into y, see `shaders/shared/grid.wgsl`.
    pub fn threads(count: u32, workgroup_size: u32) -> Self {
        Self::groups(count.div_ceil(workgroup_size), 1)
    }

    /// `count` workgroups, folded into y where there are too many for one axis, for each of `slices`.
    pub fn groups(count: u32, slices: u32) -> Self {
        let rows = count.div_ceil(MAX_GROUPS_PER_AXIS).max(1);
        Self([count.div_ceil(rows), rows, slices])
    }
}

/// One kernel launch.
#[derive(Debug, Clone)]
pub struct Dispatch {
    /// The layer or step of the algorithm that it belongs to.
    pub layer: String,
    /// What the layer computes, where it sums products.
    pub workload: Option<Workload>,
    /// What runs.
    pub kernel: Kernel,
    /// A value for every override of the kernel.
    pub constants: Vec<Constant>,
    /// Bindings 0, 1, 2 ... of group 0.
    pub tensors: Vec<Tensor>,
    /// Workgroups.
    pub grid: Grid,
    /// Multiplications and additions of a sum of products; 0 for all that moves memory.
    pub flops: u64,
    /// Bytes of what is bound, each tensor once; or those of the part that the kernel needs.
    pub bytes: u64,
}

/// Dispatches that are always submitted together.
#[derive(Debug, Clone)]
pub struct Phase {
    /// For example `forward`.
    pub name: &'static str,
    /// In order.
    pub dispatches: Vec<Dispatch>,
}

#[derive(Debug, Clone)]
pub(super) struct BufferSpec {
    pub(super) name: String,
    pub(super) elements: u32,
    pub(super) is_scratch: bool,
}

/// Tensors and dispatches of a run, in phases. Needs no device.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which kernel variants the ops record.
    pub tuning: Tuning,
    pub(super) choices: Choices,
    pub(super) buffers: Vec<BufferSpec>,
    pub(super) phases: Vec<Phase>,
    current: usize,
    layer: String,
    workload: Option<Workload>,
}

impl Plan {
    /// An empty plan whose ops will choose their kernels by these choices, or all of them by one tuning.
    pub fn new(choices: impl Into<Choices>) -> Self {
        let choices = choices.into();
        Self {
            tuning: choices.default,
            choices,
            buffers: Vec::new(),
            phases: Vec::new(),
            current: 0,
            layer: String::new(),
            workload: None,
        }
    }

    /// Declares a tensor with a buffer of its own.
    pub fn tensor(&mut self, name: impl Into<String>, shape: &[u32]) -> Tensor {
        self.declare(name.into(), shape, false)
    }

    /// Declares a tensor whose contents nobody needs but the dispatches that bind it: what the first of them finds there
    /// is anything, and [`share_memory`](Self::share_memory) gives its buffer to others before and after. The host cannot
    /// name it.
    pub fn scratch(&mut self, name: impl Into<String>, shape: &[u32]) -> Tensor {
        self.declare(name.into(), shape, true)
    }

    fn declare(&mut self, name: String, shape: &[u32], is_scratch: bool) -> Tensor {
        let tensor = Tensor {
            name,
            shape: shape.to_vec(),
            buffer: self.buffers.len(),
            offset: 0,
        };
        self.buffers.push(BufferSpec {
            name: tensor.name.clone(),
            elements: tensor.len(),
            is_scratch,
        });
        tensor
    }

    /// Dispatches recorded from here on belong to the phase of this name, which may exist already.
    pub fn phase(&mut self, name: &'static str) {
        self.current = self
            .phases
            .iter()
            .position(|phase| phase.name == name)
            .unwrap_or_else(|| {
                self.phases.push(Phase {
                    name,
                    dispatches: Vec::new(),
                });
                self.phases.len() - 1
            });
    }

    /// Dispatches recorded from here on are labelled with this layer.
    pub fn layer(&mut self, name: impl Into<String>) {
        self.layer = name.into();
    }

    /// What `record` appends computes this shape, with the kernels that were chosen for it.
    pub(crate) fn computes<T>(
        &mut self,
        workload: Workload,
        record: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let default = self.tuning;
        self.tuning = Tuning {
            // A matter of memory, and so of the plan as a whole.
            kept: default.kept,
            ..self.choices.tuning(workload)
        };
        self.workload = Some(workload);
        let recorded = record(self);
        self.workload = None;
        self.tuning = default;
        recorded
    }

    /// How many of the shapes that its dispatches compute have choices of their own, and how many shapes there are.
    pub fn measured_shapes(&self) -> [usize; 2] {
        let dispatches = self.phases.iter().flat_map(|phase| &phase.dispatches);
        let shapes: HashSet<Workload> = dispatches
            .filter_map(|dispatch| dispatch.workload)
            .collect();
        let measured = &self.choices.measured;
        let known = shapes.iter().filter(|&shape| measured.contains_key(shape));
        [known.count(), shapes.len()]
    }

    /// Appends a launch of `kernel` with `tensors` bound in order. For ops, which make sure that the tensors have the
    /// lengths that the kernel indexes.
    ///
    /// # Panics
    /// If no phase was begun.
    pub(crate) fn dispatch(
        &mut self,
        kernel: &Kernel,
        constants: &[Constant],
        tensors: &[&Tensor],
        grid: Grid,
    ) {
        let layer = self.layer.clone();
        // Some stand in for what an op does not have.
        let distinct = (0..tensors.len()).filter(|&i| !tensors[..i].contains(&tensors[i]));
        let distinct = distinct.map(|i| tensors[i]);
        let phase = self
            .phases
            .get_mut(self.current)
            .expect("a phase is begun before the first dispatch");
        phase.dispatches.push(Dispatch {
            layer,
            workload: self.workload,
            kernel: kernel.clone(),
            constants: constants.to_vec(),
            tensors: tensors.iter().map(|&tensor| tensor.clone()).collect(),
            grid,
            flops: 0,
            bytes: distinct.map(|tensor| tensor.bytes()).sum(),
        });
    }

    /// Says how many multiplications and additions the last launch takes.
    pub(crate) fn counts(&mut self, flops: u64) {
        if let Some(last) = self.last() {
            last.flops = flops;
        }
    }

    /// Says how many bytes the last launch needs, where that is not all that it binds.
    pub(crate) fn moves(&mut self, bytes: u64) {
        if let Some(last) = self.last() {
            last.bytes = bytes;
        }
    }

    fn last(&mut self) -> Option<&mut Dispatch> {
        let phase = self.phases.get_mut(self.current)?;
        phase.dispatches.last_mut()
    }

    /// Appends a launch with one invocation for each of `count` elements.
    pub(crate) fn elementwise(
        &mut self,
        kernel: &Kernel,
        constants: &[Constant],
        tensors: &[&Tensor],
        count: u32,
    ) {
        let size = self.tuning.workgroup_size;
        let constants = [constants, &[("WORKGROUP_SIZE", size.into())]].concat();
        self.dispatch(kernel, &constants, tensors, Grid::threads(count, size));
    }

    /// The plan with no phases but these. Each buffer shrinks to the part that they bind, most of them to nothing.
    pub fn only(mut self, phases: &[&str]) -> Self {
        self.phases.retain(|phase| phases.contains(&phase.name));
        self.current = self.phases.len();
        let mut bound = vec![0; self.buffers.len()];
        let dispatches = self.phases.iter().flat_map(|phase| &phase.dispatches);
        for tensor in dispatches.flat_map(|dispatch| &dispatch.tensors) {
            let end = &mut bound[tensor.buffer];
            *end = tensor.offset.saturating_add(tensor.len()).max(*end);
        }
        for (buffer, end) in self.buffers.iter_mut().zip(bound) {
            buffer.elements = end;
        }
        self
    }

    /// What the dispatches bind.
    pub(super) fn tensors_mut(&mut self) -> impl Iterator<Item = &mut Tensor> {
        let dispatches = self
            .phases
            .iter_mut()
            .flat_map(|phase| &mut phase.dispatches);
        dispatches.flat_map(|dispatch| &mut dispatch.tensors)
    }

    /// The phases recorded so far.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Bytes of all buffers. What a driver takes for itself, and copies under way to and from the device, come on top.
    pub fn bytes(&self) -> u64 {
        self.buffers
            .iter()
            .map(|buffer| u64::from(buffer.elements) * 4)
            .sum()
    }

    /// Name and bytes of each buffer, largest first; one that is shared has the name of the largest tensor in it.
    pub fn largest_buffers(&self) -> Vec<(&str, u64)> {
        let used = self.buffers.iter().filter(|buffer| buffer.elements > 0);
        let mut list: Vec<_> = used
            .map(|buffer| (buffer.name.as_str(), u64::from(buffer.elements) * 4))
            .collect();
        list.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
        list
    }
}

impl fmt::Display for Plan {
    /// A table of phases and dispatches.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for phase in &self.phases {
            writeln!(f, "{} ({} dispatches)", phase.name, phase.dispatches.len())?;
            for dispatch in &phase.dispatches {
                let tensors: Vec<&str> = dispatch
                    .tensors
                    .iter()
                    .map(|tensor| tensor.name.as_str())
                    .collect();
                let [x, y, z] = dispatch.grid.0;
                writeln!(
                    f,
                    "  {:20} {:36} {:>14}  {}",
                    dispatch.layer,
                    dispatch.kernel.label(),
                    format!("{x}x{y}x{z}"),
                    tensors.join(", ")
                )?;
            }
        }
        Ok(())
    }
}
