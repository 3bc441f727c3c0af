//! Folders of images: their forms, the split, and which are refused and how.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/pictures.rs"]
mod pictures;
#[path = "common/program.rs"]
mod program;

use pictures::{SIZE, assert_refused, colours, open, open_with, pets, put, write};
use program::{assert_command_refused, here, wgprune};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use wgprune::data::ImageOptions;

#[test]
fn classes_and_files_come_in_the_order_of_their_names() {
    for test in ["val", "test"] {
        let root = pets(test);
        let set = open(root.path()).unwrap();
        assert_eq!(
            (set.height, set.width, set.channels, set.classes),
            (4, 4, 3, 2)
        );
        assert_eq!(
            (&set.train.labels[..], &set.test.labels[..]),
            (&[0, 0, 1, 1][..], &[0, 1][..])
        );
        let train = [[0, 1, 2], [10, 11, 12], [20, 21, 22], [30, 31, 32]];
        assert_eq!(colours(&set, &set.train.images), train);
        assert_eq!(
            colours(&set, &set.test.images),
            [[40, 41, 42], [50, 51, 52]]
        );
        assert_eq!(set.train.images.len(), 4 * set.image_bytes());
        // Of 0, 10, 20, 30 and one more in each channel: deviation 11.18 / 255.
        assert_eq!(
            (set.mean, set.std),
            (vec![0.0588, 0.0627, 0.0667], vec![0.0438; 3])
        );
    }
    // With both, the images of val are those to test on, as those of test may have no classes.
    let root = pets("val");
    put(root.path(), "test/images/x.png", [0; 3]);
    assert_eq!(open(root.path()).unwrap().test.len(), 2);
}

/// Ten images of each of two classes, all of different colours, and a folder of no class as Caltech-101 has it.
fn caltech(root: &Path) {
    for i in 0..10 {
        put(root, &format!("faces/image_{i:04}.png"), [i, 0, 0]);
        put(root, &format!("ants/image_{i:04}.png"), [i, 1, 0]);
    }
    put(root, "BACKGROUND_Google/image_0001.png", [0, 0, 9]);
    write(root, "BACKGROUND_Google/tmp", b"");
}

#[test]
fn without_a_part_to_test_on_the_same_share_of_each_class_is() {
    let (plain, inner) = (here(), here());
    caltech(plain.path());
    caltech(&inner.path().join("train"));
    let set = open(plain.path()).unwrap();
    let same = open(inner.path()).unwrap();
    assert!(set.train == same.train && set.test == same.test);
    assert_eq!((set.classes, set.train.len(), set.test.len()), (2, 16, 4));
    assert_eq!(set.test.labels, [0, 0, 1, 1]);
    let (train, test) = (
        colours(&set, &set.train.images),
        colours(&set, &set.test.images),
    );
    let all: BTreeSet<_> = train.iter().chain(&test).collect();
    assert_eq!(all.len(), 20, "an image is in both parts");
    assert!(set.train.labels.is_sorted());
    // The two classes are not split at the same places, nor at the first ones.
    let places = |class: u8| {
        test.iter()
            .filter(|c| c[1] == class)
            .map(|c| c[0])
            .collect::<Vec<_>>()
    };
    assert!(places(0) != places(1) && places(0) != [0, 1], "{test:?}");

    for (test_share, tested) in [(0.01, 2), (0.5, 10), (0.99, 18)] {
        let set = open_with(
            plain.path(),
            ImageOptions {
                size: SIZE,
                test_share,
                ..ImageOptions::default()
            },
        );
        assert_eq!(set.unwrap().test.len(), tested);
    }
    put(plain.path(), "lonely/one.png", [0; 3]);
    assert_refused(plain.path(), &["the class lonely has one image"]);
}

/// The form of Tiny-ImageNet with a file of annotations.
fn tiny(annotations: &str) -> TempDir {
    let root = here();
    for (class, shade) in [("n02", 20), ("n01", 10)] {
        put(
            root.path(),
            &format!("train/{class}/images/{class}_0.JPEG"),
            [shade; 3],
        );
        write(
            root.path(),
            &format!("train/{class}/{class}_boxes.txt"),
            b"0 0 1 1",
        );
        put(
            root.path(),
            &format!("val/images/{class}.JPEG"),
            [shade + 100; 3],
        );
    }
    put(root.path(), "test/images/test_0.JPEG", [0; 3]);
    write(
        root.path(),
        "val/val_annotations.txt",
        annotations.as_bytes(),
    );
    root
}

