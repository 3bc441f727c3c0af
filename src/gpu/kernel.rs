//! A kernel: one WGSL file with the shared text it needs appended.

/// WGSL text with one entry point named `main`. Made by the macro `kernel!`.
///
/// Shared text comes after the kernel, so line numbers in a compiler message are those of the kernel's own file.
///
/// Kernels run without bounds checks, so only this crate can make one:
///
/// ```compile_fail
/// let kernel = wgprune::gpu::Kernel { name: "mine", variant: "", source: "" };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    pub(crate) name: &'static str,
    /// What tells this variant from others of the same name, or "".
    pub(crate) variant: &'static str,
    pub(crate) source: &'static str,
}

impl Kernel {
    /// Stem of the file under `shaders/`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The joined WGSL text.
    pub fn source(&self) -> &'static str {
        self.source
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
}

/// `kernel!("name", "shared", ...)`: the file `shaders/name.wgsl`, then each `shaders/shared/shared.wgsl`.
/// `kernel!("name" / "variant" = "text", "shared", ...)` names a variant and adds its constants.
macro_rules! kernel {
    ($name:literal $(, $shared:literal)* $(,)?) => { kernel!($name / "" = "" $(, $shared)*) };
    ($name:literal / $variant:expr_2021 => $text:expr_2021) => {
        $crate::gpu::Kernel { name: $name, variant: $variant, source: $text }
    };
    ($name:literal / $variant:literal = $constants:expr_2021 $(, $shared:literal)*) => {
        $crate::gpu::Kernel {
            name: $name,
            variant: $variant,
            source: concat!(
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $name, ".wgsl")),
                $("\n", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/shared/", $shared, ".wgsl")),)*
                "\n", $constants, "\n"
            ),
        }
    };
}
pub(crate) use kernel;
