//! What a session holds on the device and a run goes on from: weights, masks and the optimiser's state.

use super::super::checks::{check_state, check_values};
use super::super::evaluate::count;
use super::Session;
use crate::config::Config;
use crate::error::Result;
use crate::net::{Parameter, Placed, RunTensors};

/// One parameter with all that training remembers of it. Elements lie in the order of files.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterState {
    /// Name and shape.
    pub parameter: Parameter,
    /// Its weights.
    pub weights: Vec<f32>,
    /// 1 where an element is kept, 0 where pruning removed it.
    pub mask: Vec<u8>,
    /// Its part of each tensor of [`Session::state_names`].
    pub state: Vec<Vec<f32>>,
}

/// All parameters in PyTorch's order: what decides, together with a [`Position`](super::super::Position), everything
/// that follows in a run. Nothing in it depends on how the device lays it out.
pub type Snapshot = Vec<ParameterState>;

impl Session {
    /// Names of what the optimiser keeps for each element: its velocity, or the two moments of Adam.
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        self.tensors.state.iter().map(|tensor| tensor.name.as_str())
    }

    /// The parameters in PyTorch's order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        let placed = self.tensors.parameters.iter();
        placed.map(|placed| &placed.parameter)
    }

    /// Sets the initial weights that the seed means, a full mask and an optimiser at rest.
    ///
    /// # Errors
    /// The device was lost.
    pub fn initialise(&mut self, config: &Config) -> Result<()> {
        let values = config.init.values(self.parameters(), config.seed);
        self.set_weights(&values)
    }

    /// Sets all parameters, values in file order, with a full mask and an optimiser at rest.
    ///
    /// # Errors
    /// A value that is not finite, as steps keep finite what is, and pruning relies on it; or the device was lost.
    ///
    /// # Panics
    /// If there are more or fewer values than the parameters have.
    pub fn set_weights(&mut self, values: &[Vec<f32>]) -> Result<()> {
        check_values(self.parameters(), values)?;
        let moments = self.tensors.state.len();
        let fresh = |(parameter, weights): (&Parameter, &Vec<f32>)| ParameterState {
            parameter: parameter.clone(),
            weights: weights.clone(),
            mask: vec![1; weights.len()],
            state: vec![vec![0.0; weights.len()]; moments],
        };
        let snapshot: Snapshot = self.parameters().zip(values).map(fresh).collect();
        self.restore(&snapshot)
    }

    /// Puts everything on the device as it was when the snapshot was taken, from a session of the same network and kind
    /// of optimiser, on whichever adapter.
    ///
    /// # Errors
    /// A parameter that is not the session's, a number of elements that is not the parameter's, a value that is not
    /// finite, or the device was lost.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        check_state(self.parameters(), self.tensors.state.len(), snapshot)?;
        let RunTensors {
            weights,
            state,
            mask,
            mask_before,
            kept,
            histogram,
            fault,
            parameters,
            ..
        } = &self.tensors;
        let elements = weights.len() as usize;
        let mut arenas = vec![vec![0f32; elements]; 1 + state.len()];
        let mut bits = vec![0u32; mask.len() as usize];
        let mut counts = Vec::with_capacity(self.prunable.len());
        for (placed, saved) in parameters.iter().zip(snapshot) {
            let Placed {
                parameter, first, ..
            } = placed;
            let (from, to) = (*first as usize, (first + parameter.len()) as usize);
            for (arena, values) in arenas
                .iter_mut()
                .zip([&saved.weights].into_iter().chain(&saved.state))
            {
                arena[from..to].copy_from_slice(&parameter.to_device(values));
            }
            for (element, kept) in (from..).zip(parameter.to_device(&saved.mask)) {
                bits[element / 32] |= u32::from(kept) << (element % 32);
            }
            if parameter.is_prunable() {
                counts.push(count(saved.mask.iter().filter(|&&kept| kept == 1).count()));
            }
        }
        let machine = &self.machine;
        for (tensor, values) in [weights].into_iter().chain(state).zip(&arenas) {
            machine.write(tensor, values);
        }
        for tensor in [mask, mask_before] {
            machine.write(tensor, &bits);
        }
        machine.write(kept, &counts);
        machine.write(histogram, &vec![0u32; histogram.len() as usize]);
        machine.write(fault, &[0u32]);
        self.unread = 0;
        machine.finish()
    }

    /// Everything that the device holds of a run, after all work submitted so far.
    ///
    /// # Errors
    /// The device was lost.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let RunTensors {
            weights,
            state,
            parameters,
            ..
        } = &self.tensors;
        let weights: Vec<f32> = self.machine.read(weights)?;
        let state: Vec<Vec<f32>> = (state.iter())
            .map(|tensor| self.machine.read(tensor))
            .collect::<Result<_>>()?;
        let masks = self.masks()?;
        let of = |(placed, mask): (&Placed, Vec<u8>)| {
            let parameter = placed.parameter.clone();
            let range = placed.first as usize..(placed.first + parameter.len()) as usize;
            let part = |all: &Vec<f32>| parameter.to_file(&all[range.clone()]);
            ParameterState {
                weights: part(&weights),
                mask,
                state: state.iter().map(part).collect(),
                parameter,
            }
        };
        Ok(parameters.iter().zip(masks).map(of).collect())
    }

    /// The mask of each parameter, as [`ParameterState::mask`] has it, after all work submitted so far.
    ///
    /// # Errors
    /// The device was lost.
    pub fn masks(&self) -> Result<Vec<Vec<u8>>> {
        let words: Vec<u32> = self.machine.read(&self.tensors.mask)?;
        let bit = |element: u32| (words[element as usize / 32] >> (element % 32) & 1) as u8;
        let of = |placed: &Placed| {
            let range = placed.first..placed.first + placed.parameter.len();
            let mask: Vec<u8> = range.map(bit).collect();
            placed.parameter.to_file(&mask)
        };
        Ok(self.tensors.parameters.iter().map(of).collect())
    }

    /// All parameters with their values in file order.
    ///
    /// # Errors
    /// The device was lost.
    pub fn weights(&self) -> Result<Vec<(Parameter, Vec<f32>)>> {
        let states = self.snapshot()?.into_iter();
        Ok(states
            .map(|state| (state.parameter, state.weights))
            .collect())
    }
}
