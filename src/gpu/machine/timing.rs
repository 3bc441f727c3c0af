//! How long a launch takes, by the clock on the wall and by that of the device.

use super::{Launch, Machine};
use crate::error::Result;
use crate::gpu::Gpu;
use std::time::Instant;

/// What a launch took when it ran alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaunchSeconds {
    /// From its submission until the host knew that it was done.
    pub wall: f64,
    /// The same of a submission of nothing, just before.
    pub submission: f64,
    /// Between the time stamps of the device around it, where it has any.
    pub device: Option<f64>,
}

/// Two time stamps of the device, at the beginning and the end of a pass.
struct Stamps {
    queries: wgpu::QuerySet,
    ticks: wgpu::Buffer,
    seconds_per_tick: f64,
}

/// Bytes of both.
const STAMPS: u64 = 16;

impl Stamps {
    fn new(gpu: &Gpu) -> Option<Self> {
        let Gpu { device, queue, .. } = gpu;
        device
            .features()
            .contains(wgpu::Features::TIMESTAMP_QUERY)
            .then(|| Self {
                queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("stamps"),
                    ty: wgpu::QueryType::Timestamp,
                    count: 2,
                }),
                ticks: device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("stamps"),
                    size: STAMPS,
                    usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                    mapped_at_creation: false,
                }),
                seconds_per_tick: f64::from(queue.get_timestamp_period()) * 1e-9,
            })
    }
}

impl Machine {
    /// What each dispatch of a phase takes when it runs alone, `repeats` times over.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn time_dispatches(&self, phase: &str, repeats: u32) -> Result<Vec<Vec<LaunchSeconds>>> {
        let stamps = Stamps::new(&self.gpu);
        let each = |launch: &Launch| {
            self.wall_of(Some(launch), None)?; // the driver compiles at the first launch
            let runs = 0..repeats.max(1);
            runs.map(|_| self.time(launch, stamps.as_ref())).collect()
        };
        self.launches(phase).iter().map(each).collect()
    }

    fn time(&self, launch: &Launch, stamps: Option<&Stamps>) -> Result<LaunchSeconds> {
        let submission = self.wall_of(None, None)?;
        let wall = self.wall_of(Some(launch), stamps)?;
        // Only now, so that what copies the stamps is in neither time.
        let device = stamps.map(|stamps| self.between(stamps)).transpose()?;
        Ok(LaunchSeconds {
            wall,
            submission,
            device,
        })
    }

    /// Seconds of one submission, with a pass that has this launch in it or nothing.
    fn wall_of(&self, launch: Option<&Launch>, stamps: Option<&Stamps>) -> Result<f64> {
        let Gpu { device, queue, .. } = &*self.gpu;
        let start = Instant::now();
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: stamps.map(|stamps| wgpu::ComputePassTimestampWrites {
                query_set: &stamps.queries,
                beginning_of_pass_write_index: Some(0),
                end_of_pass_write_index: Some(1),
            }),
        });
        if let Some(launch) = launch {
            launch.record(&mut pass);
        }
        drop(pass);
        let submission = queue.submit([encoder.finish()]);
        self.gpu.wait(Some(submission))?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Seconds between two stamps; negative if the later one is smaller.
    fn between(&self, stamps: &Stamps) -> Result<f64> {
        let Gpu { device, queue, .. } = &*self.gpu;
        let Stamps { queries, ticks, .. } = stamps;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.resolve_query_set(queries, 0..2, ticks, 0);
        queue.submit([encoder.finish()]);
        let bytes = self.read_bytes(ticks, 0, STAMPS)?;
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes);
        #[allow(clippy::cast_precision_loss, reason = "years of nanoseconds fit")]
        let passed = ticks[1].wrapping_sub(ticks[0]).cast_signed() as f64;
        Ok(passed * stamps.seconds_per_tick)
    }
}
