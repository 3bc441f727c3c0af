//! An open device: chosen adapter, granted features, and a cache of pipelines.

use super::adapter::{enumerate, select};
use super::{AdapterFacts, Dispatch, Kernel, Plan, Tuning};
use crate::error::{Error, ErrorKind, Result};
use std::collections::{HashMap, HashSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How a device is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// An index, a backend or a part of a name; `None` takes the first, which is hardware if there is any.
    pub selector: Option<String>,
    /// Keep the bounds checks that naga adds to shaders. Training does without, since every index is
    /// computed from constants that the host checked; on software adapters that is 1.6 times faster.
    pub checked: bool,
    /// Surround every buffer with a known pattern, and let each binding reach into the trailing one, so
    /// that a kernel which writes past its tensor is found out.
    pub canaries: bool,
    /// Bytes that all buffers of a plan may have; `None` asks the machine, where the device shares its memory.
    pub memory: Option<u64>,
    /// Changes to kernels, for tests that see a broken one found. Empty in every other use.
    pub patches: Vec<Patch>,
}

/// A change to the text of a kernel before it is compiled.
///
/// Kernels run without bounds checks because this crate wrote them; one that is patched gets all checks there are.
#[derive(Debug, Clone)]
pub struct Patch {
    /// The beginning of the labels that it is for: `relu_forward`, or of one variant, `linear_forward/block`.
    pub kernel: &'static str,
    /// What stands there. A kernel without it is refused, so that no patch is lost unnoticed.
    pub from: &'static str,
    /// What shall stand in its place, wherever it stands.
    pub to: &'static str,
}

/// What a main thread has on Linux: compilers of drivers recurse.
const COMPILER_STACK: usize = 8 << 20;

/// What dispatches that share a pipeline have in common.
fn key(dispatch: &Dispatch) -> String {
    format!("{} {:?}", dispatch.kernel.label(), dispatch.constants)
}

/// An open device with its queue, limits, tuning and pipelines.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    /// The adapter that runs.
    pub adapter: AdapterFacts,
    /// The default kernel choices for this adapter.
    pub tuning: Tuning,
    pub(super) options: Options,
    pipelines: Mutex<HashMap<String, Arc<wgpu::ComputePipeline>>>,
    fault: Arc<Mutex<Option<Error>>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Options {
    /// The kernel with the patches that are for it, if there are any.
    fn patched(&self, kernel: &Kernel) -> Result<Option<Kernel>> {
        let label = kernel.label();
        let patches = self.patches.iter();
        let mut own = patches
            .filter(|patch| label.starts_with(patch.kernel))
            .peekable();
        if own.peek().is_none() {
            return Ok(None);
        }
        let mut source = kernel.source.to_string();
        for patch in own {
            if !source.contains(patch.from) {
                return Err(Error::config(
                    format!(
                        "the patch of {label} does not apply: it has no {:?}",
                        patch.from
                    ),
                    "bring the patch up to date with the kernel",
                ));
            }
            source = source.replace(patch.from, patch.to);
        }
        Ok(Some(Kernel {
            source: source.into(),
            ..kernel.clone()
        }))
    }
}

