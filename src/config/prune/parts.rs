//! Which parts of methods go together.

use super::{PruneConfig, Scope, SparseStart, name};
use crate::error::{Error, Result};
use crate::net::Structure;
use crate::ops::{Criterion, Evidence, Growth};
use crate::train::Curve;

impl PruneConfig {
    /// Refuses parts of methods that do not go together.
    pub(super) fn check_parts(&self) -> Result<()> {
        let refuse = |what: String, help: &str| Err(Error::config(what, help));
        let rewinds = self.rewinds()?.is_some();
        if self.regrow != Growth::None && !self.prunes() {
            return refuse(
                format!(
                    "prune.regrow is {}, but prune.schedule is none, so there is nothing to grow",
                    name(&self.regrow)
                ),
                "set prune.schedule to constant, or prune.regrow to none",
            );
        }
        self.check_control()?;
        if !self.prunes() {
            return self.check_narrow();
        }
        if self.narrow {
            return refuse(
                format!(
                    "prune.narrow is true, but prune.schedule is {}, and a narrow network is not pruned",
                    self.schedule
                ),
                "set prune.schedule to none, or prune.narrow to false",
            );
        }
        self.check_structure()?;
        self.check_layers()?;
        self.check_biases()?;
        if self.scope == Scope::Smart
            && (self.schedule != Curve::OneShot || self.iterations > 1 || rewinds)
        {
            return refuse(
                "prune.scope is \"smart\", by which a layer may keep more where all together keep less, so masks cannot shrink"
                    .into(),
                "set prune.schedule to one-shot, prune.iterations to 1 and prune.rewind to never, or prune.scope to erk",
            );
        }
        if let Some(start) = self.sparse_start.scope() {
            if self.scope != Scope::Global && start != self.scope {
                return refuse(
                    format!(
                        "prune.sparse_start is {}, but prune.scope is {}, by which layers keep other numbers of weights",
                        name(&self.sparse_start),
                        name(&self.scope)
                    ),
                    "set both alike, or prune.scope to global",
                );
            }
            if self.initial == 0.0 && self.schedule != Curve::Constant {
                return refuse(
                    format!(
                        "prune.sparse_start is {}, but prune.initial is 0, so that all weights are there at the start",
                        name(&self.sparse_start)
                    ),
                    "set prune.initial above 0, or prune.schedule to constant, or prune.sparse_start to none",
                );
            }
        }
        if self.regrow != Growth::None && self.criterion.needs_start() {
            return refuse(
                format!(
                    "prune.criterion {} goes by where weights began, but prune.regrow is {}, and what grows begins at 0",
                    name(&self.criterion),
                    name(&self.regrow)
                ),
                "set prune.criterion to magnitude, or prune.regrow to none",
            );
        }
        if self.regrow == Growth::Gradient && self.criterion.evidence() != Evidence::None {
            return refuse(
                format!(
                    "prune.regrow is {}, but prune.criterion {} leaves other gradients than those of the step",
                    name(&self.regrow),
                    name(&self.criterion)
                ),
                "set prune.criterion to magnitude, or prune.regrow to random",
            );
        }
        if rewinds && (self.regrow != Growth::None || self.sparse_start != SparseStart::None) {
            return refuse(
                format!(
                    "prune.rewind is {}, but rounds begin with all weights and let none grow",
                    self.rewind
                ),
                "set prune.regrow and prune.sparse_start to none, or prune.rewind to never",
            );
        }
        if rewinds && self.schedule != Curve::Constant {
            return refuse(
                format!(
                    "prune.rewind is {}, but prune.schedule is {}, and rounds have a sparsity each",
                    self.rewind, self.schedule
                ),
                "set prune.schedule to constant, or prune.rewind to never",
            );
        }
        Ok(())
    }

