//! Embeds what `make dashboard` has built. Without it the gateway builds as well, and says so to
//! browsers: whoever works on Rust alone needs no Node.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// Beside the crate, and always there: a file in it belongs to git.
const BUILT: &str = "../dashboard/dist";
/// The compressed forms of a file stand beside it.
const COMPRESSED: [&str; 2] = ["gz", "br"];

fn main() -> io::Result<()> {
    let directory = variable("CARGO_MANIFEST_DIR").join(BUILT);
    println!("cargo::rerun-if-changed={BUILT}");
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = Vec::new();
    if directory.join("index.html").exists() {
        collect(&directory, &mut files)?;
        files.sort();
    } else {
        println!(
            "cargo::warning=The gateway is built without its dashboard: `make dashboard` builds it"
        );
    }

    let entries: String = files.iter().map(|file| entry(&directory, file)).collect();
    let table = format!("static FILES: &[File] = &[\n{entries}];\n");
    fs::write(variable("OUT_DIR").join("dashboard.rs"), table)
}

/// Every file but those that are a compressed form of another, and those that are hidden.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let compressed =
            path.extension().is_some_and(|ending| COMPRESSED.iter().any(|c| ending == *c));
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));

        if path.is_dir() {
            collect(&path, files)?;
        } else if !compressed && !hidden {
            files.push(path);
        }
    }

    Ok(())
}

/// A `File` of `src/http/dashboard.rs`.
fn entry(directory: &Path, file: &Path) -> String {
    let path = file.strip_prefix(directory).expect("it was found there").to_string_lossy();
    let plain = include(file);
    let [gzip, brotli] = COMPRESSED.map(|ending| {
        let compressed = PathBuf::from(format!("{}.{ending}", file.display()));
        if compressed.exists() {
            format!("Some({})", include(&compressed))
        } else {
            "None".to_owned()
        }
    });

    format!(
        "    File {{ path: {:?}, plain: {plain}, gzip: {gzip}, brotli: {brotli} }},\n",
        path.replace('\\', "/")
    )
}

fn include(file: &Path) -> String {
    format!("include_bytes!({:?})", file.display().to_string())
}

fn variable(name: &str) -> PathBuf {
    env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}")).into()
}
