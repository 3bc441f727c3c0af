//! Fully connected layer.

use super::Write;
use super::product::{Extent, Operand, ProductKernel, product};
use crate::gpu::{Plan, Tensor};

const FORWARD: ProductKernel = product!("linear_forward");
const GRAD_INPUT: ProductKernel = product!("linear_grad_input");
const GRAD_WEIGHT: ProductKernel = product!("linear_grad_weight");

/// Geometry of a linear layer: `x` is N·C, `w` is C·K, `y` is N·K.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linear {
    /// Rows of the batch.
    pub n: u32,
    /// Inputs.
    pub c: u32,
    /// Outputs.
    pub k: u32,
}

impl Linear {
    /// `y = x w + bias`; `bias` has K elements.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn forward(
        &self,
        plan: &mut Plan,
        [x, w]: [&Tensor; 2],
        bias: Option<&Tensor>,
        y: &Tensor,
    ) {
        x.expect_len(&[self.n, self.c]);
        w.expect_len(&[self.c, self.k]);
        if let Some(bias) = bias {
            bias.expect_len(&[self.k]);
        }
        y.expect_len(&[self.n, self.k]);
        let extent = Extent {
            rows: self.n,
            columns: self.k,
            outer: 1,
            inner: self.c,
            left: Operand::Inner(self.c),
            right: Operand::Across(self.k),
        };
        let constants = [("HAS_BIAS", bias.is_some().into())];
        FORWARD.record(plan, extent, &constants, &[x, w, bias.unwrap_or(w), y]);
    }

    /// `dx` from `dy`; the first layer has no use for it.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_input(&self, plan: &mut Plan, [w, dy]: [&Tensor; 2], dx: &Tensor, write: Write) {
        w.expect_len(&[self.c, self.k]);
        dy.expect_len(&[self.n, self.k]);
        dx.expect_len(&[self.n, self.c]);
        let extent = Extent {
            rows: self.n,
            columns: self.c,
            outer: 1,
            inner: self.k,
            left: Operand::Inner(self.k),
            right: Operand::Inner(self.k),
        };
        GRAD_INPUT.record(plan, extent, &[write.constant()], &[dy, w, dx]);
    }

    /// `dw` and, where there is a bias, `dbias` from `dy`.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_weight(
        &self,
        plan: &mut Plan,
        [x, dy]: [&Tensor; 2],
        dw: &Tensor,
        dbias: Option<&Tensor>,
    ) {
        x.expect_len(&[self.n, self.c]);
        dy.expect_len(&[self.n, self.k]);
        dw.expect_len(&[self.c, self.k]);
        if let Some(dbias) = dbias {
            dbias.expect_len(&[self.k]);
        }
        // The outer loop is what slices cut.
        let inner = 1 << self.n.trailing_zeros().min(4);
        let extent = Extent {
            rows: self.c + u32::from(dbias.is_some()),
            columns: self.k,
            outer: self.n / inner,
            inner,
            left: Operand::Across(self.c),
            right: Operand::Across(self.k),
        };
        let constants = [("INPUTS", self.c.into())];
        GRAD_WEIGHT.record_sliced(plan, extent, &constants, [x, dy], dw, dbias);
    }
}
