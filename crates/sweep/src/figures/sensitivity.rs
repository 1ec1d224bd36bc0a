//! Which settings matter: shares of the axes in a variance ([`indices`]), and main effects ([`effects`]).
//!
//! Everything is read from a layout and its results alone, so whoever merges shards gets what a single machine gets.

pub mod effects;
pub mod indices;

use super::sample::{Sample, Stratum};
use crate::layout::{Axis, AxisUnit, Design, Layout, Value};
use crate::rows::Results;
use effects::Effect;
use indices::Shares;

/// What a study says about its axes, for one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Sensitivity {
    /// Of a design that is made for it: the share of each axis in the variance, or why there is none.
    Shares(Result<Shares, Silence>),
    /// Of any other design: what each axis does to the mean.
    Effects {
        /// By axis: its effect, or why there is none.
        axes: Vec<Result<Effect, Silence>>,
        /// True if 'never' counts as the limit of the column.
        restricted: bool,
    },
}

/// Why nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// All runs of all points gave the same.
    Constant,
    /// What points differ by cannot be told from luck.
    Luck,
    /// Runs or points are missing, or values undefined, and what is left is too little.
    TooFew,
    /// The axis has one value only, or one group of values.
    OneLevel,
    /// No combination of the other axes is there with each value of this one.
    Confounded,
}

impl Sensitivity {
    /// What a column says about the axes; `None` for a study without axes.
    pub fn of(layout: &Layout, results: &Results, column: usize) -> Option<Self> {
        let points = varied(layout);
        let numbers = Numbers::of(layout, results, &points, column);
        Some(match layout.design? {
            Design::Indices => Sensitivity::Shares(indices::shares(&numbers, layout.axes.len(), layout.seed)),
            design @ (Design::Grid | Design::OneAtATime | Design::Cube) => Sensitivity::Effects {
                axes: effects::effects(layout, &points, &numbers, design == Design::Cube),
                restricted: numbers.restricted,
            },
        })
    }
}

/// The points that the axes vary, in plan order.
fn varied(layout: &Layout) -> Vec<usize> {
    (0..layout.points.len())
        .filter(|&point| layout.points[point].values.iter().any(Option::is_some))
        .collect()
}

/// What an axis is called: an offset says what it is the distance from.
pub fn name(layout: &Layout, axis: usize) -> String {
    let own = &layout.axes[axis];
    match own.plus {
        Some(of) => format!("{} - {}", own.name, layout.axes[of].name),
        None => own.name.clone(),
    }
}

/// What an axis itself has at a point: of an offset its distance from the axis that it is added to.
fn own_value(layout: &Layout, point: usize, axis: usize) -> Option<Value> {
    let values = &layout.points[point].values;
    match (values[axis].clone()?, layout.axes[axis].plus.and_then(|of| values[of].as_ref())) {
        (Value::Number(sum), Some(Value::Number(below))) => {
            // A difference of decimal numbers as it was written: times are whole seconds.
            let digits = if layout.axes[axis].unit == AxisUnit::Hours { 3_600.0 } else { 1e9 };
            Some(Value::Number(((sum - below) * digits).round() / digits))
        }
        (value, _) => Some(value),
    }
}

/// A value of an axis in the words of a file.
fn written(axis: &Axis, value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => {
            let (number, unit) = scaled(axis.unit, *number);
            format!("{}{unit}", short(number))
        }
    }
}

/// A number of an axis with three digits that count: an end of a group.
fn roughly(axis: &Axis, number: f64) -> String {
    let (number, unit) = scaled(axis.unit, number);
    format!("{}{unit}", short(format!("{number:.2e}").parse().unwrap_or(number)))
}

/// A number in the unit that a file would have.
fn scaled(unit: AxisUnit, number: f64) -> (f64, &'static str) {
    match unit {
        AxisUnit::Hours if number >= 48.0 => (number / 24.0, " d"),
        AxisUnit::Hours => (number, " h"),
        AxisUnit::Share => (number * 100.0, "%"),
        AxisUnit::Number | AxisUnit::Text => (number, ""),
    }
}

/// At most three decimals.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// By member the runs of a point: replication and value.
type Runs = Vec<Stratum<(u32, f64)>>;

/// The runs of the points that the axes vary.
struct Numbers {
    /// By point; `None` for one of which a value is undefined or a member missing.
    points: Vec<Option<Runs>>,
    /// True if one of them was 'never': then the limit of the column counts for it, and is the most that counts.
    restricted: bool,
    /// How many replications in a row share a draw of the uncertain settings.
    together: u32,
}

impl Numbers {
    /// As [`Sample::numbers`], with one limit for all points: a mean that is cut off at one of them and not at another
    /// would make a difference of its own.
    fn of(layout: &Layout, results: &Results, points: &[usize], column: usize) -> Self {
        let samples: Vec<Sample> =
            points.iter().map(|&point| Sample::of(layout, results, point, column)).collect();
        let runs = samples.iter().flat_map(|sample| &sample.strata).flat_map(|stratum| &stratum.values);
        let limit = layout.columns[column].limit;
        let restricted = limit.is_some() && runs.into_iter().any(|(_, value)| value.is_none());
        let number = |value: Option<f64>| match limit {
            Some(limit) if restricted => Some(value.map_or(limit, |value| value.min(limit))),
            _ => value,
        };
        let stratum = |stratum: &Stratum<(u32, Option<f64>)>| {
            let values = stratum.values.iter().map(|(run, value)| Some((*run, number(*value)?)));
            Some(Stratum { weight: stratum.weight, values: values.collect::<Option<Vec<_>>>()? })
        };
        let point = |sample: &Sample| {
            let strata = sample.strata.iter().map(stratum).collect::<Option<Vec<_>>>()?;
            sample.has_every_member().then_some(strata)
        };
        let together = layout.together.max(1);
        Numbers { points: samples.iter().map(point).collect(), restricted, together }
    }
}
