//! What the values of flags may be.

use std::ops::RangeInclusive;
use toml::Value;
use wgprune::autos::HELD_OUT;
use wgprune::config::MAX_BATCH;

/// A whole number; the messages of Rust's own parsers speak of digits and of types.
fn whole(text: &str, range: RangeInclusive<i64>) -> Result<i64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        format!(
            "write a whole number from {} to {}",
            range.start(),
            range.end()
        )
    })
}

pub(super) fn count(text: &str) -> Result<i64, String> {
    whole(text, 1..=u32::MAX.into())
}

pub(super) fn batch(text: &str) -> Result<i64, String> {
    whole(text, 1..=MAX_BATCH.into())
}

pub(super) fn bad_files(text: &str) -> Result<i64, String> {
    whole(text, 0..=u32::MAX.into())
}

pub(super) fn keep(text: &str) -> Result<u32, String> {
    whole_from(1, text)
}

/// So many that one of them is held out.
pub(super) fn samples(text: &str) -> Result<u32, String> {
    whole_from(HELD_OUT.into(), text)
}

/// TOML has integers of 64 bits with a sign, so that more could not be saved.
pub(super) fn seed(text: &str) -> Result<i64, String> {
    whole(text, 0..=i64::MAX)
}

/// One of a list in a file of TOML.
pub(super) fn small_seed(text: &str) -> Result<u32, String> {
    whole_from(0, text)
}

fn whole_from(least: i64, text: &str) -> Result<u32, String> {
    let number = whole(text, least..=u32::MAX.into())?;
    u32::try_from(number).map_err(|error| error.to_string())
}

/// Bytes, in units of 2^20 or 2^30.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let parse = || {
        let unit = text.find(|c: char| c.is_alphabetic())?;
        let (number, unit) = text.split_at(unit);
        let unit = match unit.to_lowercase().as_str() {
            "mib" => 1_u64 << 20,
            "gib" => 1 << 30,
            _ => return None,
        };
        let number: f64 = number.trim().parse().ok()?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked, and a part of a byte is none"
        )]
        let bytes = (number * unit as f64) as u64;
        (number > 0.0 && bytes < 1 << 60).then_some(bytes)
    };
    parse().ok_or_else(|| "write a size in MiB or GiB, for example 2GiB".to_owned())
}

pub(super) fn number(text: &str) -> Result<f64, String> {
    text.parse()
        .map_err(|_| "write a number, for example 0.5".to_owned())
}

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let number = number(text)?;
    let is_some = (0.0..=86_400.0).contains(&number);
    is_some
        .then_some(number)
        .ok_or_else(|| "write seconds from 0 to 86400".to_owned())
}

/// `10%` or `0.1`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let parsed = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().map(|number: f64| number / 100.0),
        None => text.parse(),
    };
    let share = parsed
        .ok()
        .filter(|share: &f64| (0.0..=100.0).contains(share));
    share.ok_or_else(|| "write a share, for example 10%".to_owned())
}

pub(super) fn launches(text: &str) -> Result<u32, String> {
    let number = whole(text, 1..=1_000_000)?;
    u32::try_from(number).map_err(|error| error.to_string())
}

/// `key=value`, where the value is TOML, or a plain word that need not be quoted.
pub(super) fn key_and_value(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} has no `=`; write KEY=VALUE"))?;
    if key.trim().is_empty() {
        return Err(format!("{text:?} has no key; write KEY=VALUE"));
    }
    let table: Option<toml::Table> = format!("value = {value}").parse().ok();
    let parsed = table.and_then(|mut table| table.remove("value"));
    // No key is a time, but a pattern such as 10:16 reads like one.
    let parsed = parsed.filter(|value| !value.is_datetime());
    Ok((
        key.trim().to_owned(),
        parsed.unwrap_or_else(|| Value::String(value.trim().to_owned())),
    ))
}
