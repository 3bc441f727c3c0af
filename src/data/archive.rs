//! Reads files out of a tar archive packed with gzip, trusting nothing that it says and writing nothing.
//!
//! Only entries that are asked for by name are read. The names, kinds and sizes of all others are looked at, since an
//! archive with a path that leads out of it, or with links, was not made to hold a data set.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tar::{EntryType, Header};

use super::catalogue::Member;
use super::source::{MAX_BYTES, is_gzip, is_page};
use crate::error::{Error, Result};

const REMEDY: &str = "fetch the published archive again, or name the folder of its unpacked files";

/// The bytes of `members`, which lie in the folder `inside` of the archive that messages call `name`.
pub(super) fn read(
    name: &str,
    bytes: impl Read,
    inside: &str,
    members: &[Member],
) -> Result<Vec<Vec<u8>>> {
    let bad = |what: String| Error::data(format!("{name} {what}"), REMEDY);
    let mut archive = tar::Archive::new(unpack(name, bytes)?);
    let mut found: Vec<Option<Vec<u8>>> = members.iter().map(|_| None).collect();
    let mut total = 0_u64;
    for entry in entries(&mut archive).map_err(|e| bad(fault(&e)))? {
        let mut entry = entry.map_err(|e| bad(fault(&e)))?;
        let (path, kind, size) = check(entry.header()).map_err(bad)?;
        total = total.saturating_add(size);
        if total > MAX_BYTES {
            return Err(bad(format!(
                "has the entry {path} of {size} bytes, and with it more than the {MAX_BYTES} that an archive may hold"
            )));
        }
        let is_wanted = |member: &Member| {
            kind == EntryType::Regular && path.split_once('/') == Some((inside, member.name))
        };
        let Some(at) = members.iter().position(is_wanted) else {
            continue;
        };
        if found[at].is_some() {
            return Err(bad(format!("has the entry {path} twice")));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|e| bad(fault(&e)))?;
        if bytes.len() as u64 != size {
            return Err(bad(format!(
                "ends early: of {path}, {} of {size} bytes are there",
                bytes.len()
            )));
        }
        found[at] = Some(bytes);
    }
    // Behind the last entry comes the checksum of gzip, which is compared on the way.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|e| bad(fault(&e)))?;
    let missing: Vec<String> = members
        .iter()
        .zip(&found)
        .filter(|(_, bytes)| bytes.is_none())
        .map(|(member, _)| format!("{inside}/{}", member.name))
        .collect();
    if missing.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(bad(format!("lacks {}", missing.join(", "))))
    }
}

/// The folder in which the first entry of an archive lies, which tells one archive from another.
pub(super) fn first_folder(name: &str, bytes: impl Read) -> Result<String> {
    let bad = |what: String| Error::data(format!("{name} {what}"), REMEDY);
    let mut archive = tar::Archive::new(unpack(name, bytes)?);
    for entry in entries(&mut archive).map_err(|e| bad(fault(&e)))? {
        let entry = entry.map_err(|e| bad(fault(&e)))?;
        let (path, kind, _) = check(entry.header()).map_err(bad)?;
        if matches!(kind, EntryType::Regular | EntryType::Directory) {
            let folder = path.split('/').next();
            return Ok(folder.unwrap_or_default().to_owned());
        }
    }
    Err(bad("is an archive without entries".into()))
}

/// The tar file in a gzip file, which must be one.
fn unpack(name: &str, mut bytes: impl Read) -> Result<impl Read> {
    let mut start = Vec::new();
    let bad = |what: String| Error::data(format!("{name} {what}"), REMEDY);
    bytes
        .by_ref()
        .take(256)
        .read_to_end(&mut start)
        .map_err(|e| bad(format!("cannot be read: {e}")))?;
    if is_page(&start) {
        return Err(bad(
            "is a web page, most likely the error page of a server".into()
        ));
    }
    if !is_gzip(&start) {
        return Err(bad("is not an archive packed with gzip".into()));
    }
    let unpacked = MultiGzDecoder::new(io::Cursor::new(start).chain(bytes));
    // Ends a gzip bomb; headers of entries need a part of the second half.
    Ok(unpacked.take(2 * MAX_BYTES))
}

/// Raw, so that no extension of the format gives an entry another name or size than its header does.
fn entries<R: Read>(archive: &mut tar::Archive<R>) -> io::Result<tar::Entries<'_, R>> {
    Ok(archive.entries()?.raw(true))
}

fn fault(error: &io::Error) -> String {
    format!("cannot be unpacked: {error}")
}

/// Path, kind and size of an entry that may be in an archive of data, or what is wrong with it.
fn check(header: &Header) -> std::result::Result<(String, EntryType, u64), String> {
    let path = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    let path = path.strip_prefix("./").unwrap_or(&path);
    let leads_out = path.starts_with(['/', '\\'])
        || path.contains(':')
        || path.split(['/', '\\']).any(|part| part == "..");
    if leads_out {
        return Err(format!(
            "has the entry {path}, which leads out of the archive"
        ));
    }
    let kind = header.entry_type();
    match kind {
        EntryType::Regular
        | EntryType::Directory
        // Times and owners, mostly; what they say of names and sizes does not count.
        | EntryType::XHeader
        | EntryType::XGlobalHeader => {}
        EntryType::Link | EntryType::Symlink => {
            return Err(format!("has the entry {path}, which is a link"));
        }
        _ => return Err(format!("has the entry {path}, which is not a plain file")),
    }
    let size = header.size().map_err(|e| fault(&e))?;
    Ok((path.to_owned(), kind, size))
}
