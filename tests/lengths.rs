//! An op refuses a tensor whose length is not what its geometry asks for: kernels run without bounds checks.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use wgprune::gpu::{Plan, Tensor, Tuning};
use wgprune::ops::{
    Adam, Affine, Augment, CHUNK, Clip, ColorJitter, Conv2d, Criterion, CrossEntropy, Displace,
    Filter, Flow, GatherBatch, Linear, MaxPool, Metrics, Pattern, Prune, RandomErasing, Record,
    Regrow, Relu, Retouch, Score, Sgd, StepParams, UpdateTensors, Write,
};
use wgprune::random::Stream;

/// The message of the panic with which `op` refuses tensors of these lengths, if it does.
fn refusal<const T: usize>(
    lengths: [u32; T],
    op: &impl Fn(&mut Plan, [&Tensor; T]),
) -> Option<String> {
    let mut plan = Plan::new(Tuning::PORTABLE);
    plan.phase("op");
    let mut index = 0;
    let tensors = lengths.map(|length| {
        index += 1;
        plan.tensor(format!("tensor-{}", index - 1), &[length])
    });
    let recorded = catch_unwind(AssertUnwindSafe(|| op(&mut plan, tensors.each_ref())));
    recorded.err().map(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
    })
}

/// `op` takes tensors of these lengths, and refuses any of them alone when it is one element shorter or longer;
/// the message gives the number that it has.
fn assert_exact<const T: usize>(lengths: [u32; T], op: impl Fn(&mut Plan, [&Tensor; T])) {
    assert_eq!(refusal(lengths, &op), None);
    for i in 0..T {
        for wrong in [lengths[i] - 1, lengths[i] + 1] {
            let mut lengths = lengths;
            lengths[i] = wrong;
            let message = refusal(lengths, &op).unwrap_or_else(|| panic!("tensor-{i} of {wrong}"));
            assert!(message.contains(" elements, "), "{message}");
        }
    }
}

#[test]
fn the_message_names_the_tensor_and_both_numbers() {
    let op = |plan: &mut Plan, [x, y]: [&Tensor; 2]| Relu { length: 7 }.forward(plan, x, y);
    let message = refusal([7, 6], &op);
    assert_eq!(
        message.as_deref(),
        Some("tensor-1 has 6 elements, not 7"),
        "a short output"
    );
    // Its product of 2^34 would wrap to 0.
    let pool = MaxPool {
        n: 1 << 17,
        h: 1 << 17,
        w: 1,
        c: 1,
        kernel: 1,
        stride: 1,
        pad: 0,
    };
    let op = |plan: &mut Plan, [x, y, winner]: [&Tensor; 3]| pool.forward(plan, x, y, winner);
    let message = refusal([0; 3], &op).unwrap();
    assert_eq!(message, "tensor-0 has 0 elements, not 17179869184");
}

#[test]
fn relu_asks_for_its_length() {
    assert_exact([7; 2], |plan, [x, y]| {
        Relu { length: 7 }.forward(plan, x, y);
    });
    assert_exact([7; 3], |plan, [y, dy, dx]| {
        Relu { length: 7 }.grad_input(plan, [y, dy], dx, Write::Set);
    });
}

#[test]
fn max_pool_asks_for_its_geometry() {
    let pool = MaxPool {
        n: 2,
        h: 7,
        w: 6,
        c: 3,
        kernel: 3,
        stride: 2,
        pad: 1,
    };
    let [x, y] = [pool.x_len(), pool.y_len()];
    assert_exact([x, y, y], |plan, [x, y, winner]| {
        pool.forward(plan, x, y, winner);
    });
    assert_exact([y, y, x], |plan, [dy, winner, dx]| {
        pool.grad_input(plan, [dy, winner], dx, Write::Set);
    });
}

#[test]
fn cross_entropy_and_metrics_ask_for_their_rows() {
    let head = CrossEntropy {
        n: 5,
        classes: 3,
        smoothing: 0.0,
    };
    let lengths = [15, 5, StepParams::LEN, 5, 5, 15];
    assert_exact(lengths, |plan, [z, labels, step, loss, hit, dz]| {
        head.record(plan, [z, labels, step], [loss, hit, dz]);
    });
    let lengths = [5, 5, StepParams::LEN, 4 * Record::LEN];
    assert_exact(lengths, |plan, [loss, hit, step, records]| {
        Metrics { n: 5 }.record(plan, [loss, hit, step], records);
    });
}

