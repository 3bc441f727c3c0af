//! From a file and flags to a configuration, and what is refused on the way.

use super::keys::{MEASURED, NETWORK, TUNING, check_keys, from_table};
use super::range::range;
use super::{Config, MAX_BATCH, METHOD_KEYS, Method, PruneConfig, recipe};
use crate::error::{Error, Result};
use crate::net::Structure;
use std::path::Path;
use toml::{Table, Value};

/// The section of pruning, and the key of its method.
const PRUNE: &str = "prune";
const METHOD: &str = "prune.method";

impl Config {
    /// Defaults, then the file or the [`Recipe`](super::Recipe) of that name, then the edits, the later over the earlier. The
    /// keys of a [`Method`] lie just below those of the file that names it, or of the edits that name another one.
    ///
    /// The tuning file that they name is read, unless a run's configuration has what it held.
    ///
    /// A name with a path separator in it, or `.toml` at its end, is that of a file.
    ///
    /// # Errors
    /// No such recipe, a file that cannot be read, a key that does not exist, or a value out of range; the message names it.
    pub fn resolve(file: Option<&Path>, edits: &[(String, Value)]) -> Result<Self> {
        let (mut table, source) = match file {
            Some(name) => recipe::read(name)?,
            None => (Table::new(), "the configuration".to_owned()),
        };
        let defaults = Self::default().to_table();
        check_keys(&table, &defaults, "", &source)?;
        from_table(&table, &source)?;
        let named = named_method(&table).unwrap_or_else(|| Self::default().prune.method);
        let own = table.insert(PRUNE.to_owned(), preset(&named)?.into());
        lay(&mut table, own);
        let edits: Vec<(String, Value)> = edits.iter().flat_map(single_keys).collect();
        if let Some((_, Value::String(method))) = edits.iter().rfind(|(key, _)| key == METHOD)
            && *method != named
        {
            lay(&mut table, Some(preset(method)?.into()));
        }
        for (key, value) in &edits {
            if key == "model" {
                table.remove(NETWORK);
            }
            // The sum is that of another file.
            if let ("prune.autos_model", Some(Value::Table(prune))) =
                (key.as_str(), table.get_mut(PRUNE))
            {
                prune.remove("autos_sha256");
            }
            if let ("tuning.file", Some(Value::Table(tuning))) =
                (key.as_str(), table.get_mut(TUNING))
            {
                tuning.remove(MEASURED);
            }
            set(&mut table, key, value.clone())?;
        }
        check_keys(&table, &defaults, "", "the configuration")?;
        follow_pattern(&mut table);
        let mut config = from_table(&table, "the configuration")?;
        config.check()?;
        config.tuning.read()?;
        config.prune.find_regressor()?;
        Ok(config)
    }

    /// All keys with their values.
    ///
    /// # Panics
    /// If the seed is above [`i64::MAX`], which TOML cannot write and [`Config::resolve`] does not give.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.to_table()).expect("a table without exotic keys")
    }

    fn to_table(&self) -> Table {
        Table::try_from(self)
            .expect("a seed up to i64::MAX, and every other field has a TOML value")
    }

    /// Refuses values that no run can use.
    fn check(&self) -> Result<()> {
        let Self {
            data,
            train,
            optimiser,
            learning_rate,
            prune,
            ..
        } = self;
        prune.check()?;
        range(
            "train.batch",
            train.batch.into(),
            1.0,
            MAX_BATCH.into(),
            false,
        )?;
        range(
            "train.label_smoothing",
            train.label_smoothing.into(),
            0.0,
            1.0,
            true,
        )?;
        range("data.crop", data.crop.into(), 0.0, 1024.0, false)?;
        range("data.size", data.size.into(), 1.0, 1024.0, false)?;
        range("data.test_share", data.test_share, 0.01, 0.99, false)?;
        range("data.rotation", data.rotation, 0.0, 180.0, false)?;
        range("data.translation", data.translation, 0.0, 1.0, true)?;
        range("data.brightness", data.brightness, 0.0, 1.0, false)?;
        range("data.contrast", data.contrast, 0.0, 1.0, false)?;
        range("data.saturation", data.saturation, 0.0, 1.0, false)?;
        range("data.hue", data.hue, 0.0, 0.5, false)?;
        range("data.erase", data.erase, 0.0, 1.0, false)?;
        optimiser.check()?;
        learning_rate.check()?;
        Ok(())
    }
}

