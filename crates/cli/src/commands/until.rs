//! `--until-ci` and `--until-decided`: runs that go on in rounds until something is known.

use std::collections::BTreeMap;

use rollcast_core::metrics::Metric;
use rollcast_scenario::{compile::bound_in_unit, scalar::Bound};
use rollcast_sweep::{
    figures::comparison::{Criterion, Statistic},
    figures::front::Sense,
    layout::{Design, Layout},
    prepare::Prepared,
    refusal::Refusal,
    rounds::{Rounds, Until},
    rows::{Played, Results},
};

use super::study::{self, Show};
use crate::{args::UntilArgs, exit::Exit, output::say, report::comparison};

impl UntilArgs {
    /// True if runs go on until something is known.
    pub(super) fn is_open_ended(&self) -> bool {
        self.until_ci.is_some() || self.until_decided.is_some()
    }

    /// The options again, for a command that goes on.
    pub(super) fn words(&self) -> Vec<String> {
        use rollcast_sweep::prepare::option;
        let mut words = Vec::new();
        if let Some(narrow) = &self.until_ci {
            let floor = narrow.floor.map_or(String::new(), |floor| format!(" or {floor}"));
            words.push(option("--until-ci", &format!("{}%{floor}", narrow.share * 100.0)));
        }
        words.extend(self.until_decided.map(|share| option("--until-decided", &share.to_string())));
        words.extend(self.worth.map(|worth| option("--worth", &worth.to_string())));
        words
    }
}

/// The rounds that the command line asks for, if it does.
pub(super) fn rounds(args: &UntilArgs, prepared: &Prepared) -> Result<Option<Rounds>, Exit> {
    let refuse = |message: &str, help: &str| {
        say(&super::error(message, help));
        Exit::BadInput
    };
    if !args.is_open_ended() {
        return Ok(None);
    }
    let layout = &prepared.layout;
    if layout.design == Some(Design::Indices) {
        let message = "`sobol-indices` is about shares of the variance, and no point of it is waited for";
        return Err(refuse(message, "leave the option out, or take another design"));
    }
    if !rollcast_sweep::layout::BLOCK.is_multiple_of(layout.together) {
        let message = format!(
            "rounds of {} runs are no whole draws of {}",
            rollcast_sweep::layout::BLOCK,
            layout.together
        );
        return Err(refuse(&message, "write `per-draw: 5` in `runs`, or leave it out"));
    }
    let first = Rounds::FIRST;
    let most = layout.members.iter().map(|member| member.runs).max().unwrap_or(0);
    if most < first {
        let message = format!("runs end at {most}, and nothing is decided before there are {first}");
        return Err(refuse(&message, &format!("write `at-most: {first}` or more in `runs`")));
    }
    let (criterion, words) = match comparison::aim(prepared) {
        Some(found) => found,
        None => {
            let Some(column) = layout.columns.first() else { return Ok(None) };
            let sense = Sense::of(column.lower_is_better);
            (Criterion { column: 0, statistic: Statistic::Mean, sense }, column.name.clone())
        }
    };
    let in_unit = |bound: Bound, what: &str| {
        let name = layout.columns[criterion.column].name.split(' ').next().unwrap_or_default();
        let metric = Metric::parse(name).ok_or_else(|| {
            refuse(&format!("{what} is an amount, and a goal has none"), "choose by a metric")
        })?;
        let bound = bound_in_unit(bound, metric).map_err(|(message, help)| refuse(&message, &help))?;
        match bound > 0.0 {
            true => Ok(bound),
            false => Err(refuse(&format!("{what} must be more than 0"), "write an amount such as `0.5 h`")),
        }
    };
    let until = match (args.until_ci, args.until_decided) {
        (Some(narrow), _) => Until::Narrow {
            of: criterion,
            share: narrow.share,
            floor: narrow.floor.map(|floor| in_unit(floor, "the width")).transpose()?.unwrap_or(0.0),
        },
        (None, Some(confidence)) => {
            if criterion.statistic != Statistic::Mean {
                let message = format!("`{words}` decides by no mean, and `--until-decided` is about means");
                return Err(refuse(
                    &message,
                    "choose by a mean, or play until an interval is narrow with `--until-ci 5%`",
                ));
            }
            let limits = prepared.study.choose.iter().any(|choose| !choose.only_if.is_empty());
            if limits {
                let message = "`only-if` of `choose` is a limit, and `--until-decided` finds the best of all strategies";
                let help =
                    "leave strategies out that break a limit, and `only-if` with them, or use `--until-ci`";
                return Err(refuse(message, help));
            }
            if layout.points.len() < 2 {
                return Err(refuse(
                    "there is one strategy, so nothing to decide",
                    "name others in `strategies`",
                ));
            }
            let confidence = confidence.get();
            if !(0.5..1.0).contains(&confidence) {
                let message = "a decision has a confidence of at least 50 % and less than 100 %";
                return Err(refuse(message, "write it as in `--until-decided 95%`"));
            }
            let worth = args.worth.map(|worth| in_unit(worth, "what is worth telling")).transpose()?;
            let Some(worth) = worth else { return Ok(None) };
            Until::Decided { column: criterion.column, sense: criterion.sense, confidence, worth }
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(Rounds::new(layout, until, prepared.each)))
}

/// What is played, and how.
pub(super) struct Play<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) pool: &'a rayon::ThreadPool,
    /// Nothing is shown.
    pub(super) quiet: bool,
    /// What to do after Ctrl-C.
    pub(super) way_out: &'a str,
    /// Cells that were played before.
    pub(super) kept: Vec<(u64, Played)>,
}

impl Play<'_> {
    /// Plays `cells`, or rounds until something is known, telling `keep` of each cell as soon as it is finished.
    pub(super) fn all(
        self,
        cells: Vec<u64>,
        rounds: &mut Option<Rounds>,
        results: &mut Results,
        mut keep: impl FnMut(u64, &Played) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let layout = &self.prepared.layout;
        let mut kept: BTreeMap<u64, Played> = self.kept.into_iter().collect();
        let mut next = match rounds {
            Some(rounds) => rounds.next(layout),
            None => cells,
        };
        let (mut before, mut of) = (0, 0);
        loop {
            of += runs_of(layout, &next);
            next.retain(|cell| match kept.remove(cell) {
                Some(played) => {
                    before += u64::from(layout.cell(*cell).runs);
                    results.put(*cell, played);
                    false
                }
                None => true,
            });
            let show = Show { quiet: self.quiet, way_out: self.way_out, before, of, best: true };
            study::play(self.prepared, &next, self.pool, &show, results, &mut keep)?;
            before += runs_of(layout, &next);
            let Some(rounds) = rounds else { return Ok(()) };
            (0..layout.points.len()).for_each(|point| results.set_end(point, rounds.end(point)));
            self.pool.install(|| rounds.judge(layout, results));
            next = rounds.next(layout);
            if next.is_empty() {
                return Ok(());
            }
        }
    }
}

fn runs_of(layout: &Layout, cells: &[u64]) -> u64 {
    cells.iter().map(|&cell| u64::from(layout.cell(cell).runs)).sum()
}
