//! Where the files of a set may lie in a data root: as the archives that were published, or unpacked.

use std::path::{Path, PathBuf};

use super::catalogue::{Archive, Entry, Packing};

/// A copy of an archive.
pub(super) enum Copy {
    /// The archive, under its own name.
    Packed(PathBuf),
    /// The folder of its members.
    Unpacked(PathBuf),
}

impl Copy {
    /// The files that it consists of.
    pub(super) fn files(&self, archive: &Archive) -> Vec<PathBuf> {
        match self {
            Self::Packed(path) => vec![path.clone()],
            Self::Unpacked(folder) => {
                let names = archive.members.iter().map(|member| member.name);
                names.map(|name| folder.join(name)).collect()
            }
        }
    }
}

/// Where an archive may lie, the copies that count first before the others.
pub(super) fn places(entry: &Entry, archive: &Archive, root: &Path) -> Vec<Copy> {
    let folder = root.join(entry.folder);
    let [unpacked, packed] = in_folder(archive, &folder);
    match archive.packing {
        Packing::Gzip => vec![unpacked, packed],
        Packing::Tar(inside) => vec![
            unpacked,
            Copy::Unpacked(folder.join(inside)),
            Copy::Unpacked(root.join(inside)),
            packed,
        ],
    }
}

/// The same in one folder that was given.
pub(super) fn in_folder(archive: &Archive, folder: &Path) -> [Copy; 2] {
    [
        Copy::Unpacked(folder.into()),
        Copy::Packed(folder.join(archive.name)),
    ]
}

/// For each archive of a set that is there, or of which a member is, the folder with it, whatever the files hold.
pub fn present(entry: &Entry, root: &Path) -> Vec<PathBuf> {
    let place = |archive: &Archive| {
        let files = places(entry, archive, root)
            .into_iter()
            .flat_map(|copy| copy.files(archive));
        let found = files.into_iter().find(|path| path.is_file());
        found.and_then(|path| path.parent().map(Path::to_owned))
    };
    entry.archives.iter().filter_map(place).collect()
}