/// The method that a file names.
fn named_method(table: &Table) -> Option<String> {
    Some(table.get(PRUNE)?.get("method")?.as_str()?.to_owned())
}

/// The keys of `[prune]` that a method stands for.
fn preset(method: &str) -> Result<Table> {
    let mut keys = Table::try_from(PruneConfig::default()).expect("every field has a TOML value");
    keys.retain(|key, _| METHOD_KEYS.contains(&key));
    keys.extend(Method::find(method)?.file().prune);
    Ok(keys)
}

/// Where nobody says how sparse, a pattern does.
fn follow_pattern(table: &mut Table) {
    let Some(Value::Table(prune)) = table.get_mut(PRUNE) else {
        return;
    };
    let structure = prune.get("structure").and_then(Value::as_str);
    let structure = structure.and_then(|text| text.parse::<Structure>().ok());
    if let Some(sparsity) = structure.and_then(Structure::sparsity) {
        prune.entry("sparsity").or_insert(sparsity.into());
    }
}

/// Lays keys of `[prune]` over those in `table`.
fn lay(table: &mut Table, over: Option<Value>) {
    if let (Some(Value::Table(under)), Some(Value::Table(over))) = (table.get_mut(PRUNE), over) {
        under.extend(over);
    }
}

/// An edit of the section of pruning as one of each key in it.
fn single_keys((key, value): &(String, Value)) -> Vec<(String, Value)> {
    match value {
        Value::Table(keys) if key == PRUNE => {
            let each =
                |(name, value): (&String, &Value)| (format!("{PRUNE}.{name}"), value.clone());
            keys.iter().map(each).collect()
        }
        _ => vec![(key.clone(), value.clone())],
    }
}

