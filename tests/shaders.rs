//! Every kernel of every plan, without an adapter: valid, translatable for each backend, bound and sized as WebGPU asks.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

#[path = "common/nets.rs"]
mod nets;

use naga::AddressSpace;
use naga::back::{PipelineConstants, glsl, hlsl, msl, pipeline_constants::process_overrides, spv};
use naga::proc::BoundsCheckPolicies;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage, StorageAccess};
use nets::fitting;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use wgprune::bench::peak_probes;
use wgprune::config::{Collapse, Config, Control, OptimiserKind, Scope, SparseStart};
use wgprune::gpu::{Constant, Dispatch, Kernel, Plan, Product, Tuning};
use wgprune::net::{MODELS, compile};
use wgprune::ops::{Criterion, Growth};
use wgprune::selftest::probes;
use wgprune::train::settings;

/// Criteria and structures that no bit of a variant stands for.
const OTHERS: [(Criterion, &str); 4] = [
    (Criterion::Learned, "2:4"),
    (Criterion::Synflow, "filter"),
    (Criterion::Grasp, "none"),
    (Criterion::Movement, "none"),
];

/// The dispatches of every network under every setting that changes a kernel or a constant, and the probes.
fn dispatches() -> &'static [(Tuning, Dispatch)] {
    static ALL: OnceLock<Vec<(Tuning, Dispatch)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Vec::new();
        for tuning in Tuning::all() {
            let probes = probes(tuning, tuning.product != Product::Block);
            let regression = wgprune::autos::compile(128, tuning).plan;
            let plans = [probes, peak_probes(tuning), regression];
            all.extend(plans.iter().flat_map(dispatches_of).map(|d| (tuning, d)));
        }
        for variant in 0..8 + OTHERS.len() {
            let mut config = Config::default();
            if variant & 1 > 0 {
                (config.data.rotation, config.data.translation) = (10.0, 0.1);
                (config.data.hue, config.data.erase) = (0.1, 0.5);
            }
            if variant & 2 > 0 {
                (config.optimiser.kind, config.optimiser.clip_norm) = (OptimiserKind::Adam, 1.0);
                (config.prune.criterion, config.prune.regrow) = (Criterion::Random, Growth::Random);
                config.prune.sparse_start = SparseStart::Erk;
                config.prune.collapse = Collapse::Allow;
            }
            if variant & 4 > 0 {
                (config.prune.scope, config.prune.criterion) = (Scope::Layer, Criterion::Snip);
                config.prune.rewind = "0it".into();
                config.prune.control = Control::Invert;
            }
            let own = (config.prune.criterion, "none");
            let other = variant.checked_sub(8).map_or(own, |i| OTHERS[i]);
            (config.prune.criterion, config.prune.structure) = (other.0, other.1.parse().unwrap());
            // What varies is no layer, so the first two networks show it.
            let named = &MODELS[..if variant == 0 { MODELS.len() } else { 2 }];
            for net in fitting(named, config.prune.structure) {
                // A batch of large images would not fit one binding.
                config.train.batch = if net.input.w > 32 { 32 } else { 128 };
                for tuning in Tuning::all() {
                    let settings = settings(&config, net.input.w, [128; 2]);
                    let plan = compile(&net, &settings, tuning).plan;
                    all.extend(dispatches_of(&plan).map(|d| (tuning, d)));
                }
            }
        }
        all
    })
}

fn dispatches_of(plan: &Plan) -> impl Iterator<Item = Dispatch> {
    plan.phases()
        .iter()
        .flat_map(|phase| phase.dispatches.iter().cloned())
}

/// A kernel's text, parsed and validated before its overrides have values.
fn modules() -> &'static BTreeMap<String, (Kernel, Module, ModuleInfo)> {
    static ALL: OnceLock<BTreeMap<String, (Kernel, Module, ModuleInfo)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut kernels: BTreeMap<String, Kernel> = BTreeMap::new();
        for (_, Dispatch { kernel, .. }) in dispatches() {
            let known = kernels
                .entry(kernel.label())
                .or_insert_with(|| kernel.clone());
            assert_eq!(known.source(), kernel.source(), "one label, two texts");
        }
        let parse = |(label, kernel): (String, Kernel)| {
            let module = naga::front::wgsl::parse_str(kernel.source()).unwrap_or_else(|error| {
                panic!("{label}: {}", error.emit_to_string(kernel.source()))
            });
            let info = validate(&label, &kernel, &module);
            (label, (kernel, module, info))
        };
        kernels.into_iter().map(parse).collect()
    })
}

