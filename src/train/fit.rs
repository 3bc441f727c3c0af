//! The plan of a run, if the device has room for it; or else the batch that it has room for.

use crate::error::{Error, ErrorKind, Result};
use crate::gpu::{Room, mebibytes};
use crate::net::Compiled;

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
                fits = Some(compiled.plan.bytes());
                low = middle;
            }
            Err(_) => high = middle,
        }
    }
    if let Some(bytes) = fits {
        return format!(
            "--batch {low} is the largest that fits, with {}; or use a smaller model, or another --device",
            mebibytes(bytes)
        );
    }
    let least = compile(1).map(|compiled| mebibytes(compiled.plan.bytes()));
    let least = least.map_or_else(
        |_| String::new(),
        |bytes| format!(": one of 1 needs {bytes}"),
    );
    format!(
        "no --batch fits{least}; use a smaller model, smaller images or fewer, or another --device"
    )
}
