//! Real fleets: the CSV that Intune's `Devices > All devices > Export` writes.
//!
//! ```text
//! devices.csv --text--> UTF-8 --csv--> rows --read--> Inventory (40 bytes + 2 per attribute a device)
//!                                       derive: attributes, while reading
//!                                       checks: who can be registered with the service
//! ```
//!
//! Rows are not kept: a cell that repeats (model, OS version, ...) becomes a 16-bit code of a dictionary, and
//! a column that only serves an attribute leaves nothing but that attribute.
//!
//! *Invariants:* keys are unique and ascending, dictionaries are sorted, every code is in its dictionary; so the
//! same devices in another order of rows give an equal [`Inventory`]. Everything wrong with a file is
//! named at once, by line, up to [`PER_KIND`] rows of a kind.
//!
//! `Free storage` and `Total storage` are in MB, as in the export; a header such as `Free storage (GB)` says
//! otherwise. Dates without a zone are UTC, as in the export.

use std::path::Path;

pub mod checks;
mod csv;
mod dates;
pub mod derive;
pub mod generate;
mod lookup;
mod members;
mod problems;
mod read;
mod text;

pub use checks::{Checks, Prerequisite};
pub use derive::{AttributeRule, AttributeSource, UNMATCHED};
pub use members::{Members, members};
pub use problems::PER_KIND;

use crate::diagnostic::Diagnostic;

/// Code and meaning of what can be wrong with a CSV, in order of the code. What can be wrong with any file
/// (missing, a directory, too large, binary, ...) has the codes of [`crate::codes`].
pub const CODES: &[(&str, &str)] = &[
    ("RC301", "a CSV without a single device"),
    ("RC302", "a column that is needed is missing"),
    ("RC303", "a column that is needed is there twice"),
    ("RC304", "a row with too few or too many cells"),
    ("RC305", "a quote that is never closed"),
    ("RC306", "an empty Device ID"),
    ("RC307", "text that is neither UTF-8 nor UTF-16"),
    ("RC308", "a storage size that is not a number"),
    ("RC309", "a date that cannot be read"),
    ("RC310", "the same Device ID twice"),
    ("RC311", "two Device IDs that share one 64-bit key"),
    ("RC312", "more different values than an attribute can have"),
    ("RC320", "devices that match no pattern of an attribute"),
    ("RC321", "devices without a row in the second CSV of an attribute"),
    ("RC322", "Device IDs of a second CSV that are not in the inventory"),
    ("RC323", "a value of Ownership or Managed by that is not known"),
    ("RC324", "Device IDs of a member list that are not in the inventory"),
    ("RC325", "a Device ID that is repeated in a member list"),
];

/// Largest CSV in bytes unless the caller says otherwise: 2 GiB, some three and a half million devices.
pub const MAX_BYTES: u64 = 2 << 30;

/// The columns whose values are kept for every device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// `OS`
    Os,
    /// `OS version`
    OsVersion,
    /// `Model`
    Model,
    /// `Manufacturer`
    Manufacturer,
    /// `Ownership`
    Ownership,
    /// `Managed by`
    ManagedBy,
    /// `JoinType`
    JoinType,
    /// `SkuFamily`
    SkuFamily,
    /// `Category`
    Category,
}

impl Column {
    /// All of them, in the order of their codes in a [`Row`].
    pub const ALL: [Self; 9] = [
        Self::Os,
        Self::OsVersion,
        Self::Model,
        Self::Manufacturer,
        Self::Ownership,
        Self::ManagedBy,
        Self::JoinType,
        Self::SkuFamily,
        Self::Category,
    ];

    /// The header in Intune's export.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Os => "OS",
            Self::OsVersion => "OS version",
            Self::Model => "Model",
            Self::Manufacturer => "Manufacturer",
            Self::Ownership => "Ownership",
            Self::ManagedBy => "Managed by",
            Self::JoinType => "JoinType",
            Self::SkuFamily => "SkuFamily",
            Self::Category => "Category",
        }
    }

    /// The word for it in a scenario (`where: model = ...`).
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::OsVersion => "os-version",
            Self::Model => "model",
            Self::Manufacturer => "manufacturer",
            Self::Ownership => "ownership",
            Self::ManagedBy => "management",
            Self::JoinType => "join",
            Self::SkuFamily => "sku",
            Self::Category => "category",
        }
    }
}

/// One device, without its derived attributes ([`Inventory::attributes`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// [`device_key`] of its Device ID.
    pub key: u64,
    /// Unix seconds, [`NEVER`] if the export has none.
    last_check_in_s: i64,
    /// [`UNKNOWN_MB`] if the export has none.
    free_storage_mb: u32,
    /// A code for every [`Column`].
    codes: [u16; Column::ALL.len()],
    /// The export has the column `Serial number`, and this device's cell is empty.
    no_serial: bool,
}

