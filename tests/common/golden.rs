//! Files that scripts in assets/golden wrote with PyTorch.

#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use bytemuck::{Pod, pod_collect_to_vec};
use safetensors::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

/// Of a file in assets/golden.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets/golden")
        .join(name)
}

/// The file of a network there, as `--model` takes it.
pub(crate) fn network(name: &str) -> String {
    let path = path(&format!("nets/{name}.toml"));
    path.to_str().unwrap().to_owned()
}

pub(crate) struct Golden(Vec<u8>);

impl Golden {
    pub(crate) fn open(op: &str) -> Self {
        Self(std::fs::read(path(&format!("{op}.safetensors"))).unwrap())
    }

    /// Values and shape of `case.name`.
    pub(crate) fn read<T: Pod>(
        &self,
        case: &str,
        name: &str,
        dtype: Dtype,
    ) -> (Vec<T>, Vec<usize>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(&format!("{case}.{name}")).unwrap();
        assert_eq!(view.dtype(), dtype, "{case}.{name}");
        (pod_collect_to_vec(view.data()), view.shape().to_vec())
    }

    pub(crate) fn input(&self, case: &str, name: &str) -> (Vec<f32>, Vec<usize>) {
        self.read(case, name, Dtype::F32)
    }

    pub(crate) fn integers(&self, case: &str, name: &str) -> (Vec<u32>, Vec<usize>) {
        self.read(case, name, Dtype::I32)
    }

    pub(crate) fn output(&self, case: &str, name: &str) -> (Vec<f64>, Vec<usize>) {
        self.read(case, name, Dtype::F64)
    }
}

/// The same values with their axes in another order: axis i of the result is axis `order[i]` of `values`.
pub(crate) fn permuted<T: Copy>((values, shape): (Vec<T>, Vec<usize>), order: &[usize]) -> Vec<T> {
    let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    let mut places = vec![0];
    for &axis in order {
        let along = |place: usize| (0..shape[axis]).map(move |i| (place, i));
        let next = places.into_iter().flat_map(along);
        places = next.map(|(place, i)| place + i * stride(axis)).collect();
    }
    places.into_iter().map(|place| values[place]).collect()
}
