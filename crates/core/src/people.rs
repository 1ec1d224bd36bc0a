//! People: when somebody looks at an incident, and when a decision comes out of it.

use crate::{
    draws::{Luck, Purpose},
    plan::{Crew, CrewId, Plan},
    time::SimTime,
};

/// A rule that fired and waits for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incident {
    pub crew: CrewId,
    pub rule_key: u32,
    /// Which firing of the rule.
    pub nth: u32,
    pub fired: SimTime,
}

/// When people got to an incident.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Handled {
    pub noticed: SimTime,
    pub decided: SimTime,
}

/// Works all incidents off, given in the order in which they fired. Each person handles one at a time, in the order
/// in which they were noticed.
pub(crate) fn handle(plan: &Plan, luck: &Luck, incidents: &[Incident]) -> Vec<Handled> {
    let mut handled: Vec<Handled> = incidents
        .iter()
        .map(|i| Handled { noticed: noticed(&plan.crews[i.crew.0 as usize], luck, i), decided: SimTime(0) })
        .collect();
    let mut order: Vec<usize> = (0..incidents.len()).collect();
    order.sort_by_key(|&i| (handled[i].noticed, i));
    let mut free: Vec<Vec<SimTime>> =
        plan.crews.iter().map(|c| vec![SimTime::ALWAYS; c.staff.max(1) as usize]).collect();
    for i in order {
        let incident = &incidents[i];
        let crew = incident.crew.0 as usize;
        let person = free[crew].iter_mut().min().expect("invariant: a crew has somebody");
        let begun = handled[i].noticed.max(*person);
        let takes = draw(&plan.crews[crew].decides, luck, incident, 1);
        *person = begun + takes;
        handled[i].decided = begun + takes;
    }
    handled
}

fn noticed(crew: &Crew, luck: &Luck, incident: &Incident) -> SimTime {
    let fired = incident.fired;
    let takes = draw(&crew.notices, luck, incident, 0);
    let work = crew.hours.opens(fired);
    let at_work = work.map_or(SimTime::NEVER, |work| work + takes);
    match crew.paged_after_s {
        Some(after) if work != Some(fired) => at_work.min(fired + after),
        _ => at_work,
    }
}

fn draw(takes: &crate::quantile::Quantile, luck: &Luck, incident: &Incident, lane: usize) -> i64 {
    let (entity, n) = (u64::from(incident.rule_key), incident.nth);
    takes.sample(luck, entity, Purpose::Crew, n, lane)
}
