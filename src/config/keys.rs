//! Which keys a configuration has, and of which kind their values are.

use super::Config;
use crate::error::{Error, Result};
use crate::nearest::{known_names, nearest};
use toml::{Table, Value};

/// The key of a network that came from a file.
pub(super) const NETWORK: &str = "network";

/// The key of the sparsities of single layers.
const LAYERS: &str = "prune.layers";

/// The section with the choices of a tuning file, and their key there.
pub(super) const TUNING: &str = "tuning";
pub(super) const MEASURED: &str = "measured";

/// What a table says over the defaults; `source` is what an error blames.
pub(super) fn from_table(table: &Table, source: &str) -> Result<Config> {
    Value::Table(table.clone()).try_into().map_err(|error: toml::de::Error| {
        let text = error.to_string();
        // unknown variant `globl`, expected one of `global`, `layer` in `prune.scope`
        if let ["unknown variant ", word, expected, rest @ ..] = &text.split('`').collect::<Vec<_>>()[..]
            && expected.starts_with(", expected ")
            && let [known @ .., key] = &rest.iter().step_by(2).copied().collect::<Vec<_>>()[..]
        {
            return Error::config(
                format!("{source}: {key} is {word:?}, which it cannot be"),
                known_names(word, "its values", known.iter().copied()),
            );
        }
        Error::config(
            format!("{source}: {}", text.trim().replace('\n', " ")),
            "`wgprune train --help` lists the flags; a run's config.toml shows every key with a value",
        )
    })
}

/// Refuses keys that the defaults do not have, with the nearest one that they have.
pub(crate) fn check_keys(table: &Table, known: &Table, prefix: &str, source: &str) -> Result<()> {
    for (key, value) in table {
        // Their keys are those of layers and of a tuning file.
        let path = format!("{prefix}{key}");
        if path == NETWORK {
            continue;
        }
        if path == LAYERS {
            check_layers(value, source)?;
            continue;
        }
        if path == format!("{TUNING}.{MEASURED}") {
            check_measured(value, source)?;
            continue;
        }
        let Some(default) = known.get(key) else {
            let keys: Vec<&str> = known.keys().map(String::as_str).collect();
            let help = match nearest(key, keys.iter().copied()) {
                Some(guess) => format!("did you mean {prefix}{guess}?"),
                None => format!("known there: {}", keys.join(", ")),
            };
            return Err(Error::config(
                format!("{source}: there is no key {prefix}{key}"),
                help,
            ));
        };
        match (value, default) {
            (Value::Table(inner), Value::Table(known)) => {
                check_keys(inner, known, &format!("{prefix}{key}."), source)?;
            }
            (_, Value::Table(known)) => {
                let keys: Vec<String> =
                    known.keys().map(|k| format!("{prefix}{key}.{k}")).collect();
                return Err(Error::config(
                    format!("{source}: {prefix}{key} is a section, not a value"),
                    format!("set one of its keys: {}", keys.join(", ")),
                ));
            }
            (Value::Table(_), _) => {
                return Err(Error::config(
                    format!("{source}: {prefix}{key} is a value, not a section"),
                    format!("for example {prefix}{key} = {default}"),
                ));
            }
            _ => check_kind(value, default, &format!("{prefix}{key}"), source)?,
        }
    }
    Ok(())
}

/// Refuses what is no sparsity of a layer.
fn check_layers(value: &Value, source: &str) -> Result<()> {
    let is_number = |value: &Value| value.is_float() || value.is_integer();
    if matches!(value, Value::Table(layers) if layers.values().all(is_number)) {
        return Ok(());
    }
    Err(Error::config(
        format!("{source}: {LAYERS} is {value}, but it must have a number for each layer"),
        format!("for example {LAYERS} = {{ fc3 = 0.5 }}, or --set '{LAYERS}={{fc3=0.5}}'"),
    ))
}

/// Refuses what earlier versions wrote there, a list.
fn check_measured(value: &Value, source: &str) -> Result<()> {
    if value.is_table() {
        return Ok(());
    }
    Err(Error::config(
        format!("{source}: {TUNING}.{MEASURED} is of an earlier version of wgprune"),
        "remove it; then tuning.file is read, which is to be measured again with `wgprune bench kernel --write-tuning FILE`",
    ))
}

/// Refuses a value of another kind than the default in plain words; serde's own name the types of Rust.
pub(crate) fn check_kind(value: &Value, default: &Value, key: &str, source: &str) -> Result<()> {
    // Only the seed is wider than 32 bits.
    let most = if key == "seed" {
        i64::MAX
    } else {
        u32::MAX.into()
    };
    let (fits, wanted) = match default {
        Value::Integer(_) => (
            value
                .as_integer()
                .is_some_and(|number| (0..=most).contains(&number)),
            format!("a whole number from 0 to {most}"),
        ),
        Value::Float(_) => (value.is_float() || value.is_integer(), "a number".into()),
        Value::Boolean(_) => (value.is_bool(), "true or false".into()),
        Value::Array(_) => (value.is_array(), "a list".into()),
        _ => (value.is_str(), "text".into()),
    };
    if fits {
        return Ok(());
    }
    Err(Error::config(
        format!("{source}: {key} is {value}, but it must be {wanted}"),
        format!("for example {key} = {default}"),
    ))
}
