//! From a configuration to the network that it means, and to what repeats a run.

use super::Config;
use super::prune::AUTO;
use crate::data;
use crate::error::Result;
use crate::net::{self, Net, Network, Shape};
use crate::train::{Length, Schedule, kept_at};

impl Config {
    /// The network for images of `input` and so many classes.
    ///
    /// # Errors
    /// As [`net::open`] and [`fit`](Self::fit) have it.
    pub fn net(&self, input: Shape, classes: u32) -> Result<Net> {
        let net = match &self.network {
            Some(network) => network.build(&self.model, input, classes),
            None => net::open(&self.model, input, classes),
        }?;
        self.fit(net)
    }

    /// The network with what its pruning asks of it: what stays dense, what has a sparsity of its own, and how many channels.
    ///
    /// # Errors
    /// As [`Net::exclude`], [`Net::fit_structure`], [`Net::set_shares`], [`Net::rank_biases`] and [`Net::narrowed`] have it.
    pub fn fit(&self, mut net: Net) -> Result<Net> {
        // A baseline has nothing to leave out.
        if !self.prune.prunes() && !self.prune.narrow {
            return Ok(net);
        }
        net.exclude(&self.prune.exclude)?;
        if self.prune.biases {
            net.rank_biases()?;
        }
        if self.prune.narrow {
            return net.narrowed(kept_at(self.prune.sparsity, net.prunable()));
        }
        net.fit_structure(self.prune.structure)?;
        net.set_shares(&self.prune.layers, self.prune.sparsity)?;
        Ok(net)
    }

    /// The configuration that repeats a run from any working directory: its data by absolute folders, its network itself
    /// where it is one of a file, and `auto` of `prune.every` as the steps that `schedule` made of it, so that the file
    /// tells what was done. Lengths stay as they were written, as they tell it already.
    ///
    /// # Errors
    /// A folder of the data that is gone or whose name is not Unicode, or a network that cannot be read.
    pub fn pin(mut self, schedule: &Schedule) -> Result<Self> {
        if self.network.is_none() && net::is_file(&self.model) {
            let (name, network) = Network::read(&self.model)?;
            (self.model, self.network) = (name, Some(network));
        }
        (self.data.name, self.data.root) = data::absolute(&self.data.name, self.data.root())?;
        if let (AUTO, Some(ramp)) = (self.prune.every.as_str(), &schedule.ramp) {
            self.prune.every = Length::Steps(ramp.every).to_string();
        }
        Ok(self)
    }
}
