//! The data sets that have names: what they are called, what they hold, and the exact bytes of their files.
//!
//! A set is a row. One in files of another form also needs a reader beside `idx.rs`.

use crate::error::{Error, Result};
use crate::nearest::nearest;

/// A data set with a name.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What `--data` takes; also the folder of the set in the data root.
    pub name: &'static str,
    /// Images to train on, and to test on.
    pub images: [u32; 2],
    /// Whose the images are, and under which terms.
    pub terms: &'static str,
    /// Mean of each channel over the published training set, in 0..1; C values.
    pub mean: &'static [f32],
    /// Standard deviation of each channel over the published training set, in 0..1; C values.
    pub std: &'static [f32],
    /// Where the files come from.
    pub home: Home,
    /// The published files.
    pub archives: &'static [Archive],
}

/// Where the files of a set come from.
#[derive(Debug, Clone, Copy)]
pub enum Home {
    /// The program itself: the bytes of each archive, in their order.
    Embedded(&'static [&'static [u8]]),
    /// Folders on the web, each with all archives; the one to ask first comes first.
    Mirrors(&'static [&'static str]),
}

/// A file as it was published, packed with gzip.
#[derive(Debug, Clone, Copy)]
pub struct Archive {
    /// The name of what is inside; that of the archive has `.gz` after it.
    pub name: &'static str,
    /// Length of the archive.
    pub bytes: u64,
    /// SHA-256 of the archive, in lower case.
    pub sha256: &'static str,
    /// SHA-256 of what is inside, in lower case.
    pub content: &'static str,
}

impl Archive {
    /// The name of the archive, on mirrors and in the folder of the set.
    pub fn file(&self) -> String {
        format!("{}.gz", self.name)
    }
}

impl Entry {
    /// Bytes of all archives.
    pub fn bytes(&self) -> u64 {
        self.archives.iter().map(|archive| archive.bytes).sum()
    }
}

/// The four files of a set in the format of MNIST: images and labels, for training and for testing.
pub(super) const IDX_FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// The set that is embedded in the program.
pub(super) const EMBEDDED: &str = "mnist-mini";

const MNIST_TERMS: &str = "Y. LeCun and C. Cortes; passed on by others under CC BY-SA 3.0";
const MNIST_MEAN: &[f32] = &[0.1307];
const MNIST_STD: &[f32] = &[0.3081];

/// Every named set.
pub const SETS: &[Entry] = &[
    Entry {
        name: EMBEDDED,
        images: [6_000, 1_000],
        terms: MNIST_TERMS,
        mean: MNIST_MEAN,
        std: MNIST_STD,
        home: Home::Embedded(&[
            include_bytes!("../../assets/mnist-mini/train-images-idx3-ubyte.gz"),
            include_bytes!("../../assets/mnist-mini/train-labels-idx1-ubyte.gz"),
            include_bytes!("../../assets/mnist-mini/t10k-images-idx3-ubyte.gz"),
            include_bytes!("../../assets/mnist-mini/t10k-labels-idx1-ubyte.gz"),
        ]),
        archives: &[
            Archive {
                name: IDX_FILES[0],
                bytes: 975_830,
                sha256: "35bba39845d9d54a9afc5b7042218806472179616fb9d6c8b7cbaebf955c5f2d",
                content: "5e70119ad8ca01350c1b2fd3f58eb4c0617afdc0fa8945a3d63e6a33daeba69d",
            },
            Archive {
                name: IDX_FILES[1],
                bytes: 3_006,
                sha256: "27a8aada5450c1d444e3200171ada5c18180ca1913f18439ee2904b96bfba343",
                content: "ff4542eef991f0408428561f51d3e426698657dd02a35148555c89a37d2df31b",
            },
            Archive {
                name: IDX_FILES[2],
                bytes: 158_184,
                sha256: "b0fcb1949a8ea32151bd5d3f68da765ffc390abdd0825b1ea9e4a62bf190f3ef",
                content: "b97c8bfeb834d8e7999eaa2d69239abe06653dc09c1e5d7eb0c974c5965bc6a9",
            },
            Archive {
                name: IDX_FILES[3],
                bytes: 522,
                sha256: "9ed1dc30e9f5d567f384bf438faae9743c15b59ed73cd27524d3b16ac9f3314b",
                content: "41cf2f530031915ba9fbb241407c369dba1acd7515053edff48cebeee8b260f4",
            },
        ],
    },
    Entry {
        name: "mnist",
        images: [60_000, 10_000],
        terms: MNIST_TERMS,
        mean: MNIST_MEAN,
        std: MNIST_STD,
        home: Home::Mirrors(&[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://raw.githubusercontent.com/fgnt/mnist/master/",
        ]),
        archives: &[
            Archive {
                name: IDX_FILES[0],
                bytes: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                content: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            },
            Archive {
                name: IDX_FILES[1],
                bytes: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                content: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            },
            Archive {
                name: IDX_FILES[2],
                bytes: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                content: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            },
            Archive {
                name: IDX_FILES[3],
                bytes: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                content: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            },
        ],
    },
    Entry {
        name: "fashion-mnist",
        images: [60_000, 10_000],
        terms: "Zalando SE, MIT licence",
        mean: &[0.2860],
        std: &[0.3530],
        home: Home::Mirrors(&[
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ]),
        archives: &[
            Archive {
                name: IDX_FILES[0],
                bytes: 26_421_880,
                sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                content: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            },
            Archive {
                name: IDX_FILES[1],
                bytes: 29_515,
                sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                content: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            },
            Archive {
                name: IDX_FILES[2],
                bytes: 4_422_102,
                sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                content: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            },
            Archive {
                name: IDX_FILES[3],
                bytes: 5_148,
                sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                content: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            },
        ],
    },
];

/// The set of this name.
///
/// # Errors
///
/// Of kind `Config` if there is none.
pub fn find(name: &str) -> Result<&'static Entry> {
    let names = || SETS.iter().map(|entry| entry.name);
    SETS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let guess = nearest(name, names());
        Error::config(
            format!(
                "no data set is called \"{name}\"; there are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
            guess
                .map(|known| format!("did you mean {known}?"))
                .unwrap_or_default(),
        )
    })
}
