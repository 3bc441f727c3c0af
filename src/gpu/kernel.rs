//! A kernel: one WGSL file with the shared text it needs appended.

use std::borrow::Cow;

/// WGSL text with one entry point named `main`. Made by the macro `kernel!`.
///
/// Shared text comes after the kernel, so line numbers in a compiler message are those of the kernel's own file.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// Stem of the file under `shaders/`.
    pub name: &'static str,
    /// What tells this variant from others of the same name, or "".
    pub variant: Cow<'static, str>,
    /// The joined WGSL text.
    pub source: Cow<'static, str>,
}

impl Kernel {
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
macro_rules! kernel {
    ($name:literal $(, $shared:literal)* $(,)?) => {
        $crate::gpu::Kernel {
            name: $name,
            variant: std::borrow::Cow::Borrowed(""),
            source: std::borrow::Cow::Borrowed(concat!(
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $name, ".wgsl")),
                $("\n", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/shared/", $shared, ".wgsl")),)*
            )),
        }
    };
}
pub(crate) use kernel;
