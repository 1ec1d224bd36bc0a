//! Invents an export of any size: the columns and the kind of values of Intune's own, and no real people.
//!
//! The same arguments give the same bytes on every machine and with every later version: the generator of
//! random words is named (xoshiro256++) and seeded here, and everything drawn from it is made of integers. Rows
//! are written as they are made, so memory does not grow. A longer export begins with the shorter one.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};
use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};
use rollcast_core::draws::mix64;

/// When the shipped exports pretend to have been made: 2026-11-09 06:00 UTC, the eve of Patch Tuesday, in Unix
/// seconds.
pub const DEFAULT_EXPORT_S: i64 = 1_794_204_000;

/// The columns of the export in Intune's order.
pub const HEADER: [&str; 50] = [
    "Device ID",
    "Device name",
    "Enrollment date",
    "Last check-in",
    "Azure AD Device ID",
    "OS version",
    "Azure AD registered",
    "EAS activation ID",
    "Serial number",
    "Manufacturer",
    "Model",
    "EAS activated",
    "IMEI",
    "Last EAS sync time",
    "EAS reason",
    "EAS status",
    "Compliance grace period expiration",
    "Security patch level",
    "Wi-Fi MAC",
    "MEID",
    "Subscriber carrier",
    "Total storage",
    "Free storage",
    "Management name",
    "Category",
    "UserId",
    "Primary user UPN",
    "Primary user email address",
    "Primary user display name",
    "WiFiIPv4Address",
    "WiFiSubnetID",
    "Compliance",
    "Managed by",
    "Ownership",
    "Device state",
    "Intune registered",
    "Supervised",
    "Encrypted",
    "OS",
    "SkuFamily",
    "JoinType",
    "Phone number",
    "Jailbroken",
    "ICCID",
    "EthernetMAC",
    "CellularTechnology",
    "ProcessorArchitecture",
    "EID",
    "TPMManufacturerId",
    "TPMManufacturerVersion",
];

/// Weights are parts of their sum.
type Weighted<T> = [(u64, T)];

const SITES: &Weighted<(&str, &str)> =
    &[(50, ("MUC", "10.10")), (30, ("KRK", "10.20")), (20, ("DET", "10.30"))];
const ROLES: &Weighted<&str> = &[(80, "Office"), (12, "Kiosk"), (2, "VIP"), (6, "IT")];
/// Manufacturer, model, prefix of the serial numbers, chassis letters of the device name.
const MODELS: &Weighted<(&str, &str, &str, &str)> = &[
    (22, ("Dell Inc.", "Latitude 5440", "7D", "LT")),
    (14, ("Dell Inc.", "Latitude 5450", "8D", "LT")),
    (5, ("Dell Inc.", "Latitude 7440", "9D", "LT")),
    (9, ("Dell Inc.", "OptiPlex 7010", "3D", "PC")),
    (16, ("LENOVO", "ThinkPad T14 Gen 4", "PF", "LT")),
    (6, ("LENOVO", "ThinkPad X1 Carbon Gen 11", "PW", "LT")),
    (6, ("LENOVO", "ThinkCentre M70q Gen 4", "YL", "PC")),
    (9, ("HP", "HP EliteBook 840 14 inch G10 Notebook PC", "5CG", "LT")),
    (4, ("HP", "HP ProBook 450 15.6 inch G10 Notebook PC", "5CD", "LT")),
    (4, ("HP", "HP Elite Mini 600 G9 Desktop PC", "8CC", "PC")),
    (3, ("Microsoft Corporation", "Surface Laptop 5", "0F3", "LT")),
    (2, ("Microsoft Corporation", "Surface Pro 9", "0F0", "LT")),
];
/// Build and its recent revisions, newest first.
const BUILDS: &Weighted<(&str, [u32; 3])> = &[
    (10, ("10.0.19045", [6456, 6396, 6332])),
    (34, ("10.0.22631", [6060, 5984, 5909])),
    (55, ("10.0.26100", [6899, 6725, 6584])),
    (1, ("10.0.17134", [2208, 2208, 2145])),
];
const PHONES: &Weighted<(&str, &str, &str, &str)> = &[
    (5, ("iOS", "Apple", "iPhone 14", "18.6.2")),
    (4, ("iOS", "Apple", "iPhone 15", "26.0.1")),
    (3, ("Android", "samsung", "SM-A546B", "15.0")),
    (2, ("Android", "Google", "Pixel 8", "16.0")),
];
/// Total storage in MB as Windows reports disks of 128, 256, 512 and 1 024 GB.
const DISKS: &Weighted<u64> = &[(6, 121_212), (48, 243_210), (40, 487_330), (6, 975_642)];

