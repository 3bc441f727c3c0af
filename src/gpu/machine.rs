//! A plan made real on a device: buffers, bind groups and pipelines, ready to be replayed.

mod timing;

pub use timing::LaunchSeconds;

use super::device::{PATIENCE, lock};
use super::room::{machine_memory, too_large};
use super::{Gpu, Plan, Product, Room, Tensor};
use crate::error::{Error, ErrorKind, Result};
use bytemuck::Pod;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Guard bytes on each side of a buffer when canaries are on; also the alignment of what lies between.
const CANARY_BYTES: u64 = 256;
const CANARY: u8 = 0xC5;

/// Submissions that may be under way at once: enough to keep the device busy, few enough to stop soon.
const IN_FLIGHT: usize = 3;

struct Launch {
    pipeline: Arc<wgpu::ComputePipeline>,
    bindings: wgpu::BindGroup,
    groups: [u32; 3],
}

impl Launch {
    fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        let [x, y, z] = self.groups;
        pass.dispatch_workgroups(x, y, z);
    }
}

/// Bytes of the first staging buffer: what is read from step to step fits. It grows with the first checkpoint.
const STAGING_BYTES: u64 = 64 << 10;

/// Bytes that are copied to the device before the next wait for them. Copies under way take memory of their own, which is
/// a small heap on some cards.
const COPIED_AT_ONCE: usize = 32 << 20;

/// Buffers and launches of a [`Plan`] on a [`Gpu`].
///
/// Replaying makes no buffer, bind group or pipeline, and neither does reading what is not larger than anything read
/// before. What remains for each submission is wgpu's own: a command encoder and, for what is written, staging memory.
pub struct Machine {
    gpu: Arc<Gpu>,
    buffers: Vec<wgpu::Buffer>,
    phases: Vec<(&'static str, Vec<Launch>)>,
    in_flight: Mutex<VecDeque<wgpu::SubmissionIndex>>,
    /// Where the host reads; `None` while a read is under way.
    staging: Mutex<Option<wgpu::Buffer>>,
    /// Bytes of all buffers of the plan.
    pub bytes: u64,
}

impl Gpu {
    /// Allocates the buffers of `plan` and prepares its launches.
    ///
    /// # Errors
    /// A buffer above the adapter's limits, memory that the device does not have, or a kernel that the
    /// device refuses; the message names it.
    pub fn load(self: &Arc<Self>, plan: &Plan) -> Result<Machine> {
        self.check_tuning(plan)?;
        self.room().check(plan)?;
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let margin = self.margin();
        let buffers: Vec<wgpu::Buffer> = plan
            .buffers
            .iter()
            .map(|spec| {
                self.device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some(&spec.name),
                    size: u64::from(spec.elements.max(1)) * 4 + 2 * margin,
                    usage: wgpu::BufferUsages::STORAGE
                        | wgpu::BufferUsages::COPY_DST
                        | wgpu::BufferUsages::COPY_SRC,
                    mapped_at_creation: false,
                })
            })
            .collect();
        if let Some(error) = pollster::block_on(scope.pop()) {
            let why = format!("the device has no room for it: {error}");
            return Err(too_large(plan, &self.adapter.name, &why));
        }
        for buffer in buffers.iter().filter(|_| margin > 0) {
            let size = usize::try_from(buffer.size()).unwrap_or(0);
            self.queue.write_buffer(buffer, 0, &vec![CANARY; size]);
        }
        let mut machine = Machine {
            gpu: Arc::clone(self),
            buffers,
            phases: Vec::new(),
            in_flight: Mutex::default(),
            staging: Mutex::new(Some(self.staging(STAGING_BYTES))),
            bytes: plan.bytes(),
        };
        self.prepare(plan);
        for phase in &plan.phases {
            let mut launches = Vec::with_capacity(phase.dispatches.len());
            for dispatch in &phase.dispatches {
                // Kernels clamp indices to the last element, so there must be one.
                if let Some(empty) = dispatch.tensors.iter().find(|tensor| tensor.is_empty()) {
                    return Err(Error::kernel(
                        &format!("kernel {} of {}", dispatch.kernel.label(), dispatch.layer),
                        format!("{} has no elements", empty.name),
                    ));
                }
                let pipeline = self.pipeline(dispatch)?;
                let entries: Vec<wgpu::BindGroupEntry<'_>> = (0u32..)
                    .zip(&dispatch.tensors)
                    .map(|(binding, tensor)| wgpu::BindGroupEntry {
                        binding,
                        resource: machine.range(tensor),
                    })
                    .collect();
                let kernel = dispatch.kernel.label();
                let name = format!("the tensors of kernel {kernel} of {}", dispatch.layer);
                let bindings = self.refusable(&name, || {
                    self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                        label: Some(&dispatch.layer),
                        layout: &pipeline.get_bind_group_layout(0),
                        entries: &entries,
                    })
                })?;
                launches.push(Launch {
                    pipeline,
                    bindings,
                    groups: dispatch.grid.0,
                });
            }
            machine.phases.push((phase.name, launches));
        }
        self.check()?;
        Ok(machine)
    }

    /// A buffer that the device copies into and the host reads from.
    fn staging(&self, size: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read-back"),
            size,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        })
    }

    fn margin(&self) -> u64 {
        if self.options.canaries {
            CANARY_BYTES
        } else {
            0
        }
    }

    /// Refuses a plan for other subgroups than the adapter's.
    fn check_tuning(&self, plan: &Plan) -> Result<()> {
        let other = plan.choices.all().find_map(|tuning| match tuning.product {
            Product::Lanes(lanes) => Some(lanes).filter(|_| self.adapter.lanes() != Some(lanes)),
            _ => None,
        });
        other.map_or(Ok(()), |lanes| {
            Err(Error::config(
                format!(
                    "the plan is made for subgroups of {lanes}, which {:?} does not have",
                    self.adapter.name
                ),
                "record it with a tuning of this adapter",
            ))
        })
    }

    /// What there is room for now.
    pub fn room(&self) -> Room {
        let limits = self.device.limits();
        let largest = limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size);
        let memory = self.options.memory;
        Room {
            device: self.adapter.name.clone(),
            buffer: largest.saturating_sub(2 * self.margin()),
            memory: memory.or_else(|| machine_memory(&self.adapter.device_type)),
        }
    }
}

