//! A kernel: one WGSL file with the shared text it needs appended, and in a few variants the constants that cannot be
//! overrides.

use std::borrow::Cow;

/// WGSL text with one entry point named `main`. Made by the macro `kernel!`.
///
/// Shared text comes after the kernel, so line numbers in a compiler message are those of the kernel's own file.
///
/// Kernels run without bounds checks, so only this crate can make one:
///
/// ```compile_fail,E0451
/// let kernel = wgprune::gpu::Kernel { name: "mine", variant: "".into(), source: "".into() };
/// ```
#[derive(Debug, Clone)]
pub struct Kernel {
    pub(crate) name: &'static str,
    /// What tells this variant from others of the same name, or "".
    pub(crate) variant: Cow<'static, str>,
    pub(crate) source: Cow<'static, str>,
}

impl Kernel {
    /// Stem of the file under `shaders/`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The joined WGSL text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the text uses subgroup built-ins, and so needs a device that has them.
    pub fn uses_subgroups(&self) -> bool {
        self.source.contains("subgroup")
    }

    /// The name with its variant, as plans and errors print it.
    pub fn label(&self) -> String {
        if self.variant.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}/{}", self.name, self.variant)
        }
    }

    /// The variant with these declarations: lengths of arrays and types, which cannot be overrides.
    pub(crate) fn with(&self, variant: String, declarations: &str) -> Self {
        Self {
            name: self.name,
            variant: variant.into(),
            source: format!("{}\n{declarations}", self.source).into(),
        }
    }
}

/// `kernel!("name", "shared", ...)`: the file `shaders/name.wgsl`, then each `shaders/shared/shared.wgsl`.
/// `kernel!("name" => "text")`: this text.
macro_rules! kernel {
    ($name:literal $(, $shared:literal)* $(,)?) => {
        $crate::gpu::kernel!($name => concat!(
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $name, ".wgsl")),
            $("\n", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/shared/", $shared, ".wgsl")),)*
        ))
    };
    ($name:literal => $text:expr_2021) => {
        $crate::gpu::Kernel {
            name: $name,
            variant: std::borrow::Cow::Borrowed(""),
            source: std::borrow::Cow::Borrowed($text),
        }
    };
}
pub(crate) use kernel;
