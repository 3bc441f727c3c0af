//! Fully connected layer.

use super::Write;
use super::product::{Extent, Operand, ProductKernel, product};
use crate::gpu::{Geometry, Plan, Tensor};

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
    pub fn forward(&self, plan: &mut Plan, xw: [&Tensor; 2], bias: Option<&Tensor>, y: &Tensor) {
        self.times(1).forward(plan, xw, bias, y);
    }

    /// `dx` from `dy`; the first layer has no use for it.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_input(&self, plan: &mut Plan, w_dy: [&Tensor; 2], dx: &Tensor, write: Write) {
        self.times(1).grad_input(plan, w_dy, dx, write);
    }

    /// `dw` and, where there is a bias, `dbias` from `dy`.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_weight(
        &self,
        plan: &mut Plan,
        x_dy: [&Tensor; 2],
        dw: &Tensor,
        dbias: Option<&Tensor>,
    ) {
        self.times(1).grad_weight(plan, x_dy, dw, dbias);
    }

    /// What its kernels are chosen for.
    pub fn geometry(&self) -> Geometry {
        let &Self { n, c, k } = self;
        Geometry::Linear { n, c, k }
    }

    /// So many of these in one launch, one behind the other in each tensor. Only one alone may have a bias.
    pub(super) fn times(self, batch: u32) -> LinearBatch {
        LinearBatch {
            batch,
            beside: 1,
            each: self,
        }
    }
}

/// Linear layers of one geometry, in one launch.
#[derive(Clone, Copy)]
pub(super) struct LinearBatch {
    batch: u32,
    beside: u32,
    each: Linear,
}

impl LinearBatch {
    /// The same, but so many at a time lie side by side: the first row of each, then the second one of each.
    ///
    /// # Panics
    /// If the layers are no whole number of such groups.
    pub(super) fn beside(self, beside: u32) -> Self {
        assert!(self.batch.is_multiple_of(beside), "groups are whole");
        Self { beside, ..self }
    }

    /// Of each direction.
    fn flops(self) -> u64 {
        let Linear { n, c, k } = self.each;
        2 * [self.batch, n, c, k].map(u64::from).iter().product::<u64>()
    }

    pub(super) fn forward(
        self,
        plan: &mut Plan,
        [x, w]: [&Tensor; 2],
        bias: Option<&Tensor>,
        y: &Tensor,
    ) {
        let Linear { n, c, k } = self.each;
        x.expect_len(&[self.batch, n, c]);
        w.expect_len(&[self.batch, c, k]);
        if let Some(bias) = bias {
            assert_eq!(self.batch, 1, "a bias belongs to one layer");
            bias.expect_len(&[k]);
        }
        y.expect_len(&[self.batch, n, k]);
        let extent = Extent {
            batch: self.batch,
            beside: self.beside,
            rows: n,
            columns: k,
            outer: 1,
            inner: c,
            left: Operand::Inner(c),
            right: Operand::Across(k),
            slide: None,
            flops: self.flops(),
        };
        let constants = [("HAS_BIAS", bias.is_some().into())];
        FORWARD.record(plan, extent, &constants, &[x, w, bias.unwrap_or(w), y]);
    }

    pub(super) fn grad_input(
        self,
        plan: &mut Plan,
        [w, dy]: [&Tensor; 2],
        dx: &Tensor,
        write: Write,
    ) {
        let Linear { n, c, k } = self.each;
        w.expect_len(&[self.batch, c, k]);
        dy.expect_len(&[self.batch, n, k]);
        dx.expect_len(&[self.batch, n, c]);
        let extent = Extent {
            batch: self.batch,
            beside: self.beside,
            rows: n,
            columns: c,
            outer: 1,
            inner: k,
            left: Operand::Inner(k),
            right: Operand::Inner(k),
            slide: None,
            flops: self.flops(),
        };
        GRAD_INPUT.record(plan, extent, &[write.constant()], &[dy, w, dx]);
    }

    pub(super) fn grad_weight(
        self,
        plan: &mut Plan,
        [x, dy]: [&Tensor; 2],
        dw: &Tensor,
        dbias: Option<&Tensor>,
    ) {
        let Linear { n, c, k } = self.each;
        x.expect_len(&[self.batch, n, c]);
        dy.expect_len(&[self.batch, n, k]);
        dw.expect_len(&[self.batch, c, k]);
        if let Some(dbias) = dbias {
            assert_eq!(self.batch, 1, "a bias belongs to one layer");
            dbias.expect_len(&[k]);
        }
        // The outer loop is what slices cut, and each of its turns costs a little.
        let inner = 1 << n.trailing_zeros().min(6);
        let extent = Extent {
            batch: self.batch,
            beside: self.beside,
            rows: c + u32::from(dbias.is_some()),
            columns: k,
            outer: n / inner,
            inner,
            left: Operand::Across(c),
            right: Operand::Across(k),
            slide: None,
            flops: self.flops(),
        };
        let constants = [("INPUTS", c.into())];
        GRAD_WEIGHT.record_sliced(plan, extent, &constants, [x, dy], dw, dbias);
    }
}