/// Bytes for people to read, for example `33.1 MiB`.
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

impl Machine {
    fn start(&self, tensor: &Tensor) -> u64 {
        self.gpu.margin() + u64::from(tensor.offset) * 4
    }

    fn range(&self, tensor: &Tensor) -> wgpu::BindingResource<'_> {
        let buffer = &self.buffers[tensor.buffer];
        let (start, canary) = (self.start(tensor), self.gpu.margin());
        let ends_buffer = start + tensor.bytes() + canary == buffer.size();
        let size = tensor.bytes().max(4) + if ends_buffer { canary } else { 0 };
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer,
            offset: start,
            size: std::num::NonZeroU64::new(size),
        })
    }

    /// Sets the first elements of `tensor`; takes effect before the next replay.
    ///
    /// # Panics
    /// If there are more values than elements.
    pub fn write<T: Pod>(&self, tensor: &Tensor, values: &[T]) {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        assert!(
            bytes.len() as u64 <= tensor.bytes(),
            "{} is shorter than what is written to it",
            tensor.name
        );
        let Gpu { device, queue, .. } = &*self.gpu;
        let mut at = self.start(tensor);
        for piece in bytes.chunks(COPIED_AT_ONCE) {
            queue.write_buffer(&self.buffers[tensor.buffer], at, piece);
            at += piece.len() as u64;
            if bytes.len() > COPIED_AT_ONCE {
                queue.submit([]);
                // A device that was lost says so at the next replay.
                let _ = device.poll(wgpu::PollType::Wait {
                    submission_index: None,
                    timeout: Some(PATIENCE),
                });
            }
        }
    }

    /// The elements of `tensor`, after all work submitted so far.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn read<T: Pod>(&self, tensor: &Tensor) -> Result<Vec<T>> {
        self.read_bytes(
            &self.buffers[tensor.buffer],
            self.start(tensor),
            tensor.bytes(),
        )
        .map(|bytes| bytemuck::pod_collect_to_vec(&bytes))
    }

    fn read_bytes(&self, buffer: &wgpu::Buffer, start: u64, size: u64) -> Result<Vec<u8>> {
        let Gpu { device, queue, .. } = &*self.gpu;
        // Taken out and only put back after a read that worked, as one that failed may leave it mapped.
        let staging = lock(&self.staging)
            .take()
            .filter(|staging| staging.size() >= size)
            .unwrap_or_else(|| self.gpu.staging(size));
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, start, &staging, 0, size);
        queue.submit([encoder.finish()]);
        let (sender, receiver) = std::sync::mpsc::channel();
        let range = staging.slice(..size);
        range.map_async(wgpu::MapMode::Read, move |result| {
            // The receiver is gone only if reading failed already.
            let _ = sender.send(result);
        });
        self.gpu.wait(None)?;
        lock(&self.in_flight).clear();
        let lost = |why: String| {
            Error::new(
                ErrorKind::DeviceLost,
                format!("reading from the device failed: {why}"),
                "",
            )
        };
        // Where threads share a device, another one's wait may be what delivers this, a moment later.
        receiver
            .recv_timeout(PATIENCE)
            .map_err(|e| lost(e.to_string()))?
            .map_err(|e| lost(e.to_string()))?;
        let bytes = range
            .get_mapped_range()
            .map_err(|e| lost(e.to_string()))?
            .to_vec();
        staging.unmap();
        *lock(&self.staging) = Some(staging);
        Ok(bytes)
    }

    /// Submits the launches of these phases, in order.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// If the plan has no phase of that name.
    pub fn replay(&self, phases: &[&str]) -> Result<()> {
        let submission = self.submit(phases.iter().map(|name| self.launches(name)));
        let oldest = {
            let mut in_flight = lock(&self.in_flight);
            in_flight.push_back(submission);
            if in_flight.len() > IN_FLIGHT {
                in_flight.pop_front()
            } else {
                None
            }
        };
        oldest.map_or_else(
            || self.gpu.check(),
            |submission| self.gpu.wait(Some(submission)),
        )
    }

    fn launches(&self, phase: &str) -> &[Launch] {
        let known = self.phases.iter().find(|(name, _)| *name == phase);
        &known.expect("the plan has a phase of this name").1
    }

    /// One pass for each list of launches.
    fn submit<'a>(&self, passes: impl Iterator<Item = &'a [Launch]>) -> wgpu::SubmissionIndex {
        let Gpu { device, queue, .. } = &*self.gpu;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for launches in passes {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for launch in launches {
                launch.record(&mut pass);
            }
        }
        queue.submit([encoder.finish()])
    }

    /// Waits until all submitted work is done.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn finish(&self) -> Result<()> {
        lock(&self.in_flight).clear();
        self.gpu.wait(None)
    }

    /// Names of the buffers whose guard bytes changed; empty unless the device was opened with canaries.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn broken_canaries(&self, plan: &Plan) -> Result<Vec<String>> {
        let margin = self.gpu.margin();
        let mut broken = Vec::new();
        for (index, spec) in plan.buffers.iter().enumerate().filter(|_| margin > 0) {
            let buffer = &self.buffers[index];
            let before = self.read_bytes(buffer, 0, margin)?;
            let after = self.read_bytes(buffer, buffer.size() - margin, margin)?;
            if before.iter().chain(&after).any(|&byte| byte != CANARY) {
                broken.push(spec.name.clone());
            }
        }
        Ok(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Options;

    #[test]
    fn reads_of_all_sizes_share_one_staging_buffer_that_only_grows() {
        let gpu = Arc::new(Gpu::open(Options::default()).expect("an adapter"));
        let mut plan = Plan::new(gpu.tuning);
        let lengths = [3, 40_000, 1, 0, 16_384, 39_999];
        let tensors = lengths.map(|length| plan.tensor(format!("{length}"), &[length]));
        let machine = gpu.load(&plan).expect("a plan that fits");
        let staging = || lock(&machine.staging).clone().expect("no read under way");
        let mut last = staging();
        for (tensor, seed) in tensors.iter().zip(1..) {
            let values: Vec<u32> = (0..tensor.len()).map(|i| i * seed).collect();
            machine.write(tensor, &values);
            let read: Vec<u32> = machine.read(tensor).expect("a device that works");
            assert!(read == values, "{} elements", tensor.name);
            let size = STAGING_BYTES.max(last.size()).max(tensor.bytes());
            assert_eq!(staging().size(), size);
            assert_eq!(staging() == last, size == last.size(), "{}", tensor.name);
            last = staging();
        }
    }
}