fn validate(label: &str, kernel: &Kernel, module: &Module) -> ModuleInfo {
    let capabilities = if kernel.uses_subgroups() {
        Capabilities::SUBGROUP
    } else {
        Capabilities::empty()
    };
    Validator::new(ValidationFlags::all(), capabilities)
        .validate(module)
        .unwrap_or_else(|error| panic!("{label}: {}", error.emit_to_string(kernel.source())))
}

/// Calls `check` with the module of each kernel for each of its sets of constants, overrides resolved.
fn for_each_pipeline(mut check: impl FnMut(&str, &Kernel, &Module, &ModuleInfo)) {
    let mut seen = BTreeSet::new();
    for (_, dispatch) in dispatches() {
        let (label, constants) = (dispatch.kernel.label(), &dispatch.constants);
        if !seen.insert(format!("{label} {constants:?}")) {
            continue;
        }
        let (kernel, module, info) = &modules()[&label];
        let values: PipelineConstants = constants
            .iter()
            .map(|&(name, value)| (name.to_owned(), value))
            .collect();
        let (module, info) =
            process_overrides(module, info, Some((ShaderStage::Compute, "main")), &values)
                .unwrap_or_else(|error| panic!("{label} with {constants:?}: {error}"));
        check(&label, kernel, &module, &info);
    }
}

