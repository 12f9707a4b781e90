//! Single keys of the terminal, while other threads print.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use super::TERMINAL;

/// The terminal in a mode in which each key is read at once. Dropping the value restores the mode before.
pub(crate) struct Keys {
    terminal: File,
    before: Termios,
}

impl Keys {
    /// Opens the terminal; returns `None` if the session has none.
    ///
    /// Ctrl-C is a key too, so that the mode is restored at every end.
    pub(crate) fn open() -> Option<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open(TERMINAL).ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut mode = before.clone();
        mode.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
        tcsetattr(&terminal, SetArg::TCSANOW, &mode).ok()?;
        Some(Self { terminal, before })
    }

    /// Returns a reader for another thread.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn reader(&self) -> io::Result<KeyReader> {
        self.terminal.try_clone().map(KeyReader)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A failure means that the terminal is gone.
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.before);
    }
}

/// The keys as they are typed; ends with the terminal.
pub(crate) struct KeyReader(File);

impl Iterator for KeyReader {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let mut key = [0];
        (self.0.read(&mut key).ok()? == 1).then_some(key[0])
    }
}
