//! Passwords: what is never shown, and the files that hold them.

use std::{fmt, fs, io, path::Path};

use zeroize::Zeroizing;

/// A password. It does not show up in logs or errors, and is wiped from memory once it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Reads the file that holds it, without the line break that an editor puts at its end.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not text, or has nothing in it.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = Zeroizing::new(fs::read_to_string(file)?);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);

        if line.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "there is nothing in it"));
        }
        Ok(line.to_owned().into())
    }

    /// The password itself, for whoever has to send or to check it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_line_break_of_an_editor_is_no_part_of_a_password() {
        for (text, password) in
            [("open sesame\n", "open sesame"), ("a\r\n", "a"), ("a", "a"), (" a \n\n", " a \n")]
        {
            assert_eq!(read(text).unwrap().expose(), password);
        }
    }

    #[test]
    fn a_file_without_a_password_is_an_error() {
        assert!(read("\n").is_err());
        assert!(Secret::read(Path::new("/nowhere/password")).is_err());
    }

    #[test]
    fn a_password_is_not_shown() {
        let secret = Secret::from("sesame".to_owned());

        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret Some(Secret)");
    }

    fn read(text: &str) -> io::Result<Secret> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(text.as_bytes())?;

        Secret::read(file.path())
    }
}
