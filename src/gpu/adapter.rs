//! Which adapters exist, and which one a selector means.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, RefreshKind, System};

/// What a user sees of an adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterFacts {
    /// Position in the list of [`list_adapters`]; a selector.
    pub index: usize,
    /// The adapter's own name.
    pub name: String,
    /// `vulkan`, `metal`, `dx12` or `gl`.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// `discrete`, `integrated`, `virtual`, `cpu` or `other`.
    pub device_type: String,
    /// The subgroup size, where the adapter has subgroups of one size only.
    pub fixed_subgroup_size: Option<u32>,
    /// What a software adapter computes on, whose name is the same on every processor; empty for others, or where nothing
    /// tells.
    #[serde(default)]
    pub processor: String,
    /// Where it is plugged in, as far as the backend tells.
    pub(super) bus: String,
}

impl AdapterFacts {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let has_subgroups = adapter.features().contains(wgpu::Features::SUBGROUP);
        let one_size = info.subgroup_min_size == info.subgroup_max_size;
        Self {
            index: 0,
            name: info.name,
            backend: info.backend.to_str().to_owned(),
            driver: format!("{} {}", info.driver, info.driver_info)
                .trim()
                .to_owned(),
            device_type: match info.device_type {
                wgpu::DeviceType::DiscreteGpu => "discrete",
                wgpu::DeviceType::IntegratedGpu => "integrated",
                wgpu::DeviceType::VirtualGpu => "virtual",
                wgpu::DeviceType::Cpu => "cpu",
                wgpu::DeviceType::Other => "other",
            }
            .to_owned(),
            fixed_subgroup_size: (has_subgroups && one_size).then_some(info.subgroup_min_size),
            processor: match info.device_type {
                wgpu::DeviceType::Cpu => processor(),
                _ => String::new(),
            },
            bus: info.device_pci_bus_id,
        }
    }

    /// Hardware before software: the order of the list, and of the default choice.
    fn rank(&self) -> usize {
        let kinds = ["discrete", "integrated", "virtual", "other", "cpu"];
        kinds
            .iter()
            .position(|kind| *kind == self.device_type)
            .unwrap_or(kinds.len())
    }

    /// The lanes of a workgroup that is one subgroup, where the kernels have a variant for that size.
    pub fn lanes(&self) -> Option<u32> {
        self.fixed_subgroup_size
            .filter(|size| [4, 8, 16].contains(size))
    }

    /// One line: index, name, backend, kind and driver.
    pub fn line(&self) -> String {
        let Self {
            index,
            name,
            backend,
            driver,
            device_type,
            ..
        } = self;
        format!("{index}  {name}  [{backend}, {device_type}]  {driver}")
    }

    /// The place of this adapter in the list as it is now, whichever driver it has now.
    ///
    /// # Errors
    /// It is not there; the message names those that are.
    pub fn find(&self) -> Result<usize> {
        self.find_in(&list_adapters())
    }

    fn find_in(&self, list: &[Self]) -> Result<usize> {
        let alike = list
            .iter()
            .filter(|facts| (&facts.name, &facts.backend) == (&self.name, &self.backend));
        // Of two cards of one kind, the one in the same place.
        let nearest =
            alike.min_by_key(|facts| (facts.bus != self.bus, facts.driver != self.driver));
        nearest.map(|facts| facts.index).ok_or_else(|| {
            let there: Vec<String> = list.iter().map(|facts| format!("{:?}", facts.name)).collect();
            Error::new(
                ErrorKind::Adapter,
                format!(
                    "the run was on {:?} ({}), which is not there; there is {}",
                    self.name,
                    self.backend,
                    if there.is_empty() { "none".to_owned() } else { there.join(", ") }
                ),
                "--device SEL goes on on another adapter, where the result may differ in its last digits",
            )
        })
    }

    /// Whether two facts describe the same adapter on the same driver.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        (&self.name, &self.backend, &self.driver, &self.bus)
            == (&other.name, &other.backend, &other.driver, &other.bus)
    }
}

/// The model of the processor, as it calls itself.
fn processor() -> String {
    let cpus = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
    let system = System::new_with_specifics(cpus).ok();
    let brand = system.and_then(|system| Some(system.cpus().first()?.brand().trim().to_owned()));
    brand.unwrap_or_default()
}

fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::all();
    // Mesa's software adapter calls itself non-conformant; it is one we test on.
    descriptor.flags = wgpu::InstanceFlags::ALLOW_UNDERLYING_NONCOMPLIANT_ADAPTER;
    wgpu::Instance::new(descriptor)
}