/// The stem and the text of each WGSL file in a folder.
fn wgsl_files(folder: &str) -> Vec<(String, String)> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "wgsl")
    });
    let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files
        .map(|path| (stem(&path), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn every_kernel_is_valid_with_its_constants_and_translates_for_every_backend() {
    for_each_pipeline(|label, kernel, module, _| {
        let info = &validate(label, kernel, module);
        let entry = || (ShaderStage::Compute, "main".to_owned());
        let (stage, name) = entry();
        let spv_entry = spv::PipelineOptions {
            shader_stage: stage,
            entry_point: name,
        };
        // Vulkan 1.1 is where SPIR-V 1.3 and with it subgroup operations begin.
        let spv_options = spv::Options {
            lang_version: (1, 3),
            ..spv::Options::default()
        };
        spv::write_vec(module, info, &spv_options, Some(&spv_entry))
            .unwrap_or_else(|error| panic!("{label} in SPIR-V: {error}"));
        let msl_entry = msl::PipelineOptions {
            entry_point: Some(entry()),
            ..Default::default()
        };
        let msl_options = msl::Options {
            lang_version: (2, 4),
            ..Default::default()
        };
        msl::write_string(module, info, &msl_options, &msl_entry)
            .unwrap_or_else(|error| panic!("{label} in MSL: {error}"));
        let hlsl_entry = hlsl::PipelineOptions {
            entry_point: Some(entry()),
        };
        let model = if kernel.uses_subgroups() {
            hlsl::ShaderModel::V6_0
        } else {
            hlsl::ShaderModel::V5_1
        };
        let hlsl_options = hlsl::Options {
            shader_model: model,
            ..Default::default()
        };
        hlsl::Writer::new(&mut String::new(), &hlsl_options, &hlsl_entry)
            .write(module, info, None)
            .unwrap_or_else(|error| panic!("{label} in HLSL: {error}"));
        if !kernel.uses_subgroups() {
            let (stage, name) = entry();
            let glsl_entry = glsl::PipelineOptions {
                shader_stage: stage,
                entry_point: name,
                multiview: None,
            };
            let options = glsl::Options::default();
            let policies = BoundsCheckPolicies::default();
            glsl::Writer::new(
                &mut String::new(),
                module,
                info,
                &options,
                &glsl_entry,
                policies,
            )
            .and_then(|mut writer| writer.write())
            .unwrap_or_else(|error| panic!("{label} in GLSL: {error}"));
        }
    });
}

#[test]
fn every_kernel_has_one_entry_point_called_main() {
    for (label, (_, module, _)) in modules() {
        let names: Vec<&str> = module
            .entry_points
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names, ["main"], "{label}");
    }
}

/// For each binding of group 0, in order, whether the kernel writes to it.
fn bindings(label: &str, module: &Module) -> Vec<bool> {
    let bound = module.global_variables.iter().filter_map(|(_, variable)| {
        let binding = variable.binding?;
        assert_eq!(binding.group, 0, "{label}: {:?}", variable.name);
        let AddressSpace::Storage { access } = variable.space else {
            panic!("{label}: {:?} is in no storage buffer", variable.name);
        };
        Some((binding.binding, access.contains(StorageAccess::STORE)))
    });
    let map: BTreeMap<u32, bool> = bound.collect();
    assert!(
        map.keys().copied().eq(0..map.len() as u32),
        "{label}: bindings {:?} have gaps",
        map.keys()
    );
    map.into_values().collect()
}

#[test]
fn a_kernel_binds_as_many_tensors_as_it_is_given_and_its_inputs_come_first() {
    let bound: HashMap<&str, Vec<bool>> = modules()
        .iter()
        .map(|(label, (_, module, _))| (label.as_str(), bindings(label, module)))
        .collect();
    for (label, writes) in &bound {
        assert!(
            writes.is_sorted(),
            "{label} reads what comes after an output: {writes:?}"
        );
    }
    for (_, dispatch) in dispatches() {
        let label = dispatch.kernel.label();
        assert_eq!(
            dispatch.tensors.len(),
            bound[label.as_str()].len(),
            "{label} in {}",
            dispatch.layer
        );
    }
}

#[test]
fn an_op_sets_every_override_without_a_default_and_no_other_name() {
    for (
        _,
        Dispatch {
            kernel,
            constants,
            layer,
            ..
        },
    ) in dispatches()
    {
        let label = kernel.label();
        let overrides = &modules()[&label].1.overrides;
        let declared: BTreeMap<&str, bool> = overrides
            .iter()
            .map(|(_, o)| (o.name.as_deref().unwrap(), o.init.is_some()))
            .collect();
        let given: BTreeSet<&str> = constants.iter().map(|(name, _): &Constant| *name).collect();
        assert_eq!(
            given.len(),
            constants.len(),
            "{label} in {layer} gets a constant twice: {constants:?}"
        );
        for (name, has_default) in &declared {
            assert!(
                *has_default || given.contains(name),
                "{label} in {layer} lacks {name}"
            );
        }
        for name in given {
            assert!(
                declared.contains_key(name),
                "{label} in {layer} knows no {name}"
            );
        }
    }
}

#[test]
fn every_shader_file_belongs_to_a_kernel() {
    let kernels: Vec<&Kernel> = modules().values().map(|(kernel, ..)| kernel).collect();
    for (stem, text) in wgsl_files("shaders") {
        assert!(
            kernels
                .iter()
                .any(|kernel| kernel.name() == stem && kernel.source().starts_with(&text)),
            "no plan launches shaders/{stem}.wgsl"
        );
    }
    for (stem, text) in wgsl_files("shaders/probe") {
        let name = format!("probe/{stem}");
        assert!(
            kernels
                .iter()
                .any(|kernel| kernel.name() == name && kernel.source().starts_with(&text)),
            "no probe launches shaders/{name}.wgsl"
        );
    }
    for (stem, text) in wgsl_files("shaders/shared") {
        assert!(
            kernels.iter().any(|kernel| kernel.source().contains(&text)),
            "no kernel includes shaders/shared/{stem}.wgsl"
        );
    }
}

/// WebGPU's default limits: what every device has.
#[test]
fn every_kernel_keeps_to_the_default_limits_of_webgpu() {
    for (tuning, dispatch) in dispatches() {
        let label = dispatch.kernel.label();
        assert!(
            dispatch.tensors.len() <= 8,
            "{label} binds {} storage buffers",
            dispatch.tensors.len()
        );
        assert!(
            dispatch
                .grid
                .0
                .iter()
                .all(|groups| (1..=65_535).contains(groups)),
            "{label} in {} starts {:?} workgroups",
            dispatch.layer,
            dispatch.grid
        );
        for tensor in &dispatch.tensors {
            assert!(
                tensor.bytes() <= 128 << 20,
                "{label} binds {} bytes of {}",
                tensor.bytes(),
                tensor.name
            );
        }
        if tuning.product == Product::Block {
            assert!(
                !dispatch.kernel.uses_subgroups(),
                "{label} needs subgroups in the portable tuning"
            );
        }
    }
    for_each_pipeline(|label, _, module, _| {
        let [x, y, z] = module.entry_points[0].workgroup_size;
        assert!(
            x <= 256 && y <= 256 && z <= 64 && x * y * z <= 256,
            "{label}: {x} x {y} x {z} invocations"
        );
        let mut layouts = naga::proc::Layouter::default();
        layouts.update(module.to_ctx()).unwrap();
        let shared = module
            .global_variables
            .iter()
            .filter(|(_, v)| v.space == AddressSpace::WorkGroup);
        let bytes: u32 = shared
            .map(|(_, v)| layouts[v.ty].size.next_multiple_of(16))
            .sum();
        assert!(
            bytes <= 16 << 10,
            "{label}: {bytes} bytes of workgroup memory"
        );
    });
}
