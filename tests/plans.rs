//! What no plan may ask of a device, whatever the network.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/nets.rs"]
mod nets;

use naga::{AddressSpace, StorageAccess};
use nets::{net_that_reads_twice, published};
use std::collections::{BTreeMap, BTreeSet};
use wgprune::config::Config;
use wgprune::gpu::{Dispatch, Tuning};
use wgprune::net::{Layer, MODELS, Net, Shape, compile};
use wgprune::train::settings;

fn dispatches(net: &Net) -> Vec<Dispatch> {
    let settings = settings(&Config::default(), net.input.w, [64; 2]);
    let plan = compile(net, &settings, Tuning::PORTABLE).plan;
    let phases = plan.phases().iter();
    phases.flat_map(|phase| phase.dispatches.clone()).collect()
}

/// The bindings that a kernel writes to.
fn written(source: &str) -> BTreeSet<usize> {
    let module = naga::front::wgsl::parse_str(source).unwrap();
    let bound = module.global_variables.iter().filter_map(|(_, variable)| {
        let binding = variable.binding.as_ref()?.binding;
        let AddressSpace::Storage { access } = variable.space else {
            return None;
        };
        access
            .contains(StorageAccess::STORE)
            .then_some(binding as usize)
    });
    bound.collect()
}

#[test]
fn no_dispatch_binds_what_it_writes_twice() {
    let mut outputs: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for net in published(MODELS).chain([net_that_reads_twice()]) {
        for Dispatch {
            layer,
            kernel,
            tensors,
            ..
        } in dispatches(&net)
        {
            let label = kernel.label();
            let outputs = outputs
                .entry(label.clone())
                .or_insert_with(|| written(kernel.source()));
            for &output in outputs.iter() {
                let same = tensors.iter().filter(|tensor| **tensor == tensors[output]);
                let name = &tensors[output].name;
                assert_eq!(
                    same.count(),
                    1,
                    "{label} in {layer} of {} binds {name} twice",
                    net.name
                );
            }
        }
    }
}

/// Scratch tensors share memory, so what a phase reads must have been written by it or by one that a replay has before it.
#[test]
fn nothing_is_read_before_it_is_written() {
    let mut dropped = Net::new("dropped", Shape { h: 4, w: 4, c: 3 });
    dropped.push("drop", Layer::Dropout { rate: 0.5 }).unwrap();
    dropped.push("flatten", Layer::Flatten).unwrap();
    let linear = Layer::Linear {
        outputs: 10,
        bias: true,
    };
    dropped.push("fc", linear).unwrap();
    dropped.push("last", Layer::Dropout { rate: 0.5 }).unwrap();
    for net in published(MODELS).chain([net_that_reads_twice(), dropped]) {
        let settings = settings(&Config::default(), net.input.w, [64; 2]);
        let plan = compile(&net, &settings, Tuning::PORTABLE).plan;
        let values: BTreeSet<&str> = net.nodes.iter().map(|node| node.name.as_str()).collect();
        for replay in [
            &["gather", "forward", "loss", "backward"][..],
            &["gather-test", "infer", "evaluate"],
        ] {
            let mut known: BTreeSet<String> = BTreeSet::new();
            for dispatch in plan
                .phases()
                .iter()
                .filter(|phase| replay.contains(&phase.name))
                .flat_map(|phase| &phase.dispatches)
            {
                let outputs = written(dispatch.kernel.source());
                for (i, tensor) in dispatch.tensors.iter().enumerate() {
                    if outputs.contains(&i) {
                        known.insert(tensor.place());
                    } else if values.contains(tensor.name.as_str()) {
                        let (kernel, layer) = (dispatch.kernel.label(), &dispatch.layer);
                        let place = tensor.place();
                        assert!(
                            known.contains(&place),
                            "{kernel} in {layer} of {} reads {}",
                            net.name,
                            tensor.name
                        );
                    }
                }
            }
        }
    }
}
