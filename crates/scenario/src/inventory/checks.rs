//! Who can be registered with the service: the prerequisites that an export can show.
//!
//! They are judged in the order of the service's own registration, so that a device gets the one reason that
//! the service would give first: known to Intune, seen lately, Windows and corporate, edition and build. What
//! the export does not say (a missing column, an empty cell, `Unknown`) never fails a check, except an empty
//! serial number, model or manufacturer: those are part of the identity of a device.

use std::fmt;

use super::{Column, Inventory, Row, derive::plural};
use crate::{diagnostic::Diagnostic, suggest};

/// A device must have talked to Intune within these days to be registered.
pub const CHECK_IN_DAYS: i64 = 28;
/// The oldest build that can be registered: Windows 10 1809.
pub const OLDEST_BUILD: u32 = 17_763;

/// Why a device cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prerequisite {
    /// Configuration Manager alone, or no management that can set update policies.
    NotManagedByIntune,
    /// No serial number, model or manufacturer.
    MissingHardwareIdentity,
    /// Silent for more than [`CHECK_IN_DAYS`].
    LastCheckInTooOld,
    /// A phone, a Mac, ...
    NotWindows,
    /// The user's own device.
    PersonallyOwned,
    /// Home and other families that are neither Pro nor Enterprise nor Education.
    UnsupportedEdition,
    /// Below [`OLDEST_BUILD`].
    UnsupportedBuild,
}

impl Prerequisite {
    /// All of them in the order in which they are judged.
    pub const ALL: [Self; 7] = [
        Self::NotManagedByIntune,
        Self::MissingHardwareIdentity,
        Self::LastCheckInTooOld,
        Self::NotWindows,
        Self::PersonallyOwned,
        Self::UnsupportedEdition,
        Self::UnsupportedBuild,
    ];
}

impl fmt::Display for Prerequisite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotManagedByIntune => "not managed by Intune",
            Self::MissingHardwareIdentity => "no serial number, model or manufacturer",
            Self::LastCheckInTooOld => "last check-in more than 28 days ago",
            Self::NotWindows => "not Windows",
            Self::PersonallyOwned => "personally owned",
            Self::UnsupportedEdition => "edition is not Pro, Enterprise or Education",
            Self::UnsupportedBuild => "Windows build below 10.0.17763",
        })
    }
}

/// The checks, prepared for one inventory and one instant: strings are judged once per value, not per device.
#[derive(Debug)]
pub struct Checks {
    oldest_check_in_s: i64,
    unmanaged: Vec<bool>,
    no_model: Vec<bool>,
    no_manufacturer: Vec<bool>,
    not_windows: Vec<bool>,
    personal: Vec<bool>,
    edition: Vec<bool>,
    build: Vec<bool>,
}

impl Checks {
    /// Prepares the checks as of `at_s` (Unix seconds).
    pub fn new(inventory: &Inventory, at_s: i64) -> Self {
        let judge = |column: Column, fails: fn(&str) -> bool| {
            let present = inventory.has(column);
            inventory.dictionary(column).iter().map(|value| present && fails(value)).collect()
        };
        Self {
            oldest_check_in_s: at_s.saturating_sub(CHECK_IN_DAYS * 86_400),
            unmanaged: judge(Column::ManagedBy, |value| management(value) == Some(false)),
            no_model: judge(Column::Model, str::is_empty),
            no_manufacturer: judge(Column::Manufacturer, str::is_empty),
            not_windows: judge(Column::Os, |value| windows(value) == Some(false)),
            personal: judge(Column::Ownership, |value| value.eq_ignore_ascii_case("personal")),
            edition: judge(Column::SkuFamily, |value| edition(value) == Some(false)),
            build: judge(Column::OsVersion, |value| build(value).is_some_and(|build| build < OLDEST_BUILD)),
        }
    }

    /// The first prerequisite that the device lacks, `None` if it can be registered.
    pub fn of(&self, row: &Row) -> Option<Prerequisite> {
        let fails = |list: &[bool], column| list[usize::from(row.code(column))];
        if fails(&self.unmanaged, Column::ManagedBy) {
            Some(Prerequisite::NotManagedByIntune)
        } else if row.lacks_serial_number()
            || fails(&self.no_model, Column::Model)
            || fails(&self.no_manufacturer, Column::Manufacturer)
        {
            Some(Prerequisite::MissingHardwareIdentity)
        } else if row.last_check_in_s().is_some_and(|at| at < self.oldest_check_in_s) {
            Some(Prerequisite::LastCheckInTooOld)
        } else if fails(&self.not_windows, Column::Os) {
            Some(Prerequisite::NotWindows)
        } else if fails(&self.personal, Column::Ownership) {
            Some(Prerequisite::PersonallyOwned)
        } else if fails(&self.edition, Column::SkuFamily) {
            Some(Prerequisite::UnsupportedEdition)
        } else if fails(&self.build, Column::OsVersion) {
            Some(Prerequisite::UnsupportedBuild)
        } else {
            None
        }
    }
}

