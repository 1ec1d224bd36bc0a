//! What tests of plans share: everything that a study may play is loaded, as a sweep does before it begins.

use rollcast_core::metrics::Metric;
use rollcast_scenario::{
    load::{Base, Loaded, Problems},
    scalar::Column,
    study::{Level, Levels, Study},
};

/// Loads every strategy, every value of each axis (with the first values of the others) and every member of the bank, and
/// looks up what is measured and chosen by; returns what is wrong.
pub(crate) fn wrong_with(study: &Study) -> Vec<String> {
    let mut wrong = Vec::new();
    for strategy in 0..study.strategies.len() {
        wrong.extend(study.astray(strategy).iter().map(ToString::to_string));
        let mut points: Vec<Vec<Level>> = vec![Vec::new()];
        if strategy == study.vary {
            points.extend(around(study));
        }
        for levels in points {
            wrong.extend(wrong_with_point(study, strategy, &levels));
        }
    }
    wrong
}

fn around(study: &Study) -> Vec<Vec<Level>> {
    let first = || study.axes.iter().map(|axis| axis.at(0.0));
    let mut points = Vec::new();
    for (at, axis) in study.axes.iter().enumerate() {
        let levels = match &axis.values {
            Levels::Listed(all) => all.clone(),
            Levels::Stretch(..) => vec![axis.at(0.0), axis.at(1.0)],
        };
        let point = |level: Level| {
            let mut point: Vec<Level> = first().collect();
            point[at] = level;
            point
        };
        points.extend(levels.into_iter().map(point));
    }
    points
}

fn wrong_with_point(study: &Study, strategy: usize, levels: &[Level]) -> Vec<String> {
    let changes = study.changes(Some(strategy), levels);
    let base: &Base = study.base(strategy);
    let plain: Loaded = match base.load(&changes) {
        Ok(plain) => plain,
        Err(Problems(found)) => return found.iter().map(ToString::to_string).collect(),
    };
    let mut wrong: Vec<String> = study.broken(&plain).err().iter().map(ToString::to_string).collect();
    for column in columns(study) {
        let unknown = |what: &str, name: &str| format!("`{column}`: `{name}` is no {what}");
        if Metric::parse(&column.metric).is_none() {
            wrong.push(unknown("metric", &column.metric));
        }
        if let Some(ring) = column.ring.as_ref().filter(|ring| !plain.labels.rings.contains(ring)) {
            wrong.push(unknown("ring", ring));
        }
        let releases: Vec<&str> = plain.labels.releases.iter().map(|release| release.0.as_str()).collect();
        if let Some(release) = column.release.as_deref().filter(|release| !releases.contains(release)) {
            wrong.push(unknown("release", release));
        }
    }
    for member in 0..study.bank.as_ref().map_or(0, |bank| bank.members.len()) {
        let changes = study.with_member(strategy, &changes, member, &plain.labels);
        if let Err(Problems(found)) = base.load(&changes) {
            wrong.extend(found.iter().map(ToString::to_string));
        }
    }
    wrong
}

fn columns(study: &Study) -> Vec<Column> {
    let mut all: Vec<Column> = study.measure.iter().flatten().map(|(column, _)| column.clone()).collect();
    if let Some(choose) = &study.choose {
        all.extend(choose.only_if.iter().map(|(limit, _)| limit.column.clone()));
        all.extend(choose.then.iter().map(|(aim, _)| aim.column.clone()));
    }
    all
}