impl Gpu {
    /// Opens the adapter that `options` select.
    ///
    /// # Errors
    /// No adapter, none that matches, or one that refuses to open.
    pub fn open(options: Options) -> Result<Self> {
        let mut list = enumerate();
        let facts: Vec<AdapterFacts> = list.iter().map(|(_, facts)| facts.clone()).collect();
        let (adapter, facts) = list.swap_remove(select(&facts, options.selector.as_deref())?);
        // WebGPU's defaults, so that what runs here runs on a laptop; only sizes follow the adapter.
        let offered = adapter.limits();
        let limits = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("wgprune"),
            required_features: adapter.features()
                & (wgpu::Features::SUBGROUP | wgpu::Features::TIMESTAMP_QUERY),
            required_limits: limits,
            ..Default::default()
        }))
        .map_err(|error| {
            Error::new(
                ErrorKind::Adapter,
                format!("the adapter {:?} did not open: {error}", facts.name),
                "choose another one of `wgprune devices` with --device",
            )
        })?;
        let fault = Arc::new(Mutex::new(None));
        let store = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |error| {
            let mut slot = lock(&store);
            // The first message is the cause; later ones follow from it.
            if slot.is_none() {
                *slot = Some(classify(&error));
            }
        }));
        let store = Arc::clone(&fault);
        device.set_device_lost_callback(move |reason, message| {
            if !matches!(reason, wgpu::DeviceLostReason::Destroyed) {
                let what = format!("the device was lost: {message}");
                *lock(&store) = Some(Error::new(ErrorKind::DeviceLost, what, LOST_HELP));
            }
        });
        let tuning = Tuning::for_adapter(&facts);
        Ok(Self {
            device,
            queue,
            adapter: facts,
            tuning,
            options,
            pipelines: Mutex::default(),
            fault,
        })
    }

    /// How it was opened.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether kernels may use subgroup built-ins.
    pub fn has_subgroups(&self) -> bool {
        self.device.features().contains(wgpu::Features::SUBGROUP)
    }

    /// Bytes that one binding may have on this adapter.
    pub fn max_binding_bytes(&self) -> u64 {
        self.device.limits().max_storage_buffer_binding_size
    }

    /// The first error that the device reported on its own, if any.
    pub(super) fn check(&self) -> Result<()> {
        lock(&self.fault).take().map_or(Ok(()), Err)
    }

    /// Makes the pipelines of a plan, as many at a time as there are processors, as drivers take long to translate what
    /// is unrolled. One that is refused is left for [`Gpu::pipeline`] to refuse again, in the order of the plan.
    pub(super) fn prepare(&self, plan: &Plan) {
        let mut known = HashSet::new();
        let dispatches = plan.phases().iter().flat_map(|phase| &phase.dispatches);
        let dispatches: Vec<_> = dispatches.filter(|d| known.insert(key(d))).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(dispatch) = dispatches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let _ = self.pipeline(dispatch);
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            for _ in 0..threads.min(dispatches.len()) {
                // Without a thread, its share is done later.
                let builder = thread::Builder::new().stack_size(COMPILER_STACK);
                let _ = builder.spawn_scoped(scope, work);
            }
        });
    }

    /// The pipeline for a kernel with its constants, made on first use.
    pub(super) fn pipeline(&self, dispatch: &Dispatch) -> Result<Arc<wgpu::ComputePipeline>> {
        let Dispatch {
            kernel, constants, ..
        } = dispatch;
        let key = key(dispatch);
        if let Some(pipeline) = lock(&self.pipelines).get(&key) {
            return Ok(Arc::clone(pipeline));
        }
        let name = format!("kernel {} of {}", kernel.label(), dispatch.layer);
        let patched = self.options.patched(kernel)?;
        let pipeline = self.refusable(&name, || {
            let module = self.module(patched.as_ref().unwrap_or(kernel), patched.is_some());
            self.device
                .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                    label: Some(&kernel.label()),
                    layout: None,
                    module: &module,
                    entry_point: Some("main"),
                    compilation_options: wgpu::PipelineCompilationOptions {
                        constants,
                        // Every kernel writes its workgroup memory before it reads it.
                        zero_initialize_workgroup_memory: false,
                    },
                    cache: None,
                })
        })?;
        let pipeline = Arc::new(pipeline);
        lock(&self.pipelines).insert(key, Arc::clone(&pipeline));
        Ok(pipeline)
    }

    /// What `make` makes of the device, or an error with `name`, whichever way the device refuses: by validation, by an
    /// internal error of the driver (its shader compiler's, for one), for want of memory, or by giving up altogether.
    pub(super) fn refusable<T>(&self, name: &str, make: impl FnOnce() -> T) -> Result<T> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes = [OutOfMemory, Internal, Validation].map(|f| self.device.push_error_scope(f));
        let made = make();
        // Scopes are closed in reverse. A validation error may follow from one of the others, so those come first.
        let errors = scopes
            .into_iter()
            .rev()
            .map(|scope| pollster::block_on(scope.pop()));
        let cause = errors.fold(None, |later, error| error.or(later));
        // A lost device is reported to no scope.
        self.check().map_err(|error| Error {
            what: format!("{}, noticed at {name}", error.what),
            ..error
        })?;
        cause.map_or(Ok(made), |error| Err(Error::kernel(name, error)))
    }

    fn module(&self, kernel: &Kernel, is_patched: bool) -> wgpu::ShaderModule {
        let checked = self.options.checked || is_patched;
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(kernel.name),
            source: wgpu::ShaderSource::Wgsl(kernel.source.as_ref().into()),
        };
        let checks = wgpu::ShaderRuntimeChecks {
            bounds_checks: checked,
            int_div_checks: checked,
            // A counter in every loop keeps drivers from unrolling the small ones, and one llvmpipe version ends
            // an invocation's loops silently after 65,535 iterations, all that it did not unroll added up.
            force_loop_bounding: is_patched,
            ..wgpu::ShaderRuntimeChecks::checked()
        };
        #[allow(
            unsafe_code,
            reason = "the only unsafe of this crate: shader modules without bounds checks"
        )]
        // SAFETY: a kernel without checks is sound if it ends and indexes within its bindings.
        // Only this crate makes kernels and dispatches them (`Kernel` and `Plan::dispatch` are closed to callers; what a
        // caller patched has every check, the one that ends loops included), and
        // what it dispatches is recorded by an op, which asserts the lengths of all tensors by its geometry. A binding
        // has the length of its tensor, and wgpu refuses one that passes the end of its buffer.
        // Loops and indices of a kernel are bounded by constants of that geometry; the indices that are data (labels,
        // sample order, place in it, row of the metrics table) are clamped to such constants by the kernel itself,
        // since a caller can write anything into a tensor. No kernel divides by what may be 0.
        // The tests run every kernel checked and unchecked, between canaries.
        unsafe {
            self.device.create_shader_module_trusted(descriptor, checks)
        }
    }

    /// Waits until the device has finished `submission`, or all work.
    pub(super) fn wait(&self, submission: Option<wgpu::SubmissionIndex>) -> Result<()> {
        let poll = wgpu::PollType::Wait {
            submission_index: submission,
            timeout: Some(PATIENCE),
        };
        match self.device.poll(poll) {
            Ok(_) => self.check(),
            Err(error) => {
                self.check()?;
                let what = format!(
                    "the device did not finish its work within {} s ({error})",
                    PATIENCE.as_secs()
                );
                Err(Error::new(ErrorKind::DeviceLost, what, LOST_HELP))
            }
        }
    }
}