/// The Windows build in an `OS version` such as `10.0.22631.4317`. Versions before 10 count as build 0.
pub fn build(os_version: &str) -> Option<u32> {
    let mut parts = os_version.trim().split('.');
    let major: u32 = parts.next()?.parse().ok()?;
    let _minor: u32 = parts.next()?.parse().ok()?;
    let build: u32 = parts.next()?.parse().ok()?;
    Some(if major < 10 { 0 } else { build })
}

/// Letters and digits in lower case, so that `Co-managed` and `CoManaged` are one.
fn plain(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// True for desktop Windows, `None` if the cell does not say.
fn windows(os: &str) -> Option<bool> {
    let os = plain(os);
    let other = ["mobile", "phone", "holographic", "rt"];
    match os.strip_prefix("windows") {
        Some(rest) => Some(!other.iter().any(|kind| rest.starts_with(kind))),
        None if os.is_empty() || os == "unknown" => None,
        None => Some(false),
    }
}

/// True if Intune can set update policies, `None` if the cell does not say or is not known.
fn management(value: &str) -> Option<bool> {
    match plain(value).as_str() {
        // The portal's words, then those of the interface behind it.
        "intune"
        | "mdm"
        | "comanaged"
        | "mdmconfigmgragent"
        | "mdmeas"
        | "easmdm"
        | "intuneclient"
        | "easintuneclient"
        | "configurationmanagerclientmdm"
        | "configurationmanagerclientmdmeas"
        | "microsoft365managedmdm"
        | "office365mobile" => Some(true),
        "configmgr"
        | "configmgragent"
        | "configurationmanager"
        | "configurationmanagerclient"
        | "eas"
        | "jamf"
        | "mde"
        | "mssense"
        | "microsoftdefenderforendpoint"
        | "googleclouddevicepolicycontroller"
        | "intuneaosp" => Some(false),
        _ => None,
    }
}

/// True for a family that can be registered, `None` if the cell does not say.
fn edition(value: &str) -> Option<bool> {
    let value = value.to_lowercase();
    if value.is_empty() || value == "unknown" {
        return None;
    }
    let words = value.split(|c: char| !c.is_alphanumeric());
    Some(
        ["enterprise", "education"].iter().any(|family| value.contains(family))
            || words.into_iter().any(|word| word.starts_with("pro")),
    )
}

/// Warnings for values of enumerated columns that no check knows, once a value.
pub(super) fn unknown_values(inventory: &Inventory, name: &str) -> Vec<Diagnostic> {
    let ownership = |value: &str| matches!(plain(value).as_str(), "corporate" | "company" | "personal");
    let managed = |value: &str| management(value).is_some();
    let known_owners = ["Corporate", "Personal"];
    let known_managers = ["Intune", "Co-managed", "ConfigMgr"];
    let mut all = Vec::new();
    for column in [Column::Ownership, Column::ManagedBy] {
        let owners = column == Column::Ownership;
        let usual: &[&str] = if owners { &known_owners } else { &known_managers };
        let known = |value: &str| if owners { ownership(value) } else { managed(value) };
        let mut counts = vec![0_u64; inventory.dictionary(column).len()];
        inventory.rows().iter().for_each(|row| counts[usize::from(row.code(column))] += 1);
        for (value, count) in inventory.dictionary(column).iter().zip(counts) {
            if value.is_empty() || plain(value) == "unknown" || known(value) {
                continue;
            }
            let message = format!(
                "`{name}`: column `{}` has the unknown value `{value}` on {}; it fails no check",
                column.header(),
                plural(count, "device")
            );
            all.push(
                Diagnostic::warning("RC323", message)
                    .help(format!("the usual values are {}", suggest::list(usual, usual.len()))),
            );
        }
    }
    // A column of free text must not bury the other warnings.
    let more = all.len().saturating_sub(super::PER_KIND);
    all.truncate(super::PER_KIND);
    if more > 0 {
        all.push(Diagnostic::warning("RC323", format!("`{name}`: and {more} more of this kind")));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds() {
        assert_eq!(build("10.0.22631.4317"), Some(22_631));
        assert_eq!(build("10.0.17134"), Some(17_134));
        assert_eq!(build("6.3.9600.1"), Some(0));
        assert_eq!(build("17.1"), None);
        assert_eq!(build(""), None);
    }

    #[test]
    fn words_of_columns() {
        assert_eq!(windows("Windows"), Some(true));
        assert_eq!(windows("Windows 11"), Some(true));
        assert_eq!(windows("Windows Holographic"), Some(false));
        assert_eq!(windows("iOS"), Some(false));
        assert_eq!(windows(""), None);
        assert_eq!(management("Co-managed"), Some(true));
        assert_eq!(management("MDM/ConfigMgr agent"), Some(true));
        assert_eq!(management("ConfigMgr"), Some(false));
        assert_eq!(management("Unknown"), None);
        for good in [
            "Pro",
            "Enterprise",
            "Windows 11 Pro",
            "ProWorkstation",
            "Pro Education",
            "EDUCATION",
            "IoTEnterprise",
        ] {
            assert_eq!(edition(good), Some(true), "{good}");
        }
        assert_eq!(edition("Home"), Some(false));
        assert_eq!(edition(""), None);
    }
}
