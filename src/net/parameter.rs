//! One parameter: its name and shape in files, and how its elements lie on the device.

use super::Shape;

/// What a parameter is to its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A convolution's kernel.
    ConvWeight,
    /// A linear layer's matrix.
    LinearWeight,
    /// Added to the output; pruned only where it is asked for.
    Bias,
    /// What a batch norm multiplies a channel by.
    Scale,
    /// What a batch norm adds to a channel.
    Shift,
    /// Mean of a channel over past batches, which evaluation normalises by.
    RunningMean,
    /// Variance of a channel over past batches.
    RunningVariance,
}

/// A named tensor that training changes: by gradients, but for the running statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// As PyTorch names it, for example `conv1.weight`.
    pub name: String,
    /// As PyTorch shapes it: O·I·H·W, out·in, or out.
    pub shape: Vec<u32>,
    /// What it is.
    pub role: Role,
    /// Inputs of one output of its layer.
    pub fan_in: u32,
    /// Outputs that one input of its layer reaches.
    pub fan_out: u32,
    /// Whether pruning may remove elements.
    pub(super) prunable: bool,
    /// Extents in file order (output, channel, row, column).
    extents: [u32; 4],
}

impl Parameter {
    pub(super) fn conv2d(layer: &str, [outputs, inputs, kernel]: [u32; 3]) -> Self {
        let extents = [outputs, inputs, kernel, kernel];
        Self {
            name: format!("{layer}.weight"),
            shape: extents.to_vec(),
            role: Role::ConvWeight,
            fan_in: inputs * kernel * kernel,
            fan_out: outputs * kernel * kernel,
            prunable: true,
            extents,
        }
    }

    /// `from` is the image that the layer's flat input was.
    pub(super) fn linear(layer: &str, outputs: u32, from: Shape) -> Self {
        Self {
            name: format!("{layer}.weight"),
            shape: vec![outputs, from.len()],
            role: Role::LinearWeight,
            fan_in: from.len(),
            fan_out: outputs,
            prunable: true,
            extents: [outputs, from.c, from.h, from.w],
        }
    }

    pub(super) fn bias(layer: &str, weight: &Self) -> Self {
        let outputs = weight.shape[0];
        Self {
            name: format!("{layer}.bias"),
            shape: vec![outputs],
            role: Role::Bias,
            prunable: false,
            extents: [outputs, 1, 1, 1],
            ..weight.clone()
        }
    }

    /// Scale, shift and running statistics of a batch norm. `from` is the image that the row is which it reads, or a
    /// row of channels.
    pub(super) fn batch_norm(layer: &str, from: Shape) -> [Self; 4] {
        [
            ("weight", Role::Scale),
            ("bias", Role::Shift),
            ("running_mean", Role::RunningMean),
            ("running_var", Role::RunningVariance),
        ]
        .map(|(kind, role)| Self {
            name: format!("{layer}.{kind}"),
            shape: vec![from.len()],
            role,
            fan_in: 1,
            fan_out: 1,
            prunable: false,
            extents: [1, from.c, from.h, from.w],
        })
    }

    /// Number of elements.
    pub fn len(&self) -> u32 {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is a convolution's kernel or a linear layer's matrix.
    pub fn is_weight(&self) -> bool {
        matches!(self.role, Role::ConvWeight | Role::LinearWeight)
    }

    /// Whether pruning may remove elements.
    pub fn is_prunable(&self) -> bool {
        self.prunable
    }

    /// Whether it is a weight that pruning leaves as it is.
    pub fn is_excluded(&self) -> bool {
        self.is_weight() && !self.prunable
    }

    /// The inputs of an output as channels, and positions of each. Weights lie by position, then channel, and neighbours are
    /// those of a channel, and then those of the next one. In a convolution, neighbours have one place in the window: so each
    /// channel there is one of this kind, with a single position.
    pub(super) fn inputs(&self) -> [u32; 2] {
        let [_, channels, rows, columns] = self.extents;
        match self.role {
            Role::LinearWeight => [channels, rows * columns],
            _ => [rows * columns * channels, 1],
        }
    }

    /// Whether steps change it by its gradient; the running statistics follow the batches instead.
    pub fn is_trainable(&self) -> bool {
        !matches!(self.role, Role::RunningMean | Role::RunningVariance)
    }

    /// Calls `visit(file, device)` with the positions of every element: files are (output, channel, row, column),
    /// the device (row, column, channel, output).
    fn for_each_place(&self, mut visit: impl FnMut(usize, usize)) {
        let [outputs, channels, rows, columns] = self.extents.map(|extent| extent as usize);
        let mut file = 0;
        for output in 0..outputs {
            for channel in 0..channels {
                for row in 0..rows {
                    for column in 0..columns {
                        visit(
                            file,
                            ((row * columns + column) * channels + channel) * outputs + output,
                        );
                        file += 1;
                    }
                }
            }
        }
    }

    /// Elements from file order into the device's.
    pub fn to_device<T: Copy + Default>(&self, values: &[T]) -> Vec<T> {
        let mut moved = vec![T::default(); values.len()];
        self.for_each_place(|file, device| moved[device] = values[file]);
        moved
    }

    /// Elements from the device's order into that of files.
    pub fn to_file<T: Copy + Default>(&self, values: &[T]) -> Vec<T> {
        let mut moved = vec![T::default(); values.len()];
        self.for_each_place(|file, device| moved[file] = values[device]);
        moved
    }
}