    /// Refuses biases among the weights where these are not all ranked together by SNIP, as its authors have it.
    fn check_biases(&self) -> Result<()> {
        if !self.biases {
            return Ok(());
        }
        let parts = [
            ("criterion", name(&self.criterion), name(&Criterion::Snip)),
            ("scope", name(&self.scope), name(&Scope::Global)),
            ("regrow", name(&self.regrow), name(&Growth::None)),
            (
                "sparse_start",
                name(&self.sparse_start),
                name(&SparseStart::None),
            ),
        ];
        match parts.into_iter().find(|(_, is, may_be)| is != may_be) {
            None => Ok(()),
            Some((key, is, may_be)) => Err(Error::config(
                format!("prune.biases is true, which prune.{key} = {is} cannot have"),
                format!("set prune.{key} to {may_be}, or prune.biases to false"),
            )),
        }
    }

    /// Refuses what no number of channels could stand for.
    fn check_narrow(&self) -> Result<()> {
        let what = match (self.structure, self.layers.first_key_value()) {
            (Structure::Filter, _) => {
                "prune.structure is filter, so prune.sparsity is no share of weights".to_owned()
            }
            (_, Some((layer, sparsity))) => format!("prune.layers has {layer} = {sparsity}"),
            _ => return Ok(()),
        };
        if !self.narrow {
            return Ok(());
        }
        Err(Error::config(
            format!(
                "prune.narrow is true, for as many parameters as prune.sparsity leaves, but {what}"
            ),
            "leave it out, or set prune.narrow to false, as other methods than small-dense have it",
        ))
    }

    /// Refuses sparsities of single layers where the other parts have no place for them.
    fn check_layers(&self) -> Result<()> {
        let Some((layer, sparsity)) = self.layers.first_key_value() else {
            return Ok(());
        };
        let refuse = |why: &str, help: &str| {
            Err(Error::config(
                format!("prune.layers has {layer} = {sparsity}, but {why}"),
                format!("{help}, or leave prune.layers out"),
            ))
        };
        if self.scope != Scope::Layer {
            let why = format!("prune.scope is {}", name(&self.scope));
            return refuse(&why, "set prune.scope to layer");
        }
        if matches!(self.structure, Structure::Pattern { .. }) {
            let why = format!("prune.structure {} is the same for all", self.structure);
            return refuse(&why, "set prune.structure to none");
        }
        if self.sparsity == 0.0 {
            return refuse("prune.sparsity is 0", "set prune.sparsity above 0");
        }
        if self.iterations > 1 {
            let why = format!("prune.iterations is {}", self.iterations);
            return refuse(&why, "set prune.iterations to 1");
        }
        Ok(())
    }

    /// Refuses parts of methods that have no masks of this structure.
    fn check_structure(&self) -> Result<()> {
        let structure = self.structure;
        if structure == Structure::None {
            return Ok(());
        }
        let parts = [
            (
                "criterion",
                name(&self.criterion),
                name(&Criterion::Magnitude),
            ),
            ("regrow", name(&self.regrow), name(&Growth::None)),
            (
                "sparse_start",
                name(&self.sparse_start),
                name(&SparseStart::None),
            ),
        ];
        if let Some((key, is, may_be)) = parts.into_iter().find(|(_, is, may_be)| is != may_be) {
            return Err(Error::config(
                format!("prune.structure is {structure}, which prune.{key} = {is} cannot have"),
                format!("set prune.{key} to {may_be}, or prune.structure to none"),
            ));
        }
        if matches!(self.scope, Scope::Erk | Scope::Smart) {
            return Err(Error::config(
                format!(
                    "prune.structure is {structure}, but prune.scope is {}, by which layers keep other numbers of weights",
                    name(&self.scope)
                ),
                "set prune.scope to global or layer, or prune.structure to none",
            ));
        }
        match structure.sparsity() {
            Some(sparsity) if (self.sparsity - sparsity).abs() > 1e-12 => Err(Error::config(
                format!(
                    "prune.sparsity is {}, but prune.structure {structure} removes {sparsity} of all weights",
                    self.sparsity
                ),
                format!("leave prune.sparsity out, or set it to {sparsity}"),
            )),
            _ => Ok(()),
        }
    }
}