#[test]
fn the_form_of_tiny_imagenet_is_read() {
    let root = tiny("n02.JPEG\tn02\t0\t0\t62\t62\r\nn01.JPEG\tn01\t0\t0\t62\t62\n");
    let set = open(root.path()).unwrap();
    assert_eq!(
        (&set.train.labels[..], &set.test.labels[..]),
        (&[0, 1][..], &[1, 0][..])
    );
    let shades = |images: &[u8]| {
        colours(&set, images)
            .iter()
            .map(|c| c[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (shades(&set.train.images), shades(&set.test.images)),
        (vec![10, 20], vec![120, 110])
    );
    for (annotations, why) in [
        ("n01.JPEG n01\n", "no tab between file and class in line 1"),
        ("n01.JPEG\tn01\t0\n\nn02.JPEG\tn03\t0\n", "the class n03"),
        ("../secret.JPEG\tn01\n", "leads out of its folder in line 1"),
        ("\n", "names no images"),
        (
            "n01.JPEG\tn01\ngone.JPEG\tn01\n",
            "val_annotations.txt names gone.JPEG, which is not in its folder images, in line 2",
        ),
    ] {
        assert_refused(tiny(annotations).path(), &[why]);
    }
}

#[test]
fn folders_that_are_no_data_set_are_refused() {
    let root = pets("val");
    fs::create_dir(root.path().join("train/birds")).unwrap();
    assert_refused(root.path(), &["birds is empty"]);
    put(root.path(), "train/birds/a.png", [0; 3]);
    assert_refused(root.path(), &["val has no class birds, but"]);
    fs::remove_dir_all(root.path().join("train/birds")).unwrap();
    put(root.path(), "val/birds/a.png", [0; 3]);
    assert_refused(root.path(), &["train has no class birds, but"]);

    let root = here();
    put(root.path(), "photo.png", [0; 3]);
    assert_refused(root.path(), &["has no files of a known form"]);
    let help = open(root.path()).unwrap_err().help;
    for form in [
        "idx3-ubyte",
        "cifar-10-binary.tar.gz",
        "test.bin",
        "JPEG or PNG",
    ] {
        assert!(help.contains(form), "{help}");
    }
    fs::create_dir(root.path().join(".hidden")).unwrap();
    assert_refused(root.path(), &["has no files of a known form"]);
    put(root.path(), "cats/a.png", [0; 3]);
    assert_refused(root.path(), &["has one folder with images"]);
    write(root.path(), "dogs/a.webp", b"RIFF");
    assert_refused(root.path(), &["dogs is empty"]);
    let args = format!("train --data {}", root.path().display());
    assert_command_refused(here().path(), &args, 4, &["dogs is empty"]);
}

/// None of these ever gives a byte, or there is no end to them.
#[cfg(unix)]
#[test]
fn what_is_called_an_image_and_is_no_file_is_refused_and_never_opened() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    let pipe = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    type Maker<'a> = &'a dyn Fn(&Path);
    let makers: [(&str, Maker<'_>, &str); 6] = [
        ("pipe.jpg", &pipe, "no regular file"),
        (
            "socket.png",
            &|path| drop(UnixListener::bind(path).unwrap()),
            "no regular file",
        ),
        (
            "folder.JPEG",
            &|path| fs::create_dir(path).unwrap(),
            "no regular file",
        ),
        (
            "device.png",
            &|path| symlink("/dev/zero", path).unwrap(),
            "no regular file",
        ),
        (
            "loop.jpg",
            &|path| symlink(path, path).unwrap(),
            "symbolic links",
        ),
        (
            "gone.jpg",
            &|path| symlink("nowhere", path).unwrap(),
            "No such file",
        ),
    ];
    let all = pets("val");
    for (name, make, why) in makers {
        let root = pets("val");
        make(&root.path().join("train/cats").join(name));
        make(&all.path().join("train/cats").join(name));
        assert_refused(root.path(), &[&format!("{name} cannot be read"), why]);
    }
    let skip_bad = u32::try_from(makers.len()).unwrap();
    let options = ImageOptions {
        size: SIZE,
        skip_bad,
        ..ImageOptions::default()
    };
    assert_eq!(open_with(all.path(), options).unwrap().train.len(), 4);
    // A loop of folders is no class.
    symlink(
        all.path().join("train"),
        all.path().join("train/cats/inside"),
    )
    .unwrap();
    assert!(open_with(all.path(), options).is_ok());

    let cifar = here();
    pipe(&cifar.path().join("test_batch.bin"));
    for i in 1..=5 {
        write(cifar.path(), &format!("data_batch_{i}.bin"), &[0; 3073]);
    }
    assert_refused(cifar.path(), &["test_batch.bin", "no regular file"]);
}

#[test]
fn a_network_trains_on_a_folder_and_is_evaluated_on_the_same_images() {
    let folder = here();
    caltech(&folder.path().join("photos"));
    write(folder.path(), "photos/ants/bad.jpg", b"nothing");
    let reading = "--data photos --skip-bad 1 --set data.size=32";
    let args = format!("train --json --out run --steps 2 --batch 4 --seed 3 {reading}");
    let run = wgprune(folder.path(), &args);
    assert!(
        run.stderr.contains("bad.jpg") && run.stderr.contains("left out"),
        "{}",
        run.stderr
    );
    let run = run.json();
    assert_eq!(run["test_images"], 4);
    let eval = format!("eval run/final.safetensors --json {reading}");
    let score = wgprune(folder.path(), &eval).json();
    assert_eq!(
        (&score["images"], &score["loss"]),
        (&run["test_images"], &run["test_loss"])
    );
    let args = format!(
        "train --steps 1 --batch 4 {}",
        reading.replace("bad 1", "bad 0")
    );
    assert_command_refused(folder.path(), &args, 4, &["bad.jpg is neither"]);
    for (key, range) in [("size=0", "at least 1"), ("test_share=1", "at most 0.99")] {
        let args = format!("train --set data.{key}");
        assert_command_refused(folder.path(), &args, 2, &["data.", range]);
    }
}
