//! Values that a configuration holds as text.

/// For a type that is parsed and displayed: what `#[serde(try_from = "String", into = "String")]` asks for.
macro_rules! as_text {
    ($of:ty) => {
        impl TryFrom<String> for $of {
            type Error = String;

            fn try_from(text: String) -> std::result::Result<Self, String> {
                text.parse()
            }
        }

        impl From<$of> for String {
            fn from(value: $of) -> Self {
                value.to_string()
            }
        }
    };
}

pub(crate) use as_text;
