//! From the configuration to what a plan is made from.

use crate::config::{
    Collapse, Config, Control, Fill, Margin, OptimiserConfig, OptimiserKind, Scope, SparseStart,
};
use crate::net::{Optimiser, Settings, Structure};
use crate::ops::{Adam, Affine, Augment, Clip, ColorJitter, Crop, RandomErasing, Sgd};

/// What the plan of a run depends on beside the network.
pub fn settings(
    config: &Config,
    input_width: u32,
    [train_images, test_images]: [u32; 2],
) -> Settings {
    let OptimiserConfig {
        kind,
        nesterov,
        weight_decay,
        beta2,
        epsilon,
        clip_norm,
        // These come with each step.
        momentum: _,
        beta1: _,
    } = config.optimiser;
    let optimiser = match kind {
        OptimiserKind::Sgd => Optimiser::Sgd(Sgd {
            nesterov,
            weight_decay,
        }),
        OptimiserKind::Adam => Optimiser::Adam(Adam {
            beta_2: beta2,
            epsilon,
            weight_decay,
        }),
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the width"
    )]
    let shift = (config.data.translation * f64::from(input_width)).round() as u32;
    let turns = config.data.rotation > 0.0 || shift > 0;
    Settings {
        batch: config.train.batch,
        train_images,
        test_images,
        optimiser,
        clip: (clip_norm > 0.0).then_some(Clip { norm: clip_norm }),
        smoothing: config.train.label_smoothing,
        augment: Augment {
            crop: (config.data.crop > 0).then_some(Crop {
                margin: config.data.crop,
                reflect: config.data.crop_margin == Margin::Reflect,
            }),
            flip: config.data.flip,
            affine: turns.then_some(Affine {
                degrees: config.data.rotation,
                shift,
            }),
        },
        jitter: ColorJitter {
            brightness: config.data.brightness,
            contrast: config.data.contrast,
            saturation: config.data.saturation,
            hue: config.data.hue,
        },
        erasing: RandomErasing {
            probability: config.data.erase,
            to_mean: config.data.erase_fill == Fill::Mean,
        },
        criterion: config.prune.criterion,
        inverts: config.prune.control == Control::Invert,
        structure: match config.prune.prunes() {
            true => config.prune.structure,
            false => Structure::None,
        },
        per_layer: config.prune.scope != Scope::Global,
        protect: config.prune.collapse == Collapse::KeepOne,
        sparse_start: config.prune.sparse_start != SparseStart::None,
        growth: config.prune.regrow,
        remembers: matches!(config.prune.rewinds(), Ok(Some(_))) || by_start(config),
    }
}

/// Whether weights are ranked by where they began.
pub(super) fn by_start(config: &Config) -> bool {
    config.prune.prunes() && config.prune.criterion.needs_start()
}
