//! The step's parameters lie where the kernels look for them.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::mem::offset_of;
use wgprune::ops::StepParams;

#[test]
fn step_params_have_the_offsets_of_the_wgsl_struct() {
    let source = include_str!("../shaders/shared/step.wgsl");
    let module = naga::front::wgsl::parse_str(source).unwrap();
    let is_step = |ty: &&naga::Type| ty.name.as_deref() == Some("Step");
    let step = module.types.iter().map(|(_, ty)| ty).find(is_step).unwrap();
    let naga::TypeInner::Struct { members, span } = &step.inner else {
        panic!("Step is a struct");
    };
    let members: Vec<(&str, usize)> = members
        .iter()
        .map(|member| (member.name.as_deref().unwrap(), member.offset as usize))
        .collect();
    let expected = [
        ("position", offset_of!(StepParams, position)),
        ("count", offset_of!(StepParams, count)),
        ("record", offset_of!(StepParams, record)),
        ("epoch", offset_of!(StepParams, epoch)),
        ("seed", offset_of!(StepParams, seed)),
        ("learning_rate", offset_of!(StepParams, learning_rate)),
        ("correction_1", offset_of!(StepParams, correction_1)),
        ("correction_2", offset_of!(StepParams, correction_2)),
        ("momentum", offset_of!(StepParams, momentum)),
    ];
    assert_eq!(members, expected);
    assert_eq!(*span as usize, size_of::<StepParams>());
}
