//! The queue for repair by hand: the one thing that couples devices.
//!
//! Requests are served in the order in which they are made (ties by device key), each in the desk's hours and on a
//! day that has capacity left. A request depends on nothing but what came before it, so the schedule for given
//! lives is unique; since a repaired device lives on and may ask again, [`crate::run`] plays and schedules in turn
//! until the schedule stands. It does after as many rounds as a device goes down at most, plus one.

use crate::{
    plan::{DefectId, Plan},
    tally::Request,
    time::SimTime,
    windows::Windows,
};

/// When repair begins, for each request; sorted by (device, defect, request).
pub(crate) fn schedule(plan: &Plan, mut requests: Vec<Request>) -> Vec<((u64, DefectId, SimTime), SimTime)> {
    requests.sort_unstable();
    let mut begun = Vec::with_capacity(requests.len());
    for (i, defect) in plan.defects.iter().enumerate() {
        let Some(repair) = &defect.repair else { continue };
        let Some(most) = repair.at_most_a_day else { continue };
        let mine = requests.iter().filter(|r| r.defect.0 as usize == i);
        let (mut from, mut day, mut used) = (SimTime::ALWAYS, usize::MAX, 0);
        for request in mine {
            let mut at = request.asked.max(from);
            while let Some(open) = opens(&repair.hours, at) {
                let today = plan.midnights.partition_point(|&midnight| midnight <= open);
                if today != day {
                    (day, used) = (today, 0);
                }
                if used < most {
                    used += 1;
                    begun.push(((request.key, request.defect, request.asked), open));
                    from = open;
                    break;
                }
                let Some(&tomorrow) = plan.midnights.get(today) else { break };
                at = tomorrow;
            }
        }
    }
    begun.sort_unstable();
    begun
}

/// The first instant at or after `at` in the hours; without any, `at` itself.
pub(crate) fn opens(hours: &Option<Windows>, at: SimTime) -> Option<SimTime> {
    hours.as_ref().map_or(Some(at), |hours| hours.opens(at))
}
