//! What the tests of ops share: every adapter, opened in every way, and what a check must find there.

#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::{Arc, OnceLock};
use wgprune::check::{Finding, Setting};
use wgprune::error::Result;
use wgprune::gpu::{Gpu, Options, Tuning, list_adapters};

/// Every adapter, opened with bounds checks and without; between canaries both times.
fn gpus() -> &'static [Arc<Gpu>] {
    static GPUS: OnceLock<Vec<Arc<Gpu>>> = OnceLock::new();
    GPUS.get_or_init(|| {
        let adapters = list_adapters();
        assert!(
            !adapters.is_empty(),
            "these tests need a graphics adapter; a software one will do: apt-get install mesa-vulkan-drivers libvulkan1"
        );
        if !adapters.iter().any(|a| a.name.contains("SwiftShader")) {
            eprintln!("skipped: SwiftShader is not among the adapters; VK_DRIVER_FILES can list it");
        }
        let open = |index: usize, checked| {
            let options = Options {
                selector: Some(index.to_string()),
                checked,
                canaries: true,
                ..Options::default()
            };
            Arc::new(Gpu::open(options).unwrap())
        };
        let pairs = adapters.iter().map(|a| [true, false].map(|checked| open(a.index, checked)));
        pairs.flatten().collect()
    })
}

/// Every adapter, checked and unchecked, with every tuning that it supports.
pub(crate) fn settings() -> Vec<Setting> {
    let tunings = |gpu: &Arc<Gpu>| {
        let gpu = Arc::clone(gpu);
        let all = Tuning::supported(&gpu.adapter).into_iter();
        all.map(move |tuning| Setting {
            gpu: Arc::clone(&gpu),
            tuning,
        })
    };
    gpus().iter().flat_map(tunings).collect()
}

/// The settings of training, without bounds checks. For shapes that are there for their size, not for their edges:
/// a software adapter takes seconds to compile a kernel.
pub(crate) fn unchecked_settings() -> Vec<Setting> {
    let all = settings().into_iter();
    all.filter(|setting| !setting.gpu.options().checked)
        .collect()
}

/// Asserts that `check` finds nothing wrong in any of these settings.
#[track_caller]
pub(crate) fn assert_sound(
    what: &str,
    settings: &[Setting],
    check: impl Fn(&Setting) -> Result<Vec<Finding>>,
) {
    for setting in settings {
        let findings = check(setting).unwrap();
        assert!(!findings.is_empty(), "{what}: nothing was checked");
        for finding in findings {
            let Setting { gpu, tuning } = setting;
            let (name, checked) = (&gpu.adapter.name, gpu.options().checked);
            assert!(
                finding.fault.is_none() && finding.repeats && finding.worst <= 1.0,
                "{what} on {name}, checked: {checked}, {tuning:?}: {finding:?}"
            );
        }
    }
}

/// Asserts that `check` finds nothing wrong on any adapter, checked and unchecked, with any tuning.
#[track_caller]
pub(crate) fn assert_sound_everywhere(
    what: &str,
    check: impl Fn(&Setting) -> Result<Vec<Finding>>,
) {
    assert_sound(what, &settings(), check);
}