/// All adapters, each once, hardware first, with the index that selects it.
pub(super) fn enumerate() -> Vec<(wgpu::Adapter, AdapterFacts)> {
    let found = pollster::block_on(instance().enumerate_adapters(wgpu::Backends::all()));
    let mut list: Vec<(wgpu::Adapter, AdapterFacts)> = Vec::new();
    for adapter in found {
        let facts = AdapterFacts::of(&adapter);
        // Two cards of one kind differ by their bus; a driver registered twice does not.
        if !list.iter().any(|(_, known)| known.same_as(&facts)) {
            list.push((adapter, facts));
        }
    }
    list.sort_by_key(|(_, facts)| facts.rank());
    for (index, (_, facts)) in list.iter_mut().enumerate() {
        facts.index = index;
    }
    list
}

/// What wgpu sees on this machine, hardware first.
pub fn list_adapters() -> Vec<AdapterFacts> {
    enumerate().into_iter().map(|(_, facts)| facts).collect()
}

/// The position of the adapter that `selector` means: an index, a backend, or a part of a name.
///
/// # Errors
/// Nothing found, nothing that matches, or a part of a name that fits several adapters.
pub(super) fn select(list: &[AdapterFacts], selector: Option<&str>) -> Result<usize> {
    if list.is_empty() {
        return Err(Error::new(
            ErrorKind::Adapter,
            "no usable graphics adapter was found",
            "install a driver for your GPU, or a software adapter: `apt-get install mesa-vulkan-drivers libvulkan1` on Debian and Ubuntu, `dnf install mesa-vulkan-drivers vulkan-loader` on Fedora",
        ));
    }
    let Some(selector) = selector else {
        return Ok(0);
    };
    let wanted = selector.to_lowercase();
    let no_match = |what: String| {
        let lines: Vec<String> = list
            .iter()
            .map(|facts| format!("\n    {}", facts.line()))
            .collect();
        Error::new(
            ErrorKind::Adapter,
            what,
            format!(
                "--device takes an index, a part of a name, or a backend; there are:{}",
                lines.concat()
            ),
        )
    };
    // A number that is no index may still be a part of a name, as in "RTX 4090".
    if let Some(index) = wanted
        .parse()
        .ok()
        .filter(|&index: &usize| index < list.len())
    {
        return Ok(index);
    }
    if let Some(index) = list.iter().position(|facts| facts.backend == wanted) {
        return Ok(index);
    }
    let matching: Vec<usize> = (0..list.len())
        .filter(|&i| list[i].name.to_lowercase().contains(&wanted))
        .collect();
    match matching[..] {
        [index] => Ok(index),
        [] => Err(no_match(format!("no adapter matches {selector:?}"))),
        _ => Err(no_match(format!(
            "{selector:?} matches {} adapters",
            matching.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(index: usize, name: &str, backend: &str) -> AdapterFacts {
        AdapterFacts {
            index,
            name: name.into(),
            backend: backend.into(),
            driver: String::new(),
            device_type: "cpu".into(),
            fixed_subgroup_size: None,
            processor: String::new(),
            bus: String::new(),
        }
    }

    #[test]
    fn an_adapter_is_found_again_by_name_backend_and_place() {
        let mut list = [
            facts(0, "Radeon 780M", "vulkan"),
            facts(1, "Arc B580", "vulkan"),
            facts(2, "Arc B580", "vulkan"),
        ];
        list[2].bus = "0000:03:00.0".into();
        let mut wanted = list[2].clone();
        wanted.driver = "newer".into();
        wanted.index = 0;
        assert_eq!(wanted.find_in(&list).ok(), Some(2));
        assert_eq!(wanted.find_in(&list[..2]).ok(), Some(1));
        let error = wanted.find_in(&list[..1]).expect_err("no such adapter");
        assert_eq!(error.kind, ErrorKind::Adapter);
        assert!(
            error.what.contains("Arc B580") && error.what.contains("Radeon 780M"),
            "{error}"
        );
        assert!(error.help.contains("--device"), "{error}");
    }

    #[test]
    fn a_selector_is_an_index_a_backend_or_a_part_of_a_name() {
        let list = [
            facts(0, "Radeon 780M", "vulkan"),
            facts(1, "llvmpipe", "vulkan"),
            facts(2, "llvmpipe", "gl"),
        ];
        assert_eq!(select(&list, None).ok(), Some(0));
        assert_eq!(select(&list, Some("1")).ok(), Some(1));
        assert_eq!(select(&list, Some("radeon")).ok(), Some(0));
        assert_eq!(select(&list, Some("780")).ok(), Some(0));
        assert_eq!(select(&list, Some("GL")).ok(), Some(2));
        for wrong in ["3", "geforce", "llvm", ""] {
            let error = select(&list, Some(wrong)).expect_err(wrong);
            assert_eq!(error.kind, ErrorKind::Adapter);
            assert!(error.help.contains("Radeon 780M"), "{error}");
        }
        assert!(
            select(&[], None)
                .expect_err("none")
                .help
                .contains("mesa-vulkan-drivers")
        );
    }
}