/// Sets `a.b.c` in nested tables.
fn set(table: &mut Table, key: &str, value: Value) -> Result<()> {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
            Ok(())
        }
        Some((section, rest)) => {
            let inner = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            match inner {
                Value::Table(inner) => set(inner, rest, value),
                _ => Err(Error::config(
                    format!("{section} is set to a value, so {key} cannot be set"),
                    format!("set only keys of {section}, not {section} itself"),
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(key: &str, value: impl Into<Value>) -> Result<Config> {
        Config::resolve(None, &[(key.to_owned(), value.into())])
    }

    #[test]
    fn the_saved_copy_reads_back_as_the_same_configuration() {
        let config = edit("data.rotation", 10.5).expect("a rotation");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        std::fs::write(&path, config.to_toml()).expect("written");
        assert_eq!(
            Config::resolve(Some(&path), &[]).expect("read back"),
            config
        );
        assert!(
            config.to_toml().contains("momentum = 0.9\n"),
            "{}",
            config.to_toml()
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = edit("prune.sparisty", 0.5).expect_err("a typing error");
        assert!(
            error.what.contains("prune.sparisty") && error.help.contains("prune.sparsity"),
            "{error}"
        );
        assert!(
            edit("prun.sparsity", 0.5)
                .expect_err("a section")
                .help
                .contains("prune")
        );
    }

    #[test]
    fn a_wrong_flag_is_not_blamed_on_a_file_that_is_right() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "seed = 1\n").expect("written");
        let flag = ("prune.schedule".to_owned(), "sometimes".into());
        let error = Config::resolve(Some(file.path()), &[flag]).expect_err("no such schedule");
        assert!(error.what.starts_with("the configuration: "), "{error}");
    }

    #[test]
    fn values_out_of_range_or_of_the_wrong_kind_are_refused_by_name() {
        let wrong: [(&str, Value); 9] = [
            ("prune.sparsity", 1.0.into()),
            ("prune.sparsity", f64::NAN.into()),
            ("prune.sparsity", (-0.1).into()),
            ("train.batch", 0.into()),
            ("train.length", "10 minutes".into()),
            ("prune.every", "often".into()),
            ("prune.every", "0it".into()),
            ("prune.method", "sometimes".into()),
            ("seed", "seven".into()),
        ];
        for (key, value) in wrong {
            let error = edit(key, value.clone()).expect_err(key);
            let field = key.rsplit('.').next().unwrap_or(key);
            assert!(error.what.contains(field), "{key} = {value}: {error}");
        }
    }

    #[test]
    fn parts_of_methods_that_do_not_go_together_are_refused() {
        let layers = |value: Value| Value::Table([("fc3".to_owned(), value)].into_iter().collect());
        let wrong: [(&str, &str, Value, &str); 24] = [
            (
                "snip",
                "structure",
                "2:4".into(),
                "prune.criterion = \"snip\"",
            ),
            (
                "set",
                "structure",
                "filter".into(),
                "prune.regrow = \"random\"",
            ),
            (
                "random-erk",
                "structure",
                "filter".into(),
                "prune.criterion",
            ),
            ("rigl", "structure", "2:4".into(), "prune.regrow"),
            ("agp", "structure", "4:2".into(), "\"4:2\" is no pattern"),
            (
                "agp",
                "structure",
                "rows".into(),
                "\"rows\" is no structure",
            ),
            ("rigl", "scope", "layer".into(), "sparse_start is \"erk\""),
            (
                "progressive",
                "sparse_start",
                "erk".into(),
                "prune.initial is 0",
            ),
            ("dense", "regrow", "random".into(), "prune.schedule is none"),
            (
                "granet",
                "criterion",
                "snip".into(),
                "prune.criterion \"snip\"",
            ),
            ("lth", "regrow", "gradient".into(), "let none grow"),
            ("lth", "schedule", "cubic".into(), "prune.schedule is cubic"),
            ("dense", "rewind", "soon".into(), "prune.rewind"),
            ("snip", "iterations", 0.into(), "prune.iterations is 0"),
            ("lth", "round_share", 1.0.into(), "prune.round_share is 1"),
            (
                "granet",
                "criterion",
                "movement".into(),
                "where weights began",
            ),
            ("agp", "narrow", true.into(), "is not pruned"),
            (
                "agp",
                "biases",
                true.into(),
                "prune.criterion = \"magnitude\"",
            ),
            (
                "grasp",
                "biases",
                true.into(),
                "prune.criterion = \"grasp\"",
            ),
            (
                "small-dense",
                "structure",
                "filter".into(),
                "no share of weights",
            ),
            ("small-dense", "layers", layers(0.5.into()), "fc3 = 0.5"),
            (
                "lth",
                "layers",
                layers(0.5.into()),
                "prune.scope is \"global\"",
            ),
            (
                "agp",
                "layers",
                layers(1.5.into()),
                "prune.layers.fc3 is 1.5",
            ),
            (
                "agp",
                "layers",
                layers("half".into()),
                "a number for each layer",
            ),
        ];
        for (method, key, value, words) in wrong {
            let method = ("prune.method".to_owned(), method.into());
            let edits = [method, (format!("prune.{key}"), value)];
            let error = Config::resolve(None, &edits).expect_err(words);
            assert!(
                error.what.contains(words) && !error.help.is_empty(),
                "{error}"
            );
        }
    }

    #[test]
    fn values_of_the_wrong_kind_are_refused_in_plain_words() {
        let wrong: [(&str, Value, &str); 9] = [
            (
                "seed",
                (-1).into(),
                "seed is -1, but it must be a whole number from 0 to 9223372036854775807",
            ),
            ("seed", 1.5.into(), "a whole number"),
            (
                "train.batch",
                "many".into(),
                "train.batch is \"many\", but it must be a whole number from 0 to 4294967295",
            ),
            ("train.batch", (1_i64 << 32).into(), "a whole number"),
            ("prune.sparsity", "half".into(), "a number"),
            ("optimiser.nesterov", "yes".into(), "true or false"),
            (
                "train.length",
                10.into(),
                "train.length is 10, but it must be text",
            ),
            ("prune.method", 1.into(), "text"),
            ("learning_rate.milestones", 3.into(), "a list"),
        ];
        for (key, value, words) in wrong {
            let error = edit(key, value).expect_err(key);
            assert!(error.what.contains(words), "{error}");
        }
        assert!(
            edit("prune.sparsity", 0).is_ok(),
            "a whole number is a number"
        );
    }
}