/// Draws in integers from a named generator.
struct Dice(Xoshiro256PlusPlus);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut state = [0; 32];
        for (n, word) in (1..).zip(state.chunks_exact_mut(8)) {
            word.copy_from_slice(&mix64(mix64(seed).wrapping_add(n)).to_le_bytes());
        }
        Self(Xoshiro256PlusPlus::from_seed(state))
    }

    /// One of 0..n.
    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// True in so many of a thousand.
    fn permille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    fn pick<T: Copy>(&mut self, list: &Weighted<T>) -> T {
        let mut at = self.below(list.iter().map(|(weight, _)| weight).sum());
        for &(weight, item) in list {
            if at < weight {
                return item;
            }
            at -= weight;
        }
        unreachable!("invariant: a draw below the sum of the weights falls on one of them")
    }

    /// A random id of the usual form (version 4).
    fn guid(&mut self) -> String {
        let (a, b) = (self.0.next_u64(), self.0.next_u64());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xFFFF,
            a & 0xFFF,
            0x8000 | ((b >> 48) & 0x3FFF),
            b & 0xFFFF_FFFF_FFFF
        )
    }

    fn mac(&mut self) -> String {
        // The second bit marks an address as given locally, so none belongs to a real card.
        format!("02{:010X}", self.0.next_u64() >> 24)
    }
}

/// Writes an export of `rows` devices, as if made at `exported_at_s` (Unix seconds).
pub fn generate(rows: u64, seed: u64, exported_at_s: i64, out: impl Write) -> io::Result<()> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(io::BufWriter::new(out));
    writer.write_record(HEADER)?;
    let mut dice = Dice::new(seed);
    for number in 1..=rows {
        let device = if dice.permille(945) {
            windows(&mut dice, number, exported_at_s)
        } else {
            phone(&mut dice, number, exported_at_s)
        };
        writer.write_record(HEADER.iter().map(|column| device.cell(column)))?;
    }
    writer.flush()
}

/// What differs from device to device.
#[derive(Default)]
struct Device {
    cells: Vec<(&'static str, String)>,
}

impl Device {
    fn set(&mut self, column: &'static str, value: impl Into<String>) {
        self.cells.push((column, value.into()));
    }