// An option would cost eight bytes a device.
const NEVER: i64 = i64::MIN;
const UNKNOWN_MB: u32 = u32::MAX;

impl Row {
    /// When the device last talked to Intune, in Unix seconds.
    pub fn last_check_in_s(&self) -> Option<i64> {
        (self.last_check_in_s != NEVER).then_some(self.last_check_in_s)
    }

    /// Free storage in MB, as in the export.
    pub fn free_storage_mb(&self) -> Option<u32> {
        (self.free_storage_mb != UNKNOWN_MB).then_some(self.free_storage_mb)
    }

    /// Index into [`Inventory::dictionary`] of the column.
    pub fn code(&self, column: Column) -> u16 {
        self.codes[column as usize]
    }

    /// The cell of the serial number is there and empty.
    pub fn lacks_serial_number(&self) -> bool {
        self.no_serial
    }
}

/// The different values of one column or attribute, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dictionary {
    values: Vec<Box<str>>,
}

impl Dictionary {
    /// The value of a code. An empty text is an empty cell or a missing column.
    pub fn value(&self, code: u16) -> &str {
        &self.values[usize::from(code)]
    }

    /// The code of a value, written exactly.
    pub fn code(&self, value: &str) -> Option<u16> {
        let at = self.values.binary_search_by(|known| known.as_ref().cmp(value)).ok()?;
        Some(u16::try_from(at).expect("invariant: a dictionary has at most 65 535 values"))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All values in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(AsRef::as_ref)
    }
}

/// A whole fleet, one compact record a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    rows: Vec<Row>,
    dictionaries: Vec<Dictionary>,
    present: [bool; Column::ALL.len()],
    attributes: Vec<(String, Dictionary)>,
    codes: Vec<u16>,
}

impl Inventory {
    /// Reads an export of at most `limit` bytes and derives attributes on the way.
    ///
    /// Answers the inventory with warnings, or everything that is wrong with it.
    pub fn read(
        path: impl AsRef<Path>,
        rules: &[AttributeRule],
        limit: u64,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        read::inventory(path.as_ref(), rules, limit)
    }

    /// The devices by ascending key.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The different values of a column.
    pub fn dictionary(&self, column: Column) -> &Dictionary {
        &self.dictionaries[column as usize]
    }

    /// True if the export has the column.
    pub fn has(&self, column: Column) -> bool {
        self.present[column as usize]
    }

    /// A device's cell in a kept column; empty if the column is missing.
    pub fn value(&self, row: &Row, column: Column) -> &str {
        self.dictionary(column).value(row.code(column))
    }

    /// Names and values of the derived attributes, in the order of the rules. A value that a rule names is in
    /// the dictionary even if no device has it.
    pub fn attributes(&self) -> &[(String, Dictionary)] {
        &self.attributes
    }

    /// Codes of the derived attributes of the device at this position.
    pub fn attribute_codes(&self, position: usize) -> &[u16] {
        let width = self.attributes.len();
        &self.codes[position * width..(position + 1) * width]
    }

    /// Gives back the memory of the devices from this position on.
    pub(crate) fn forget_from(&mut self, position: usize) {
        self.rows.truncate(position);
        self.rows.shrink_to_fit();
        self.codes.truncate(position * self.attributes.len());
        self.codes.shrink_to_fit();
    }

    /// Position of the device with this key.
    pub fn position(&self, key: u64) -> Option<usize> {
        self.rows.binary_search_by_key(&key, |row| row.key).ok()
    }
}

/// The key of a device: a hash of its Device ID without regard to case and surrounding spaces.
pub fn device_key(id: &str) -> u64 {
    let id = id.trim();
    if id.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        rollcast_core::draws::hash64(id.to_lowercase().as_bytes())
    } else {
        rollcast_core::draws::hash64(id.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_takes_at_most_64_bytes() {
        assert!(size_of::<Row>() <= 40);
    }

    #[test]
    fn columns_are_indexed_by_their_order() {
        assert!(Column::ALL.iter().enumerate().all(|(at, &column)| at == column as usize));
    }

    #[test]
    fn keys_ignore_case_and_keep_their_value() {
        let id = "0B9A6C3E-52D1-4E57-9C0F-7A3C52E0F1AA";
        assert_eq!(device_key(id), device_key(&format!(" {} ", id.to_lowercase())));
        // Pinned: every draw of a device hangs on it.
        assert_eq!(device_key("a"), rollcast_core::draws::mix64(0xAF63_DC4C_8601_EC8C));
    }

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