fn tensors<'a>([w, dw, mask, step, records]: [&'a Tensor; 5]) -> UpdateTensors<'a> {
    UpdateTensors {
        w,
        dw,
        mask,
        step,
        records,
    }
}

#[test]
fn an_update_asks_for_one_length_of_all_it_updates() {
    let lengths = [64, 64, 2, StepParams::LEN, Record::LEN, 64, 64];
    assert_exact(
        lengths,
        |plan, [w, dw, mask, step, records, first, second]| {
            let adam = Adam {
                beta_2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.0,
            };
            let tensors = tensors([w, dw, mask, step, records]);
            adam.record(plan, tensors, [first, second]);
        },
    );
    let lengths = [64, 64, 2, StepParams::LEN, Record::LEN, 64];
    assert_exact(lengths, |plan, [w, dw, mask, step, records, velocity]| {
        let sgd = Sgd {
            nesterov: false,
            weight_decay: 0.0,
        };
        sgd.record(plan, tensors([w, dw, mask, step, records]), velocity);
    });
}

#[test]
fn clipping_asks_for_a_bit_of_the_mask_for_each_gradient() {
    assert_exact([2, 64], |plan, [mask, dw]| {
        Clip { norm: 1.0 }.record(plan, mask, dw);
    });
}

#[test]
fn a_batch_asks_for_its_images_and_samples() {
    let batch = GatherBatch {
        n: 2,
        h: 3,
        w: 3,
        c: 1,
        augment: Augment {
            affine: Some(Affine {
                degrees: 10.0,
                shift: 1,
            }),
            ..Augment::default()
        },
    };
    // Six images of nine bytes are fourteen words.
    let lengths = [14, 6, StepParams::LEN, 2, 2 * Affine::TURNS, 18, 2];
    let record = |plan: &mut Plan, tensors: [&Tensor; 7], order: &Tensor| {
        let [images, all_labels, step, scale, turns, x, labels] = tensors;
        let inputs = [all_labels, order, step, scale, turns];
        batch.record(plan, std::slice::from_ref(images), inputs, [x, labels]);
    };
    for places in [1, 4, 9] {
        assert_exact(lengths, |plan, tensors| {
            let order = plan.tensor("order", &[places]);
            record(plan, tensors, &order);
        });
    }
}

#[test]
fn retouching_asks_for_its_batches_and_tables() {
    let op = Retouch {
        n: 2,
        h: 3,
        w: 4,
        c: 3,
        jitter: ColorJitter::default(),
        erasing: RandomErasing::default(),
    };
    // Of sizes there is one, as nothing is erased.
    let lengths = [72, StepParams::LEN, 6, 4 * Retouch::LEVELS, 2, 72];
    assert_exact(lengths, |plan, [x, step, scale, factors, sizes, y]| {
        let order = plan.tensor("order", &[9]);
        op.record(plan, [x, &order, step, scale, factors, sizes], y);
    });
}