/// Longer than any honest queue of ours, software adapters included.
pub(super) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

const LOST_HELP: &str = "a driver reset or a time-out of the operating system; try a smaller --batch, or another --device";

fn classify(error: &wgpu::Error) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => Error::new(
            ErrorKind::Memory,
            format!("the device ran out of memory: {error}"),
            "use a smaller --batch, or close other programs that use the device",
        ),
        _ => Error::kernel("a command", error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{Grid, Plan, kernel};

    const LENGTH: Kernel = kernel!("length" => "
        @group(0) @binding(0) var<storage, read_write> y: array<u32>;
        override LENGTH: u32;
        @compute @workgroup_size(1) fn main() { y[0] = LENGTH; }");

    #[test]
    fn what_the_device_refuses_is_an_error_with_the_name_of_the_kernel() {
        let gpu = Gpu::open(Options::default()).expect("an adapter");
        let gpu = Arc::new(gpu);
        let load = |constants: &[(&'static str, f64)], tensors: usize| {
            let mut plan = Plan::new(gpu.tuning);
            plan.phase("test");
            plan.layer("fc1");
            let y = plan.tensor("y", &[1]);
            plan.dispatch(&LENGTH, constants, &vec![&y; tensors], Grid([1, 1, 1]));
            gpu.load(&plan).map(|_| ()).map_err(|error| error.what)
        };
        assert_eq!(load(&[("LENGTH", 1.0)], 1), Ok(()));
        let missing = load(&[], 1).expect_err("a constant is missing");
        assert!(missing.contains("refused kernel length of fc1") && missing.contains("LENGTH"));
        let unbound = load(&[("LENGTH", 1.0)], 0).expect_err("a binding is missing");
        assert!(unbound.contains("refused the tensors of kernel length of fc1"));
    }

    #[test]
    fn a_device_that_gives_up_is_an_error_with_the_name_of_the_kernel() {
        let gpu = Gpu::open(Options::default()).expect("an adapter");
        // As the callback of a lost device does it, which drivers cannot be made to call.
        let lose = || *lock(&gpu.fault) = Some(Error::new(ErrorKind::DeviceLost, "lost", ""));
        let error = gpu.refusable("kernel length of fc1", lose);
        let error = error.expect_err("the device is lost");
        assert_eq!(error.kind, ErrorKind::DeviceLost);
        assert_eq!(error.what, "lost, noticed at kernel length of fc1");
        assert!(gpu.refusable("the next", || ()).is_ok());
    }
}
