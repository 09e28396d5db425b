//! Which files a log has.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

const DIGITS: usize = 12;

/// The files of a log that are there, the oldest first; the current one, `path`, is the last.
///
/// # Errors
///
/// Its directory cannot be read.
pub fn files_of(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = older(path)?.into_iter().map(|(_, path)| path).collect();
    if path.exists() {
        files.push(path.to_owned());
    }

    Ok(files)
}

/// The files that are no longer written, each with the number of its first record.
pub(crate) fn older(path: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found: Vec<(u64, PathBuf)> = neighbours(path)?
        .into_iter()
        .filter_map(|(infix, path)| Some((number(&infix)?, path)))
        .collect();
    found.sort();

    Ok(found)
}

/// What a file is called that is no longer written.
pub(crate) fn aged(path: &Path, first: u64) -> PathBuf {
    with_infix(path, &format!("{first:0DIGITS$}"))
}

/// A name for a damaged file that no other has.
pub(crate) fn damaged(path: &Path) -> PathBuf {
    let mut names = (1_u32..).map(|n| with_infix(path, &format!("damaged-{n}")));

    names.find(|name| !name.exists()).expect("there are more names than files")
}

/// `audit.jsonl` becomes `audit.INFIX.jsonl`.
fn with_infix(path: &Path, infix: &str) -> PathBuf {
    let (stem, extension) = parts(path);

    path.with_file_name(format!("{stem}.{infix}{extension}"))
}

/// All files that are called like this one but for an infix.
fn neighbours(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let (stem, extension) = parts(path);
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        Some(_) | None => Path::new("."),
    };
    if !dir.exists() {
        return Ok(Vec::new());
    }

    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let infix =
            name.strip_prefix(&format!("{stem}.")).and_then(|rest| rest.strip_suffix(&extension));
        if let Some(infix) = infix {
            found.push((infix.to_owned(), path.with_file_name(&name)));
        }
    }
    Ok(found)
}

fn parts(path: &Path) -> (String, String) {
    let text =
        |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let extension = text(path.extension());

    (text(path.file_stem()), if extension.is_empty() { extension } else { format!(".{extension}") })
}

fn number(infix: &str) -> Option<u64> {
    let is_number = infix.len() >= DIGITS && infix.bytes().all(|byte| byte.is_ascii_digit());

    is_number.then(|| infix.parse().ok()).flatten()
}
