//! What a device has room for, as far as anything tells before something is allocated.

use super::{Plan, mebibytes};
use crate::error::{Error, ErrorKind, Result};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes that the buffers of a device may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Whose room it is, for messages.
    pub device: String,
    /// Of one buffer.
    pub buffer: u64,
    /// Of all buffers; none where nothing tells.
    pub memory: Option<u64>,
}

impl Room {
    /// Refuses a plan that does not fit.
    ///
    /// # Errors
    /// Names what the plan needs, its largest buffer, and the room.
    pub fn check(&self, plan: &Plan) -> Result<()> {
        let bytes = plan.bytes();
        let largest = plan
            .largest_buffers()
            .first()
            .map_or(0, |&(_, bytes)| bytes);
        let why = if largest > self.buffer {
            format!("one buffer may have {}", mebibytes(self.buffer))
        } else if let Some(memory) = self.memory.filter(|&memory| memory < bytes) {
            format!(
                "there is room for {}, unless --memory says otherwise",
                mebibytes(memory)
            )
        } else {
            return Ok(());
        };
        Err(too_large(plan, &self.device, &why))
    }
}

/// The error of a plan that does not fit `device`.
pub(super) fn too_large(plan: &Plan, device: &str, why: &str) -> Error {
    let largest = plan
        .largest_buffers()
        .first()
        .map(|&(name, bytes)| format!("; its largest buffer, {name}, has {}", mebibytes(bytes)));
    Error::new(
        ErrorKind::Memory,
        format!(
            "this run needs {} on {device:?}{}; {why}",
            mebibytes(plan.bytes()),
            largest.unwrap_or_default()
        ),
        "use a smaller --batch, a smaller model, or another --device",
    )
}

/// Bytes that a device which has no memory of its own finds in the machine; none if it has, or nothing tells.
pub(super) fn machine_memory(device_type: &str) -> Option<u64> {
    if !["cpu", "integrated"].contains(&device_type) {
        return None;
    }
    let ram = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(ram).ok()?;
    let free = system.available_memory();
    // A container may have less. Of what it uses, only what is not a copy of a file counts.
    let container = (system.cgroup_limits())
        .map(|limits| limits.total_memory.saturating_sub(limits.rss))
        .unwrap_or(u64::MAX);
    // Some systems tell nothing, as 0. A tenth is for the driver, and for copies under way to and from the device.
    Some(free.min(container) / 10 * 9).filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Tuning;

    /// Three buffers, of 400, 4,000 and 40 bytes.
    fn plan() -> Plan {
        let mut plan = Plan::new(Tuning::PORTABLE);
        for (name, length) in [("labels", 100), ("conv1.grad", 1000), ("step", 10)] {
            plan.tensor(name, &[length]);
        }
        plan
    }

    #[test]
    fn a_plan_is_refused_by_its_largest_buffer_or_by_all_of_them() {
        let room = |buffer, memory| Room {
            device: "voodoo".into(),
            buffer,
            memory,
        };
        for (buffer, memory, why) in [
            (4000, Some(4440), None),
            (4000, None, None),
            (3999, Some(4440), Some("one buffer may have 0.0 MiB")),
            (1 << 20, Some(4439), Some("there is room for 0.0 MiB")),
            (1 << 20, Some(0), Some("there is room for 0.0 MiB")),
        ] {
            let refusal = room(buffer, memory).check(&plan()).err();
            assert_eq!(refusal.is_some(), why.is_some(), "{buffer} {memory:?}");
            let (Some(error), Some(why)) = (refusal, why) else {
                continue;
            };
            assert_eq!(error.kind, ErrorKind::Memory);
            for part in [why, "voodoo", "largest buffer, conv1.grad", "--batch"] {
                assert!(error.to_string().contains(part), "{part}: {error}");
            }
        }
    }

    #[test]
    fn only_what_shares_the_memory_of_the_machine_is_bound_by_it() {
        for (kind, is_bound) in [("cpu", true), ("integrated", true), ("discrete", false)] {
            let memory = machine_memory(kind);
            assert_eq!(memory.is_some(), is_bound, "{kind}");
            // Less than any machine that has run this, and more than any has.
            assert!(memory.is_none_or(|bytes| (1 << 24..1 << 50).contains(&bytes)));
        }
    }
}