#[test]
fn pruning_asks_for_whole_chunks_and_its_entries() {
    let lengths = [3 * CHUNK, 3 * CHUNK / 32, 2, 2048];
    assert_exact(lengths, |plan, [keys, mask, selection, histogram]| {
        let keep = plan.tensor("keep", &[2]);
        Prune { segment: 1 }.record(plan, &keep, [keys, mask], [selection, histogram]);
    });
    assert_exact([7], |plan, [x]| Flow { length: 7 }.fill(plan, x));
    assert_exact([2, 7], |plan, [factors, x]| {
        Flow { length: 7 }.rescale(plan, factors, x);
    });
    assert_exact([7, 2, 2], |plan, [x, before, own]| {
        Flow { length: 7 }.factor(plan, x, [before, own]);
    });
    assert_exact([7], |plan, [x]| Flow { length: 7 }.absolute(plan, x));
    assert_exact([2, 7, 7], |plan, [factors, x, y]| {
        Flow { length: 7 }.scaled(plan, factors, x, y);
    });
    assert_exact([3, 96], |plan, [mask, x]| Prune::clear(plan, mask, x));
    assert_exact([3, 96, 96], |plan, [mask, x, y]| {
        Prune::copy(plan, mask, x, y);
    });
    let lengths = [3 * CHUNK, 3 * CHUNK, 3 * CHUNK / 32, 2, 2048];
    assert_exact(
        lengths,
        |plan, [kept, grown, mask, selection, histogram]| {
            let counts = plan.tensor("counts", &[2]);
            let [own, others] = [0, 1].map(|segment| Prune { segment });
            let op = Regrow {
                length: 2 * CHUNK + 1,
                kept: own,
                grown: others,
            };
            op.record(plan, &counts, [kept, grown, mask], [selection, histogram]);
        },
    );
    assert_exact([3 * CHUNK / 32, 3 * CHUNK], |plan, [mask, keys]| {
        Prune::protect(plan, mask, keys);
    });
    for criterion in [
        Criterion::Magnitude,
        Criterion::Random,
        Criterion::Snip,
        Criterion::Grasp,
    ] {
        let score = Score {
            length: 7,
            criterion,
            stream: Stream::Score,
        };
        let lengths = [7, 7, 7, StepParams::LEN, 7];
        assert_exact(lengths, |plan, [w, dw, behind, step, keys]| {
            score.record(plan, [w, dw, behind, step], keys);
        });
        assert_exact([7, 1], |plan, [keys, fault]| score.fault(plan, keys, fault));
        assert_exact([7], |plan, [keys]| score.invert(plan, keys));
    }
    assert_exact([7, 7, 7], |plan, [x, direction, y]| {
        let steps = plan.tensor("steps", &[2]);
        let moved = Displace { length: 7, step: 1 };
        moved.record(plan, [x, direction, &steps], y);
    });
    assert_exact([3, 96, 1], |plan, [mask, x, sums]| {
        Clip::squares(plan, [mask, x], sums);
    });
    assert_exact([3, 96], |plan, [mask, keys]| {
        let op = Pattern {
            outputs: 3,
            channels: 4,
            positions: 8,
            kept: 1,
            size: 2,
        };
        op.record(plan, mask, keys);
    });
    assert_exact([96, 3, 32, 1], |plan, [w, mask, keys, filters]| {
        let op = Filter {
            filters: 24,
            inputs: 4,
        };
        op.rank(plan, [w, mask], [keys, filters]);
    });
    let count = |plan: &mut Plan, [mask, before, counts]: [&Tensor; 3]| {
        Prune::count(plan, [mask, before], counts, [0, 2]);
    };
    assert_eq!(refusal([5, 5, 3], &count), None);
    assert!(refusal([5, 4, 3], &count).is_some());
    assert_eq!(
        refusal([5, 5, 2], &count).as_deref(),
        Some("tensor-2 has 2 elements, so none of number 2")
    );
}

#[test]
fn products_refuse_wrong_lengths() {
    let s = Linear { n: 3, c: 4, k: 5 };
    assert_exact([12, 20, 5, 15], |plan, [x, w, bias, y]| {
        s.forward(plan, [x, w], Some(bias), y);
    });
    assert_exact([20, 15, 12], |plan, [w, dy, dx]| {
        s.grad_input(plan, [w, dy], dx, Write::Set);
    });
    assert_exact([12, 15, 20, 5], |plan, [x, dy, dw, dbias]| {
        s.grad_weight(plan, [x, dy], dw, Some(dbias));
    });
    let s = Conv2d {
        n: 2,
        h: 5,
        w: 4,
        c: 3,
        k: 7,
        kernel: 3,
        stride: 1,
        pad: 0,
    };
    let [x, w, y] = [s.x_len(), s.w_len(), s.y_len()];
    assert_exact([x, w, 7, y], |plan, [x, w, bias, y]| {
        s.forward(plan, [x, w], Some(bias), y);
    });
    assert_exact([w, y, x], |plan, [w, dy, dx]| {
        s.grad_input(plan, [w, dy], dx, Write::Set);
    });
    assert_exact([x, y, w, 7], |plan, [x, dy, dw, dbias]| {
        s.grad_weight(plan, [x, dy], dw, Some(dbias));
    });
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    // Its height of 2^31 steps would wrap to a geometry that all lengths agree with.
    let s = Conv2d {
        n: 1,
        h: 2,
        w: 2,
        c: 1,
        k: 1,
        kernel: 3,
        stride: 1 << 31,
        pad: 0,
    };
    let forward = |plan: &mut Plan, [x, w, y]: [&Tensor; 3]| s.forward(plan, [x, w], None, y);
    assert!(refusal([4, 9, 4], &forward).is_some_and(|message| message.contains("window")));
    let s = MaxPool {
        n: 1,
        h: 4,
        w: 4,
        c: 1,
        kernel: 1,
        stride: 1,
        pad: 1,
    };
    let pool = |plan: &mut Plan, [x, y, winner]: [&Tensor; 3]| s.forward(plan, x, y, winner);
    assert!(refusal([16, 36, 36], &pool).is_some_and(|message| message.contains("padding")));
}
