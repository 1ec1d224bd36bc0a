//! Axes that are offsets of other axes. They say what a condition between two settings would say, and fill the cube that
//! designs are made for: no combination has to be left out.

use super::axis::{Axis, Level, Levels};
use crate::{
    diagnostic::{Diagnostic, Span},
    node::Node,
    path,
    scalar::{Kind, Measured},
    suggest,
};

/// An axis whose values are added to those of another one.
pub(super) struct Sum {
    /// Its position.
    pub axis: usize,
    /// The path of the other one.
    pub of: Vec<String>,
    /// Where that stands.
    pub span: Span,
}

/// The values of a combination as they are set, from those that were picked on each axis.
pub(super) fn combined(axes: &[Axis], picked: Vec<Level>) -> Vec<Level> {
    let set = |(number, axis): (usize, &Axis)| match axis.plus.and_then(|_| sum(axes, &picked, number)) {
        Some(sum) => axis.set_to(&sum.to_string()),
        None => picked[number].clone(),
    };
    axes.iter().enumerate().map(set).collect()
}

/// What an axis is set to: its own value, and those of the axes that it is added to.
fn sum(axes: &[Axis], picked: &[Level], number: usize) -> Option<Measured> {
    let mut sum: Measured = picked[number].text.parse().ok()?;
    let mut below = axes[number].plus;
    while let Some(of) = below {
        sum = picked[of].text.parse::<Measured>().ok()?.plus(sum)?;
        below = axes[of].plus;
    }
    Some(sum)
}

/// Ties offsets to the axes that they are added to. `map` is the map of all axes, also of those that were refused.
pub(super) fn tie(axes: &mut [Axis], sums: Vec<Sum>, map: &Node, problems: &mut Vec<Diagnostic>) {
    let mut tied: Vec<Sum> = Vec::new();
    for sum in sums {
        match target(axes, &sum, map) {
            Ok(Some(target)) => {
                axes[sum.axis].plus = Some(target);
                tied.push(sum);
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    // A circle has no end to be followed to; one of its axes is enough to tell.
    let circles: Vec<usize> =
        tied.iter().map(|s| s.axis).filter(|&axis| reach(axes, axis).is_none()).collect();
    for sum in tied.iter().filter(|sum| circles.first().is_none_or(|first| sum.axis == *first)) {
        let why = match reach(axes, sum.axis) {
            None => {
                let help =
                    "let one of the axes have values of its own, as in `rings.Fast.deferral: 2 d to 9 d`";
                Some((format!("`{}` is an offset of itself", axes[sum.axis].name), help))
            }
            Some(most) if axes[sum.axis].kind == Some(Kind::Share) && most > 1.0 + 1e-9 => {
                let help = "let the two ranges reach no more than 100% together";
                Some((format!("`{}` reaches {:.0}%", axes[sum.axis].name, most * 100.0), help))
            }
            Some(_) => None,
        };
        if let Some((message, help)) = why {
            problems.push(Diagnostic::error("RC240", message).at(sum.span.clone()).help(help));
        }
    }
    circles.into_iter().for_each(|axis| axes[axis].plus = None);
}

/// The axis that an offset is added to; `None` for one that was refused itself.
fn target(axes: &[Axis], sum: &Sum, map: &Node) -> Result<Option<usize>, Diagnostic> {
    let own = &axes[sum.axis];
    let name = path::join(&sum.of);
    let fail = |message: String, help: String| {
        Err(Diagnostic::error("RC240", message).at(sum.span.clone()).help(help))
    };
    let is_named = |name: &str| path::split(name).is_ok_and(|keys| keys == sum.of);
    let Some(at) = axes.iter().position(|axis| is_named(&axis.name)) else {
        if map.entries().iter().any(|entry| is_named(&entry.key)) {
            return Ok(None);
        }
        let others: Vec<&str> =
            axes.iter().filter(|axis| axis.name != own.name).map(|axis| axis.name.as_str()).collect();
        let message = format!("`{}` is an offset of `{name}`, which is no axis of this plan", own.name);
        return fail(message, suggest::way_out(&name, &others, "there is no other axis"));
    };
    let of = &axes[at];
    match (of.kind, own.kind) {
        (Some(theirs), Some(ours)) if theirs == ours => Ok(Some(at)),
        (Some(theirs), Some(ours)) => fail(
            format!("`{name}` is {}, and {} is added to it", theirs.name(), ours.name()),
            "add a length of time to a length of time, and so on".into(),
        ),
        _ => fail(
            format!("to the values of `{name}` nothing can be added"),
            "take an axis that has numbers, shares or lengths of time, all of one kind".into(),
        ),
    }
}

/// The most that an axis can be set to; `None` if it is an offset of itself.
fn reach(axes: &[Axis], from: usize) -> Option<f64> {
    let most = |axis: &Axis| match &axis.values {
        Levels::Listed(all) => all
            .iter()
            .filter_map(|level| level.text.parse().ok())
            .map(|q: Measured| q.value)
            .fold(0.0, f64::max),
        Levels::Stretch(stretch, _) => stretch.to.value,
    };
    let mut sum = most(&axes[from]);
    let mut below = axes[from].plus;
    for _ in 0..axes.len() {
        let Some(of) = below else { return Some(sum) };
        sum += most(&axes[of]);
        below = axes[of].plus;
    }
    None
}
