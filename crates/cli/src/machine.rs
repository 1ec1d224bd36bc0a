//! What can be told of the machine and of this process without asking for more than files.

use std::fs;

use serde::Serialize;

/// The machine that something was measured on.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) os: &'static str,
    pub(crate) arch: &'static str,
    /// Threads that can run at once.
    pub(crate) cores: usize,
    /// The processor's name; `null` where it cannot be read.
    pub(crate) cpu: Option<String>,
}

/// This machine.
pub(crate) fn this() -> Machine {
    Machine {
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        cpu: fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| cpu(&text)),
    }
}

fn cpu(info: &str) -> Option<String> {
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The most memory that this process has held so far; `None` where the system does not tell.
pub(crate) fn peak_bytes() -> Option<u64> {
    peak(&fs::read_to_string("/proc/self/status").ok()?)
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_is_understood() {
        assert_eq!(cpu("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n"), Some("Some CPU @ 3 GHz".into()));
        assert_eq!(cpu("processor\t: 0\n"), None);
        assert_eq!(peak("VmPeak:\t 99 kB\nVmHWM:\t    2048 kB\n"), Some(2 << 20));
        assert_eq!(peak(""), None);
    }
}
