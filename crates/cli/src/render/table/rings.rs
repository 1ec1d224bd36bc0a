//! How well each ring stands for the fleet.

use super::{
    HEADING,
    grid::{
        Grid,
        Lean::{Left, Right},
    },
    styled,
};
use crate::{
    render::number::share,
    report::{Likeness, Report, Ring},
};

/// The block, empty where no attribute has two values.
pub(super) fn likeness(report: &Report) -> String {
    let telling: Vec<&str> = report
        .fleet
        .attributes
        .iter()
        .filter(|attribute| attribute.values.len() > 1)
        .map(|attribute| attribute.name.as_str())
        .collect();
    if telling.is_empty() || report.rings.len() < 2 {
        return String::new();
    }
    let mut grid = Grid::new([
        ("ring", Left),
        ("least like the fleet in", Left),
        ("likeness", Right),
        ("values present", Right),
    ]);
    for ring in &report.rings {
        match least(ring, &telling) {
            Some(found) => grid.row([
                ring.name.clone(),
                found.attribute.clone(),
                found.likeness.map_or_else(|| "-".into(), |likeness| format!("{likeness:.2}")),
                found.coverage.map_or_else(|| "-".into(), share),
            ]),
            None => grid.row([ring.name.clone(), "(empty)".into(), "-".into(), "-".into()]),
        }
    }
    let heading = styled(HEADING, "how representative");
    format!("\n{heading} (1 is a perfect miniature of the fleet, 0 has nothing in common)\n{}", grid.lines())
}

/// The attribute in which the ring is least like the fleet, of those that can tell.
fn least<'a>(ring: &'a Ring, telling: &[&str]) -> Option<&'a Likeness> {
    ring.likeness
        .iter()
        .filter(|likeness| telling.contains(&likeness.attribute.as_str()))
        .filter_map(|likeness| Some((likeness.likeness?, likeness)))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, likeness)| likeness)
}
