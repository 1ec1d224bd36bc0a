//! Commented scenarios to start from, as `rollcast init` writes them.
//!
//! A template is a scenario like any other: it loads as it stands. [`Template::Inventory`] names
//! [`INVENTORY_FILE`] beside it, which [`crate::inventory::generate`] can make up.

/// The inventory that [`Template::Inventory`] names.
pub const INVENTORY_FILE: &str = "devices.csv";

/// Which scenario to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// A tenant of 180 devices in one office.
    Small,
    /// 12 000 devices of several kinds at three sites.
    Enterprise,
    /// The devices of an export of Intune's device list.
    Inventory,
}

impl Template {
    /// All of them.
    pub const ALL: [Template; 3] = [Template::Small, Template::Enterprise, Template::Inventory];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Template::Small => "small",
            Template::Enterprise => "enterprise",
            Template::Inventory => "inventory",
        }
    }
}

/// The text of a template.
pub fn template(template: Template) -> &'static str {
    match template {
        Template::Small => include_str!("../templates/small.yaml"),
        Template::Enterprise => include_str!("../templates/enterprise.yaml"),
        Template::Inventory => include_str!("../templates/inventory.yaml"),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::Arc};

    use super::*;
    use crate::{diagnostic::Source, inventory::generate, load::Loader};

    #[test]
    fn every_template_loads_without_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        let file = fs::File::create(dir.path().join(INVENTORY_FILE)).unwrap();
        generate::generate(500, 1, generate::DEFAULT_EXPORT_S, file).unwrap();
        for which in Template::ALL {
            let text = template(which);
            let first = text.lines().next().unwrap();
            assert_eq!(first, "# yaml-language-server: $schema=scenario.schema.json", "{which:?}");
            let source = Arc::new(Source { name: which.name().into(), text: text.into() });
            let loaded = Loader::new()
                .load_source(source, dir.path())
                .unwrap_or_else(|problems| panic!("{}: {problems}", which.name()));
            // An inventory that is made up has devices that cannot be registered and silent ones; nothing else
            // may be odd about a file to start from.
            let odd: Vec<_> = loaded.warnings.iter().filter(|w| !w.code.starts_with("RC3")).collect();
            assert!(odd.is_empty(), "{}: {odd:?}", which.name());
            assert!(!loaded.goals.is_empty() && loaded.runs >= 20, "{}", which.name());
        }
    }

    /// Every suggestion taken up: the comment sign away from lines that are nothing but a commented entry.
    fn suggestions_taken(text: &str) -> String {
        let (head, body) = text.split_once("\nservice:").unwrap();
        let taken = body.lines().map(|line| {
            let (blanks, rest) = line.split_at(line.len() - line.trim_start().len());
            rest.strip_prefix("# ").map_or(line.to_owned(), |entry| format!("{blanks}{entry}"))
        });
        format!("{head}\nservice:{}\n", taken.collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn suggestions_can_be_taken_up() {
        for which in [Template::Small, Template::Enterprise] {
            let text = suggestions_taken(template(which));
            assert!(!text.contains("\n#   "), "{text}");
            let source = Arc::new(Source { name: which.name().into(), text });
            let loaded = Loader::new().load_source(source, std::path::Path::new(""));
            let loaded = loaded.unwrap_or_else(|problems| panic!("{}: {problems}", which.name()));
            assert!(loaded.warnings.is_empty(), "{}: {:?}", which.name(), loaded.warnings);
        }
    }
}
