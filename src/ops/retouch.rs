//! Jitters the colours of a batch, erases a rectangle of its images, and normalises them.

use super::StepParams;
use crate::gpu::{Constant, Grid, Kernel, Plan, Tensor, kernel};

const KERNEL: Kernel = kernel!("retouch", "step", "sample", "philox", "hue");

/// Invocations that share an image. Few, as what an adapter on a CPU spends on small images is mostly their barriers.
const WIDTH: u32 = 64;

/// Geometry of a batch, N·H·W·C, and what happens to its images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retouch {
    /// Rows of the batch.
    pub n: u32,
    /// Height of the images.
    pub h: u32,
    /// Width of the images.
    pub w: u32,
    /// Channels of the images: 3, for red, green and blue, or 1.
    pub c: u32,
    /// First.
    pub jitter: ColorJitter,
    /// Then.
    pub erasing: RandomErasing,
}

/// Random changes of colours, one of each kind and in a random order for each sample and epoch, as torchvision's
/// `ColorJitter` computes them for images of floats: nothing is rounded to bytes on the way.
///
/// Brightness, contrast and saturation blend with black, with the mean grey of the image, and with the grey of the pixel.
/// Their factors are drawn evenly between 1 less and 1 more than what stands here. At 0 a kind changes nothing, nor do
/// saturation and hue where there is but one channel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ColorJitter {
    /// At most 1.
    pub brightness: f64,
    /// At most 1.
    pub contrast: f64,
    /// At most 1.
    pub saturation: f64,
    /// Shifts are drawn evenly from minus to plus this share of the colour circle; at most one half.
    pub hue: f64,
}

/// Random erasing (Zhong et al. 2020, section 3): one rectangle, of a size and at a place that are drawn for each sample
/// and epoch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RandomErasing {
    /// Share of the images that lose a rectangle.
    pub probability: f64,
    /// Whether the rectangle takes the mean colour of the data set, which is 0 once an image is normalised; otherwise it
    /// is black.
    pub to_mean: bool,
}

impl RandomErasing {
    /// Smallest and largest share of the image's area.
    const AREA: [f64; 2] = [0.02, 0.33];
    /// Smallest and largest ratio of height to width, whose logarithm is even.
    const ASPECT: [f64; 2] = [0.3, 3.3];
    /// Steps of area, and as many of aspect, that sizes are drawn from.
    const STEPS: u32 = 64;

    /// A rectangle is erased if the upper 24 bits of a random word are below this.
    pub fn threshold(&self) -> u32 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 2^24"
        )]
        let threshold = (self.probability * f64::from(1u32 << 24)).round() as u32;
        threshold
    }
}

impl Retouch {
    /// Factors of each kind to draw from. At a factor of up to 2, steps of half a level of a byte.
    pub const LEVELS: u32 = 1024;

    /// Whether an image may come out as more than normalised.
    pub fn is_needed(&self) -> bool {
        self.jitters() || self.erasing.probability > 0.0
    }

    fn jitters(&self) -> bool {
        self.jitter != ColorJitter::default()
    }

    /// Factors of brightness, contrast and saturation and shifts of hue, [`LEVELS`](Self::LEVELS) of each. The device
    /// draws places in this table, so that every adapter has the same factors.
    pub fn factors(&self) -> Vec<f32> {
        let ColorJitter {
            brightness,
            contrast,
            saturation,
            hue,
        } = self.jitter;
        let colored = if self.c == 1 { 0.0 } else { 1.0 };
        let kinds = [
            (1.0, brightness),
            (1.0, contrast),
            (1.0, saturation * colored),
            (0.0, hue * colored),
        ];
        let level = |i: u32| 2.0 * f64::from(i) / f64::from(Self::LEVELS - 1) - 1.0;
        let even = |(center, reach)| (0..Self::LEVELS).map(move |i| center + reach * level(i));
        #[allow(clippy::cast_possible_truncation, reason = "rounding to f32")]
        let factors = kinds.into_iter().flat_map(even).map(|factor| factor as f32);
        factors.collect()
    }

    /// Rows and columns of the rectangles to draw from: even steps of area and of the logarithm of the aspect, less those
    /// that are not smaller than the image along both axes, as torchvision's `RandomErasing` draws again until one is. For
    /// an image so long and thin that none is, and where none is erased, one of no pixels.
    pub fn sizes(&self) -> Vec<[u32; 2]> {
        let all = (0..RandomErasing::STEPS * RandomErasing::STEPS).map(|i| self.size(i));
        let fits = |&[rows, columns]: &[u32; 2]| rows < self.h && columns < self.w;
        let fitting: Vec<[u32; 2]> = all.filter(fits).collect();
        if fitting.is_empty() || self.erasing.probability == 0.0 {
            vec![[0, 0]]
        } else {
            fitting
        }
    }

    /// One of all sizes, whether it fits or not; computed by `libm`, so the same on every machine.
    fn size(&self, i: u32) -> [u32; 2] {
        let between = |[low, high]: [f64; 2], step: u32| {
            low + (high - low) * (f64::from(step) + 0.5) / f64::from(RandomErasing::STEPS)
        };
        let share = between(RandomErasing::AREA, i / RandomErasing::STEPS);
        let log_aspect = RandomErasing::ASPECT.map(libm::log);
        let aspect = libm::exp(between(log_aspect, i % RandomErasing::STEPS));
        let area = share * f64::from(self.h) * f64::from(self.w);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "pixels along an axis"
        )]
        [area * aspect, area / aspect].map(|square| libm::round(libm::sqrt(square)) as u32)
    }

    /// `x` (colours from 0 to 255), the sample `order` (u32), `step`, `scale` (as [`GatherBatch::scale`] has it),
    /// [`factors`](Self::factors) and [`sizes`](Self::sizes) give `y`, retouched and normalised.
    ///
    /// [`GatherBatch::scale`]: super::GatherBatch::scale
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry, or images have neither 1 nor 3 channels.
    pub fn record(&self, plan: &mut Plan, inputs: [&Tensor; 6], y: &Tensor) {
        assert!(
            matches!(self.c, 1 | 3),
            "{} channels are no colours",
            self.c
        );
        let [x, order, step, scale, factors, sizes] = inputs;
        for batch in [x, y] {
            batch.expect_len(&[self.n, self.h, self.w, self.c]);
        }
        step.expect_len(&[StepParams::LEN]);
        scale.expect_len(&[2, self.c]);
        factors.expect_len(&[4, Self::LEVELS]);
        let count = u32::try_from(self.sizes().len()).expect("a few thousand");
        sizes.expect_len(&[count, 2]);
        let constants: [Constant; 11] = [
            ("N", self.n),
            ("H", self.h),
            ("W", self.w),
            ("C", self.c),
            ("ORDER", order.len()),
            ("JITTERS", self.jitters().into()),
            ("LEVELS", Self::LEVELS),
            ("SIZES", count),
            ("ERASED", self.erasing.threshold()),
            ("ERASES_TO_MEAN", self.erasing.to_mean.into()),
            ("WORKGROUP_SIZE", WIDTH),
        ]
        .map(|(name, value)| (name, value.into()));
        let tensors = [x, order, step, scale, factors, sizes, y];
        plan.dispatch(&KERNEL, &constants, &tensors, Grid::groups(self.n, 1));
    }
}
