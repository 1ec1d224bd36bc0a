//! What was decided in the first replication: when, by whom, on what, and what was true then.

use rollcast_core::time::HOUR_S;

use super::{HEADING, grid::clean, put, styled, wrapped};
use crate::{
    render::number::{count, many, time},
    report::{
        CountedName, Decision, EffectName, Landed, Report, SampleName, SideName, Sighting, TrueMoment, What,
        When,
    },
};

/// More than these are left to the JSON.
const SHOWN: usize = 30;
/// Columns of a civil time and what stands around it.
const INDENT: usize = 24;

/// Writes the block; nothing where nobody could decide anything.
pub(super) fn block(out: &mut String, report: &Report) {
    if report.rules.is_empty() && report.scripted.is_empty() {
        return;
    }
    let first = report.replications.first().copied().unwrap_or(0);
    let heading = styled(HEADING, "decisions");
    let entries = entries(report);
    if entries.is_empty() {
        put(out, format_args!("\n{heading}  none in replication {first}"));
        return;
    }
    put(out, format_args!("\n{heading} (replication {first}, by the time of landing)"));
    for (civil, lines) in entries.iter().take(SHOWN) {
        let mut margin = civil.as_str();
        for line in lines.iter().flat_map(|line| wrapped(&clean(line), 100 - INDENT)) {
            put(out, format_args!("  {margin:<20}  {line}"));
            margin = "";
        }
    }
    if entries.len() > SHOWN {
        put(
            out,
            format_args!(
                "  and {} more; `--format json` has them all",
                count((entries.len() - SHOWN) as u64)
            ),
        );
    }
}

/// When, and what to say of it.
fn entries(report: &Report) -> Vec<(String, Vec<String>)> {
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    let mut log = report.decisions.iter().peekable();
    let mut incident = None;
    while let Some(decision) = log.next() {
        let how = match decision.what {
            What::Decided => {
                if let Some(landed) = &decision.landed {
                    let this = landed.rule.as_deref().zip(landed.firing);
                    let known = this.is_some() && this == incident;
                    entries.push((decision.civil.clone(), told(report, decision, landed, known)));
                    incident = this;
                }
                continue;
            }
            What::PauseEnds => "ends as planned",
            What::PauseExpires => "expires on the devices",
            _ => continue,
        };
        // Pauses that were ordered together end together.
        let mut rings = vec![decision.ring.clone().unwrap_or_default()];
        while let Some(next) = log.next_if(|next| (next.at_s, next.what) == (decision.at_s, decision.what)) {
            rings.push(next.ring.clone().unwrap_or_default());
        }
        entries.push((decision.civil.clone(), vec![format!("the pause of {} {how}", rings.join(", "))]));
    }
    entries
}

/// An act; the second of one incident (`known`) need not tell again how it came about.
fn told(report: &Report, decision: &Decision, landed: &Landed, known: bool) -> Vec<String> {
    let release = decision.release.as_deref().unwrap_or("no release");
    let of_ring = decision.ring.as_deref().map(|ring| format!(", ring {ring}")).unwrap_or_default();
    let side = if landed.side == SideName::Service { " for the service" } else { "" };
    let from = match (&landed.rule, &landed.script) {
        (Some(_), _) if known => "the same incident".into(),
        (Some(rule), _) => format!("rule {rule} about {release}{of_ring}"),
        (None, script) => script.clone().unwrap_or_default(),
    };
    let mut lines = vec![format!("{}{side}: {} ({from})", landed.who, landed.words), effects(report, landed)];
    if let (Some(seen), false) = (&landed.observed, known) {
        lines.push(format!("fired {} on {}", landed.fired.civil, sighted(seen)));
        let truth = landed.truth.as_ref().map(truth).unwrap_or_default();
        let after = |when: &When| time((when.at_s - landed.fired.at_s) as f64 / HOUR_S as f64);
        let people =
            report.rules.iter().any(|rule| Some(&rule.name) == landed.rule.as_ref() && rule.people.is_some());
        let delays = if people {
            format!("; noticed after {}, decided after {}", after(&landed.noticed), after(&landed.decided))
        } else {
            String::new()
        };
        lines.push(format!("{truth}{delays}"));
    }
    lines
}

fn sighted(seen: &Sighting) -> String {
    let counted = match seen.counted {
        CountedName::Failed => format!("{} failing", count(seen.count)),
        CountedName::FailedToInstall => format!("{} failing to install", count(seen.count)),
        CountedName::Tickets => many(seen.count, "call"),
    };
    let sample = seen.sample.map(|sample| match sample {
        SampleName::Registered => "registered",
        SampleName::Offered => "offered",
        SampleName::Installed => "installed",
        SampleName::Reported => "reported",
    });
    match seen.of.zip(sample) {
        Some((of, sample)) => format!("{counted} of {} {sample}", count(of)),
        None => counted,
    }
}

fn truth(truth: &TrueMoment) -> String {
    format!("true then: {} harmed, {} patched", count(truth.harmed), count(truth.patched))
}

/// Ring by ring, what became of it.
fn effects(report: &Report, landed: &Landed) -> String {
    let rings = |wanted: EffectName| {
        let of = landed.rings.iter().filter(|ring| ring.effect == wanted);
        let names: Vec<&str> = of.map(|ring| ring.ring.as_str()).collect();
        let all = names.len() == report.rings.len() && names.len() > 1;
        (!names.is_empty()).then(|| if all { "all rings".to_owned() } else { names.join(", ") })
    };
    let parts: Vec<String> = [
        rings(EffectName::Applied).map(|rings| format!("holds in {rings}")),
        rings(EffectName::Refused)
            .map(|rings| format!("refused in {rings}: a pause of the other side stands")),
        rings(EffectName::Void).map(|rings| format!("nothing to change in {rings}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "no ring is left to act on".into() } else { parts.join("; ") }
}
