//! Data and networks that cannot be used, as the program meets them: one error each, and nothing half-done.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/cifar_files.rs"]
mod cifar_files;
#[path = "common/pictures.rs"]
mod pictures;
#[path = "common/program.rs"]
mod program;

use cifar_files::{TEN, append_file, gzip, record, tar, ten};
use program::{assert_command_refused, here, names};
use std::fs;
use std::path::Path;

/// Asserts that training on `data` is refused with this code and all of `parts`, and leaves nothing behind.
#[track_caller]
fn assert_data_refused(folder: &Path, data: &str, code: i32, parts: &[&str]) {
    let before = names(folder);
    let args = format!("train --steps 1 --batch 2 --data {data}");
    assert_command_refused(folder, &args, code, parts);
    assert_eq!(names(folder), before, "a refused run left files");
}

#[test]
fn a_folder_of_images_with_a_class_or_a_file_that_is_none_is_refused() {
    let photo = pictures::encode("x.jpg", image::RgbImage::new(32, 32));
    let scan = photo.windows(2).position(|mark| mark == [0xff, 0xda]);
    let mut corrupt = photo.clone();
    let middle = (scan.unwrap() + photo.len()) / 2;
    corrupt.splice(middle..middle, [0xff, 0].repeat(20));
    let huge = pictures::bomb(20_000);
    let cases: [(&str, &[u8], &[&str]); 4] = [
        (
            "train/birds/notes.txt",
            b"",
            &["birds is empty", "remove it if it is no class"],
        ),
        (
            "train/cats/a.jpg",
            &corrupt,
            &["a.jpg cannot be decoded", "--skip-bad"],
        ),
        (
            "val/dogs/b.jpg",
            &photo[..photo.len() - 2],
            &["b.jpg is a JPEG file that ends"],
        ),
        (
            "train/dogs/z.png",
            &huge,
            &["z.png says that it has 20000 x 20000 pixels"],
        ),
    ];
    for (name, bytes, parts) in cases {
        let root = pictures::pets("val");
        pictures::write(root.path(), name, bytes);
        assert_data_refused(root.path(), ".", 4, parts);
    }
}

#[test]
fn files_of_cifar_that_are_cut_or_mislabelled_are_refused() {
    let two = [record(&[1], [0; 3]), record(&[10], [0; 3])].concat();
    for (bytes, why) in [
        (
            &two[..4000],
            "data_batch_3.bin ends inside record 1: 927 of 3073 bytes are there",
        ),
        (&two[..], "data_batch_3.bin has the label 10 in record 1"),
    ] {
        let folder = here();
        cifar_files::write(&folder.path().join(TEN), &ten());
        fs::write(folder.path().join(TEN).join("data_batch_3.bin"), bytes).unwrap();
        assert_data_refused(
            folder.path(),
            TEN,
            4,
            &[why, "fetch or unpack the file again"],
        );
    }
}

#[test]
fn an_archive_that_leads_out_of_its_folder_is_refused_and_nothing_is_unpacked() {
    let folder = here();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let mut archive = tar(TEN, &ten());
    append_file(&mut archive, "../evil", b"x");
    let bytes = gzip(&archive.into_inner().unwrap());
    fs::write(inner.join("set.tar.gz"), bytes).unwrap();
    let parts = [
        "set.tar.gz has the entry ../evil, which leads out of the archive",
        "fetch",
    ];
    assert_data_refused(&inner, "set.tar.gz", 4, &parts);
    assert_eq!(names(folder.path()), ["inner"]);
}

#[test]
fn a_network_whose_shapes_do_not_meet_is_refused_with_both_and_the_layer() {
    let folder = here();
    let text = "[[layer]]\nkind = 'conv2d'\nname = 'c1'\noutputs = 8\nkernel = 3\npad = 1\n\
                [[layer]]\nkind = 'max-pool'\nkernel = 2\n\
                [[layer]]\nkind = 'add'\nname = 'sum'\nwith = 'c1'\n";
    fs::write(folder.path().join("net.toml"), text).unwrap();
    let parts = ["layer sum of net", "14x14x8", "28x28x8", "change the layer"];
    assert_data_refused(folder.path(), "mnist-mini --model net.toml", 2, &parts);
}