    fn cell(&self, column: &str) -> &str {
        self.cells.iter().find(|(name, _)| *name == column).map_or("", |(_, value)| value)
    }
}

fn windows(dice: &mut Dice, number: u64, exported_at_s: i64) -> Device {
    let (site, net) = dice.pick(SITES);
    let role = dice.pick(ROLES);
    let (manufacturer, model, serial, chassis) = dice.pick(MODELS);
    let (build, revisions) = dice.pick(BUILDS);
    let personal = role == "Office" && dice.permille(30);
    let managed_by = dice.pick(&[(78, "Intune"), (20, "Co-managed"), (2, "ConfigMgr")]);
    let hybrid = managed_by != "Intune" || dice.permille(150);
    let virtual_without_serial = dice.permille(4);
    let mut device = Device::default();
    common(&mut device, dice, number, exported_at_s, role == "Kiosk");
    device.set("Device name", format!("{site}-{chassis}-{number:06}"));
    device.set("Category", role);
    device.set("OS", "Windows");
    // Most devices had last month's update, a few are one or two behind.
    let revision = revisions[dice.pick(&[(86, 0_usize), (10, 1), (4, 2)])];
    device.set("OS version", format!("{build}.{revision}"));
    device.set("Manufacturer", manufacturer);
    device.set("Model", model);
    let tail = dice.below(36_u64.pow(5));
    device.set(
        "Serial number",
        if virtual_without_serial { String::new() } else { format!("{serial}{}", base36(tail)) },
    );
    let total = dice.pick(DISKS);
    let free = if dice.permille(18) {
        dice.below(9_000)
    } else {
        total * (15 + dice.below(61)) / 100 + dice.below(900)
    };
    device.set("Total storage", total.to_string());
    device.set("Free storage", free.to_string());
    device.set("Managed by", managed_by);
    device.set("Ownership", if personal { "Personal" } else { "Corporate" });
    device.set("Compliance", dice.pick(&[(93, "Compliant"), (5, "Noncompliant"), (2, "In grace period")]));
    let family = if personal {
        dice.pick(&[(60, "Home"), (40, "Pro")])
    } else {
        dice.pick(&[(815, "Enterprise"), (170, "Pro"), (9, "Education"), (6, "Home")])
    };
    device.set("SkuFamily", family);
    device.set(
        "JoinType",
        match (personal, hybrid) {
            (true, _) => "Azure AD registered",
            (false, true) => "Hybrid Azure AD joined",
            (false, false) => "Azure AD joined",
        },
    );
    device.set("Encrypted", if dice.permille(960) { "True" } else { "False" });
    let (third, fourth) = (dice.below(240), 2 + dice.below(250));
    device.set("WiFiIPv4Address", format!("{net}.{third}.{fourth}"));
    device.set("WiFiSubnetID", format!("{net}.{third}.0"));
    device.set("Wi-Fi MAC", dice.mac());
    device.set("EthernetMAC", dice.mac());
    device.set("ProcessorArchitecture", "X64");
    device.set("TPMManufacturerId", dice.pick(&[(5, "INTC"), (3, "STM"), (2, "NTC")]));
    device.set("TPMManufacturerVersion", format!("{}.{}.0.0", 1 + dice.below(7), dice.below(4)));
    device
}

fn phone(dice: &mut Dice, number: u64, exported_at_s: i64) -> Device {
    let (os, manufacturer, model, version) = dice.pick(PHONES);
    let mut device = Device::default();
    common(&mut device, dice, number, exported_at_s, false);
    device.set("Device name", format!("{}-{number:06}", if os == "iOS" { "iPhone" } else { "Android" }));
    device.set("Category", "Unknown");
    device.set("OS", os);
    device.set("OS version", version);
    device.set("Manufacturer", manufacturer);
    device.set("Model", model);
    device.set("Serial number", format!("F{}", base36(dice.below(36_u64.pow(9)))));
    let total = dice.pick(&[(6, 122_880_u64), (4, 245_760)]);
    device.set("Total storage", total.to_string());
    device.set("Free storage", (total * (10 + dice.below(70)) / 100).to_string());
    device.set("Managed by", "Intune");
    device.set("Ownership", if dice.permille(450) { "Personal" } else { "Corporate" });
    device.set("Compliance", if dice.permille(950) { "Compliant" } else { "Noncompliant" });
    device.set("JoinType", "Azure AD registered");
    device.set("Supervised", if os == "iOS" { "True" } else { "False" });
    device.set("Encrypted", "True");
    device.set("Wi-Fi MAC", dice.mac());
    if os == "Android" {
        device.set("Security patch level", "2026-10-05");
    }
    device
}

/// Ids, dates and the invented user.
fn common(device: &mut Device, dice: &mut Dice, number: u64, exported_at_s: i64, always_on: bool) {
    let id = dice.guid();
    let entra = dice.guid();
    let user = dice.guid();
    let age_s = 86_400 * (20 + dice.below(1_300)) + dice.below(86_400);
    device.set("Enrollment date", date(exported_at_s - age_s as i64));
    // Intune talks to a device about every eight hours while it is on; the rest is absences, and lost devices.
    let silent_s = if always_on {
        Some(dice.below(8 * 3600))
    } else {
        match dice.below(1000) {
            0 => None,
            1..=24 => Some(86_400 * (28 + dice.below(172)) + dice.below(86_400)),
            25..=59 => Some(86_400 * (7 + dice.below(21)) + dice.below(86_400)),
            60..=149 => Some(86_400 * (1 + dice.below(6)) + dice.below(86_400)),
            // The export is made on a Monday morning: most were last on towards the end of Friday.
            _ => Some(dice.below(3 * 86_400)),
        }
    };
    let never = "0001-01-01 00:00:00.0000000".to_owned();
    device
        .set("Last check-in", silent_s.map_or(never.clone(), |s| date(exported_at_s - s.min(age_s) as i64)));
    device.set("Management name", format!("user{number:06}_Device_{}", &id[..8]));
    device.set("Device ID", id);
    device.set("Azure AD Device ID", entra);
    device.set("UserId", user);
    device.set("Primary user UPN", format!("user{number:06}@contoso.example"));
    device.set("Primary user email address", format!("user{number:06}@contoso.example"));
    // With a comma, as many directories write names, so that the cell is quoted.
    device.set("Primary user display name", format!("User, {number:06}"));
    device.set("Azure AD registered", "True");
    device.set("Intune registered", "True");
    device.set("EAS activated", "False");
    device.set("Last EAS sync time", never);
    device.set("EAS status", "Unknown");
    device.set("Compliance grace period expiration", "9999-12-31 23:59:59.0000000");
    device.set("Device state", "Managed");
    device.set("Jailbroken", "Unknown");
}

/// A date as the export writes it.
fn date(unix_s: i64) -> String {
    let at = jiff::Timestamp::from_second(unix_s).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{}.0000000", jiff::tz::TimeZone::UTC.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S"))
}

fn base36(mut number: u64) -> String {
    let mut text = Vec::new();
    for _ in 0..5 {
        text.push(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(number % 36) as usize]);
        number /= 36;
    }
    text.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rows: u64, seed: u64) -> String {
        let mut bytes = Vec::new();
        generate(rows, seed, DEFAULT_EXPORT_S, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(text(50, 1), text(50, 1));
        assert_ne!(text(50, 1), text(50, 2));
        assert!(text(200, 7).starts_with(&text(50, 7)));
        // Pinned by a second implementation of xoshiro256++: the words behind every export.
        assert_eq!(Dice::new(1).0.next_u64(), 0xC33C_0BFA_E54A_939C);
        assert_eq!(text(0, 1).lines().count(), 1);
    }

    #[test]
    fn every_cell_that_is_set_is_a_column_once() {
        let mut dice = Dice::new(3);
        for device in [windows(&mut dice, 1, DEFAULT_EXPORT_S), phone(&mut dice, 2, DEFAULT_EXPORT_S)] {
            for (at, (name, _)) in device.cells.iter().enumerate() {
                assert!(HEADER.contains(name), "{name}");
                assert!(device.cells[..at].iter().all(|(other, _)| other != name), "{name}");
            }
        }
    }

    #[test]
    fn dates_are_written_as_intune_does() {
        assert_eq!(date(DEFAULT_EXPORT_S), "2026-11-09 06:00:00.0000000");
    }
}
