//! The plan of a run, if the device has room for it; or else the batch that it has room for.

use crate::error::{Error, ErrorKind, Result};
use crate::gpu::{Choices, Kept, Room, mebibytes};
use crate::net::Compiled;

/// Bytes up to which a plan keeps what it could make again. The images of the data set do not count, as a run on more of
/// them would then compute more in each step.
const SMALL_PLAN: u64 = 768 << 20;

/// What `compile` makes, with shared memory, and as much kept from forwards to backwards as a small plan has room for, but
/// no more than `most`.
pub fn keeping(
    choices: &Choices,
    room: Option<&Room>,
    most: Kept,
    compile: impl Fn(Choices) -> Compiled,
) -> Compiled {
    let with = |kept: Kept| {
        let mut choices = choices.clone();
        choices.default.kept = kept;
        let compiled = compile(choices);
        Compiled {
            plan: compiled.plan.share_memory(),
            ..compiled
        }
    };
    let is_small = |Compiled { plan, tensors, .. }: &Compiled| {
        plan.bytes().saturating_sub(tensors.image_bytes()) <= SMALL_PLAN
            && room.is_none_or(|room| room.check(plan).is_ok())
    };
    let most_first = [Kept::All, Kept::Weights].into_iter();
    let mut compiled = most_first.filter(|&kept| kept <= most).map(with);
    compiled
        .find(|compiled| !compiled.can_keep || is_small(compiled))
        .unwrap_or_else(|| with(Kept::Nothing))
}

/// What `compile` makes of a batch.
///
/// # Errors
/// Those of `compile`, or a plan that does not fit; the help is then the largest batch that does.
pub fn fit(room: &Room, batch: u32, compile: impl Fn(u32) -> Result<Compiled>) -> Result<Compiled> {
    let fitting = |batch: u32| {
        let compiled = compile(batch)?;
        room.check(&compiled.plan).map(|()| compiled)
    };
    fitting(batch).map_err(|error| {
        if error.kind == ErrorKind::Memory {
            let help = remedy(batch, fitting, &compile);
            Error { help, ..error }
        } else {
            error
        }
    })
}

/// What to do where `batch` is too large.
fn remedy(
    batch: u32,
    fitting: impl Fn(u32) -> Result<Compiled>,
    compile: impl Fn(u32) -> Result<Compiled>,
) -> String {
    let mut fits = None;
    let (mut low, mut high) = (0, batch);
    while high - low > 1 {
        let middle = low.midpoint(high);
        match fitting(middle) {
            Ok(compiled) => {
                fits = Some((middle, compiled.plan.bytes()));
                low = middle;
            }
            Err(error) if error.kind == ErrorKind::Memory => high = middle,
            // Too few images for a layer, not too many.
            Err(_) => low = middle,
        }
    }
    if let Some((batch, bytes)) = fits {
        return format!(
            "--batch {batch} is the largest that fits, with {}; or use a smaller model, or another --device",
            mebibytes(bytes)
        );
    }
    let least = (1..batch).find_map(|batch| Some((batch, compile(batch).ok()?)));
    let least = least.map_or_else(String::new, |(batch, compiled)| {
        format!(
            ": one of {batch} needs {}",
            mebibytes(compiled.plan.bytes())
        )
    });
    format!(
        "no --batch fits{least}; use a smaller model, smaller images or fewer, or another --device"
    )
}
